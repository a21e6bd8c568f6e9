import { spawn } from 'node:child_process';
import { access, mkdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from './temporary-folder.fixture.ts';
import { logTail, type TetheredOptions, TetheredProcess } from './tethered-process.ts';

function shell(script: string, logFile: string): TetheredOptions {
  return { command: 'sh', args: ['-c', script], logFile, env: { PATH: process.env.PATH } };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a tethered process', () => {
  it('has its own exit code, environment and log', async () => {
    await using folder = await temporaryFolder();
    const child = await TetheredProcess.start({
      ...shell('echo "out $A"; echo err >&2; exit 7', folder.file('log')),
      env: { PATH: process.env.PATH, A: 'b' },
    });
    expect(await child.exited).toBe(7);
    expect(child.running).toBe(false);
    expect(await readFile(folder.file('log'), 'utf8')).toBe('out b\nerr\n');
  });

  it('that does not exist ends with 127, and its log says so', async () => {
    await using folder = await temporaryFolder();
    const child = await TetheredProcess.start({
      ...shell('', folder.file('log')),
      command: '/no/such/thing',
    });
    expect(await child.exited).toBe(127);
    expect(await logTail(folder.file('log'))).toContain('/no/such/thing');
  });

  it('is asked to end first', async () => {
    await using folder = await temporaryFolder();
    const child = await TetheredProcess.start(
      shell('trap "echo asked; exit 3" TERM; echo ready; while :; do sleep 0.05; done', folder.file('log')),
    );
    await vi.waitFor(async () => expect(await logTail(folder.file('log'))).toBe('ready'));
    await child.stop(60_000);
    expect(await child.exited).toBe(3);
    expect(await logTail(folder.file('log'))).toContain('asked');
  });

  it.each(['deaf to SIGTERM', 'frozen'])('is killed when it is %s', async (how) => {
    await using folder = await temporaryFolder();
    const child = await TetheredProcess.start(
      shell('trap "" TERM; echo ready; while :; do sleep 0.05; done', folder.file('log')),
    );
    await vi.waitFor(async () => expect(await logTail(folder.file('log'))).toBe('ready'));
    if (how === 'frozen') child.signal('SIGSTOP');
    await child.stop(100);
    expect(await child.exited).toBe(128 + 9);
    expect(isAlive(child.pid)).toBe(false);
  });

  it('dies with its parent, in whichever way that is killed, and a temporary folder goes with it', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.file('doomed'));
    const options: TetheredOptions = {
      ...shell('sleep 1000 & echo $!; wait', folder.file('log')),
      removeOnDeath: folder.file('doomed'),
    };
    const parent = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { TetheredProcess } from ${JSON.stringify(`${import.meta.dirname}/tethered-process.ts`)};
         const child = await TetheredProcess.start(${JSON.stringify(options)});
         process.stdout.write(child.pid + '\\n');
         await child.exited;`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const child = await new Promise<number>((resolve) =>
      createInterface({ input: parent.stdout }).once('line', (line) => resolve(Number(line))),
    );
    const grandchild = await vi.waitFor(async () => {
      const pid = Number(await logTail(folder.file('log')));
      expect(pid).toBeGreaterThan(0);
      return pid;
    });
    expect([isAlive(child), isAlive(grandchild)]).toEqual([true, true]);
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect([isAlive(child), isAlive(grandchild)]).toEqual([false, false]), 10_000);
    await vi.waitFor(() => expect(access(folder.file('doomed'))).rejects.toThrow('ENOENT'));
  });
});

describe('the tail of a log', () => {
  it('is empty for a missing file, and the last lines of a long one', async () => {
    await using folder = await temporaryFolder();
    expect(await logTail(folder.file('none'))).toBe('');
    const child = await TetheredProcess.start(shell('seq 1 20000', folder.file('log')));
    await child.exited;
    expect(await logTail(folder.file('log'), 3)).toBe('19998\n19999\n20000');
  });
});
