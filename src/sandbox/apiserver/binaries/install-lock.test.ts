import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../runtime/time/clock.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import { temporaryFolder } from '../temporary-folder.fixture.ts';
import { takeInstallLock } from './install-lock.ts';

/** Above the highest process id Linux and macOS can give. */
const NO_PROCESS = 2 ** 22 + 1;

describe('the install lock', () => {
  it('is held by one at a time; the next gets it on release and learns who it waits for', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('lock');
    const first = await takeInstallLock(path, { clock: systemClock });
    const onWait = vi.fn();
    let second: AsyncDisposable | undefined;
    const taking = takeInstallLock(path, { clock: systemClock, onWait }).then((lock) => {
      second = lock;
    });
    await vi.waitFor(() => expect(onWait).toHaveBeenCalledExactlyOnceWith(`process ${process.pid}`));
    expect(second).toBeUndefined();
    await first[Symbol.asyncDispose]();
    await taking;
    await second?.[Symbol.asyncDispose]();
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });

  it('is taken from a process of this machine that has ended', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('lock');
    await writeFile(path, JSON.stringify({ pid: NO_PROCESS, host: hostname(), token: 't' }));
    await using _ = await takeInstallLock(path, { clock: systemClock });
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it.each([
    ['of another machine', JSON.stringify({ pid: NO_PROCESS, host: 'elsewhere', token: 't' })],
    ['that was cut off while it was written', '{"pid":'],
  ])('%s is respected while young and taken when not touched for half a minute', async (_, content) => {
    await using folder = await temporaryFolder();
    const path = folder.file('lock');
    await writeFile(path, content);
    const clock = new FakeClock(Date.now());
    const onWait = vi.fn();
    const taking = takeInstallLock(path, { clock, onWait });
    await vi.waitFor(() => expect(clock.untilNext()).toBeDefined());
    expect(onWait).toHaveBeenCalledOnce();
    expect(await readFile(path, 'utf8')).toBe(content);
    clock.advance(31_000);
    await using lock = await taking;
    expect(lock).toBeDefined();
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('gives up waiting when aborted', async () => {
    await using folder = await temporaryFolder();
    await using _ = await takeInstallLock(folder.file('lock'), { clock: systemClock });
    const stop = new AbortController();
    const onWait = () => stop.abort(new Error('enough'));
    await expect(
      takeInstallLock(folder.file('lock'), { clock: systemClock, signal: stop.signal, onWait }),
    ).rejects.toThrow('enough');
  });

  it('leaves the lock of the process that took it over', async () => {
    await using folder = await temporaryFolder();
    const path = folder.file('lock');
    const mine = await takeInstallLock(path, { clock: systemClock });
    const theirs = JSON.stringify({ pid: 1, host: 'elsewhere', token: 'theirs' });
    await writeFile(path, theirs);
    await mine[Symbol.asyncDispose]();
    expect(await readFile(path, 'utf8')).toBe(theirs);
  });
});
