import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const MODULE = new URL('./run-command.ts', import.meta.url);

/** Runs a program to its end; gives its exit code and what it said. */
async function run(program: string): Promise<{ readonly code: unknown; readonly output: string }> {
  const text = `import { endProcess } from '${MODULE}';\n${program}`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    output += more;
  });
  const [code] = await once(child, 'close');
  return { code, output };
}

it('a process that a silent connection holds ends all the same, with its code and all that it said', async () => {
  const program = `
    import { connect, createServer } from 'node:net';
    const server = createServer(() => {}).listen(0, '127.0.0.1', () => {
      connect(server.address().port, '127.0.0.1', () => {
        console.log('stopped');
        endProcess(3, 1);
      });
    });`;
  expect(await run(program)).toEqual({ code: 3, output: 'stopped\n' });
});

it('one that nothing holds does not wait', async () => {
  const program = `process.on('exit', () => console.log('ended')); endProcess(0, 2 ** 31 - 1);`;
  expect(await run(program)).toEqual({ code: 0, output: 'ended\n' });
});
