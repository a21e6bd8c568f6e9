import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** What a program prints for what it reads. What it complains of fails. */
export async function answerOf(program: string, input: string): Promise<string> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] });
  // One that ends before it has read all says why on its standard error.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (err) throw new Error(err);
  return out;
}
