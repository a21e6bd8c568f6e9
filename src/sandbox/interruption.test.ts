import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';

/** A program that never ends by itself; a line on its input moves its clock by so many ms. */
const PROGRAM = `
  import { createInterface } from 'node:readline';
  import { FakeClock } from '${new URL('../runtime/time/fake-clock.fixture.ts', import.meta.url)}';
  import { listenForInterruption } from '${new URL('./interruption.ts', import.meta.url)}';
  const clock = new FakeClock();
  const interruption = listenForInterruption(clock, () => console.log('first'));
  interruption.signal.addEventListener('abort', () => console.log('aborted ' + interruption.exitCode));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => console.log(name));
  createInterface({ input: process.stdin }).on('line', (ms) => {
    if (ms === 'dispose') interruption[Symbol.dispose]();
    else clock.advance(Number(ms));
    console.log('done');
  });
  console.log('listening', interruption.exitCode);
`;

describe('an interruption', () => {
  let child: ChildProcess;
  afterEach(() => void child.kill('SIGKILL'));

  async function start() {
    child = spawn(process.execPath, ['--input-type=module-typescript', '-e', PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (!child.stdout) throw new Error('expected a pipe');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value as string;
    const tell = async (line: string) => {
      child.stdin?.write(`${line}\n`);
      expect(await next()).toBe('done');
    };
    const press = async (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', ...expected: string[]) => {
      child.kill(signal);
      for (const line of [...expected, signal]) expect(await next()).toBe(line);
    };
    expect(await next()).toBe('listening undefined');
    return { tell, press };
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s is told and leaves the process to end in order', async (signal, code) => {
    const { press, tell } = await start();
    await press(signal, 'first', `aborted ${code}`);
    await tell('60000');
  });

  it('that comes again ends the process at once', async () => {
    const { press, tell } = await start();
    await press('SIGTERM', 'first', 'aborted 143');
    await tell('1001');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
  });

  it('that npm passes on a second time within a second is one', async () => {
    const { press, tell } = await start();
    await press('SIGINT', 'first', 'aborted 130');
    await tell('1000');
    await press('SIGINT');
  });

  it('is nothing any more once disposed', async () => {
    const { press, tell } = await start();
    await tell('dispose');
    await press('SIGINT');
  });
});
