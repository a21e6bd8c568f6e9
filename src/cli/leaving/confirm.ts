import { createInterface } from 'node:readline/promises';

/** At a terminal the user is asked; a script must have passed the flag. */
export async function isConfirmed(
  question: string,
  yes: boolean | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    process.stderr.write('expected --yes, since nobody can be asked here\n');
    return false;
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // While a question is open, Ctrl-C comes as a key and not as a signal.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    lines.close();
  }
}
