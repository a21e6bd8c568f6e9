/**
 * One process at a time fills a place in the cache; the others wait and then find it filled. The lock only saves
 * work: what it guards is put in place by an atomic rename, so two holders (a stale lock taken from a process that
 * was merely asleep) build the same thing twice and harm nothing.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Clock } from '../../../runtime/time/clock.ts';
import { sleep } from '../../../runtime/time/clock.ts';
import { reportEvery } from './progress.ts';

/** The holder touches the file this often; it counts as dead after several missed touches. */
const HEARTBEAT_MS = 2_000;
const STALE_MS = 30_000;
const POLL_MS = 250;

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Distinguishes our lock file from one that replaced it. */
  readonly token: string;
}

interface InstallLockOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Called once, when the lock is found taken. */
  readonly onWait?: (holder: string) => void;
}

/** Takes the lock file at `path`; disposing releases it. */
export async function takeInstallLock(path: string, options: InstallLockOptions): Promise<AsyncDisposable> {
  const { clock, signal, onWait } = options;
  const me: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  let waited = false;
  while (!(await create(path, me))) {
    signal?.throwIfAborted();
    const holder = await readHolder(path);
    if (await isStale(path, holder, clock)) {
      await discard(path);
      continue;
    }
    if (!waited) onWait?.(holder ? `process ${holder.pid}` : 'another process');
    waited = true;
    await sleep(clock, POLL_MS, signal);
  }
  const heartbeat = reportEvery(clock, HEARTBEAT_MS, () => {
    const now = clock.now() / 1000;
    utimes(path, now, now).catch(() => {}); // Gone: another process took this one for dead. See the module comment.
  });
  return {
    async [Symbol.asyncDispose]() {
      heartbeat[Symbol.dispose]();
      if ((await readHolder(path))?.token === me.token) await rm(path, { force: true });
    },
  };
}

async function create(path: string, holder: Holder): Promise<boolean> {
  try {
    await using file = await open(path, 'wx');
    await file.writeFile(JSON.stringify(holder));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>;
    if (typeof value.pid !== 'number' || typeof value.host !== 'string' || !value.token) return undefined;
    return { pid: value.pid, host: value.host, token: value.token };
  } catch {
    return undefined; // Gone, or not yet written: its age decides.
  }
}

async function isStale(path: string, holder: Holder | undefined, clock: Clock): Promise<boolean> {
  if (holder?.host === hostname() && !isAlive(holder.pid)) return true;
  try {
    return clock.now() - (await stat(path)).mtimeMs > STALE_MS;
  } catch {
    return false; // Released meanwhile: the next attempt to create it decides.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** By rename, so that of several processes that find the same lock stale only one removes it. */
async function discard(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}.stale`;
  try {
    await rename(path, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
