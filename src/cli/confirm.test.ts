import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const MODULE = new URL('./run-command.ts', import.meta.url);

/** A person at a terminal, who answers what is asked with these keys; what the process said, and how it ended. */
async function asked(keys: string): Promise<{ readonly code: unknown; readonly said: string }> {
  const program = `
    import { EXIT, interruptible, isConfirmed } from '${MODULE}';
    for (const stream of [process.stdin, process.stderr]) stream.isTTY = true;
    process.exitCode = await interruptible((signal) =>
      isConfirmed('All goes. Go on?', false, signal).then(
        (yes) => (yes ? EXIT.done : EXIT.failed),
        () => (signal.aborted ? EXIT.interrupted : 99),
      ),
    );`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program]);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (text.includes('[y/N]')) child.stdin.write(keys);
  });
  const [code] = await once(child, 'close');
  return { code, said };
}

it.each([
  ['y and Enter go on', 'y\r', 0],
  ['Enter alone does not', '\r', 1],
  ['Ctrl-C is the signal that it is elsewhere', '\u0003', 130],
])('%s', async (_, keys, code) => {
  const { said, ...end } = await asked(keys);
  expect(end.code, said).toBe(code);
  expect(said).toContain('All goes. Go on? [y/N]');
});
