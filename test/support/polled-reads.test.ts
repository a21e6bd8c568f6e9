import { describe, expect, it } from 'vitest';
import { PolledReads, whilePolling } from './polled-reads.ts';

/** A cluster in which only these writes are counted. */
function kept() {
  const writes = { ended: 0, under: 0 };
  const reads = new PolledReads(() => writes);
  let asked = 0;
  const read = () => reads.read('pods', 'v1/pods team/web', async () => ++asked);
  return { writes, read, poll: () => whilePolling(read) };
}

describe('what a condition reads from the API server', () => {
  it('is what it read before, as long as nobody writes', async () => {
    const { poll } = kept();
    expect([await poll(), await poll(), await poll()]).toEqual([1, 1, 1]);
  });

  it('is asked for again after each write', async () => {
    const { writes, poll } = kept();
    await poll();
    writes.ended++;
    expect([await poll(), await poll()]).toEqual([2, 2]);
  });

  it('is asked for each time while a write is under way, since that takes effect before its end', async () => {
    const { writes, poll } = kept();
    await poll();
    writes.under++;
    expect([await poll(), await poll()]).toEqual([2, 3]);
    Object.assign(writes, { ended: 1, under: 0 });
    expect([await poll(), await poll()]).toEqual([4, 4]);
  });

  it('serves twenty times, since somebody may write whose writes nobody counts', async () => {
    const { poll } = kept();
    const seen = [];
    for (let at = 0; at < 22; at++) seen.push(await poll());
    expect(seen.indexOf(2)).toBe(21);
  });

  it('outside of conditions is always asked for', async () => {
    const { read, poll } = kept();
    await poll();
    expect([await read(), await read()]).toEqual([2, 3]);
  });
});
