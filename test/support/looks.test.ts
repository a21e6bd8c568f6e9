import { describe, expect, it } from 'vitest';
import { asLook, Looks } from './looks.ts';

/** A cluster in which only these writes are counted. */
function kept() {
  const writes = { ended: 0, under: 0 };
  const looks = new Looks(() => writes);
  let asked = 0;
  const read = () => looks.read('pods', 'v1/pods team/web', async () => ++asked);
  return { writes, read, look: () => asLook(read) };
}

describe('what a condition reads from the API server', () => {
  it('is what it read before, as long as nobody writes', async () => {
    const { look } = kept();
    expect([await look(), await look(), await look()]).toEqual([1, 1, 1]);
  });

  it('is asked for again after each write', async () => {
    const { writes, look } = kept();
    await look();
    writes.ended++;
    expect([await look(), await look()]).toEqual([2, 2]);
  });

  it('is asked for each time while a write is under way, since that takes effect before its end', async () => {
    const { writes, look } = kept();
    await look();
    writes.under++;
    expect([await look(), await look()]).toEqual([2, 3]);
    Object.assign(writes, { ended: 1, under: 0 });
    expect([await look(), await look()]).toEqual([4, 4]);
  });

  it('is believed for twenty looks, since somebody may write whose writes nobody counts', async () => {
    const { look } = kept();
    const seen = [];
    for (let at = 0; at < 22; at++) seen.push(await look());
    expect(seen.indexOf(2)).toBe(21);
  });

  it('outside of conditions is always asked for', async () => {
    const { read, look } = kept();
    await look();
    expect([await read(), await read()]).toEqual([2, 3]);
  });
});
