import { expect, it } from 'vitest';
import type { ReconcileRequest } from '../../runtime/controller/reconcile-request.ts';
import { Waits } from '../../runtime/controller/workers.ts';
import { type Log, silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { RunningByNamespace } from './running.ts';

const clock = new FakeClock();
const running = new RunningByNamespace(clock);

let warned: string[] = [];
const logOf = (key: string): Log => ({
  ...silentLog,
  warn: (_, message) => warned.push(`${key}: ${message}`),
});

function begin(key: string, { heeds = true } = {}) {
  const waits = new Waits();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const outer = new AbortController();
  const request: ReconcileRequest = {
    key,
    priority: 'event',
    attempt: 1,
    reconcileId: key,
    signal: outer.signal,
    log: logOf(key),
    waits,
  };
  let inner: AbortSignal | undefined;
  const ended = running.run(request, async ({ signal }) => {
    inner = signal;
    if (heeds) signal.addEventListener('abort', () => reject(signal.reason));
    await promise;
  });
  ended.catch(() => {});
  return { waits, outer, ended, end: resolve, isCut: () => inner?.aborted ?? false };
}
const turns = async () => {
  for (let n = 0; n < 10; n++) await new Promise((resolve) => setImmediate(resolve));
};
async function ending(namespace: string) {
  let over = false;
  void running.end(namespace).then(() => {
    over = true;
  });
  await turns();
  return () => over;
}

it('a namespace of which nothing runs is released at once', async () => {
  expect((await ending('none'))()).toBe(true);
});

it('what works is waited for, and what other namespaces have goes on', async () => {
  const [mine, other] = [begin('a/one'), begin('b/one')];
  const over = await ending('a');
  clock.advance(5_000);
  await turns();
  expect([over(), mine.isCut()]).toEqual([false, false]);
  mine.end();
  await turns();
  expect([over(), other.isCut()]).toEqual([true, false]);
  other.end();
});

it('what waits for a rate limit ends at once, also where it begins to wait later', async () => {
  const [first, second] = [begin('a/one'), begin('a/two')];
  first.waits.begin();
  const over = await ending('a');
  expect([first.isCut(), second.isCut(), over()]).toEqual([true, false, false]);
  second.waits.begin();
  clock.advance(500);
  await turns();
  expect([second.isCut(), over()]).toEqual([true, true]);
});

it('what works for longer than a stop would let it is cut off', async () => {
  const mine = begin('a/one');
  const over = await ending('a');
  for (let s = 0; s < 30; s++) clock.advance(1_000);
  await turns();
  expect([mine.isCut(), over()]).toEqual([true, true]);
});

it('what does not heed its signal is waited for, and named every minute', async () => {
  warned = [];
  const [deaf, other] = [begin('a/deaf', { heeds: false }), begin('a/other')];
  const over = await ending('a');
  const pass = async (seconds: number) => {
    for (let s = 0; s < seconds; s++) clock.advance(1_000);
    await turns();
  };
  await pass(39);
  expect([other.isCut(), deaf.isCut(), over(), warned]).toEqual([true, true, false, []]);
  await pass(1);
  expect(warned).toEqual([expect.stringMatching(/^a\/deaf: still runs though cut off/)]);
  await pass(59);
  expect(warned).toHaveLength(1);
  await pass(1);
  expect(warned).toHaveLength(2);
  deaf.end();
  await turns();
  expect(over()).toBe(true);
  await pass(120);
  expect(warned).toHaveLength(2);
});

it('a stop of the process reaches what runs', async () => {
  const mine = begin('a/one');
  mine.outer.abort(new Error('stop'));
  await expect(mine.ended).rejects.toThrow('stop');
});
