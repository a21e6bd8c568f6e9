import { describe, expect, it } from 'vitest';
import { isFull } from '../../src/runtime/volume.fixture.ts';
import { Journal } from '../support/journal.ts';
import { useStage } from '../support/stage.ts';

/** Idle means zero writes, on both sides (docs/guarantees.md G3). */
const stage = useStage();
const HOUR = 3_600_000;
const SOME = isFull ? 50 : 20;
/** Several times what is under way when an edit comes. */
const MANY = isFull ? 120 : 60;
const names = (count: number) => Array.from({ length: count }, (_, i) => `web-${String(i).padStart(3, '0')}`);

async function declareAll(count: number): Promise<void> {
  for (const batch of chunks(names(count), 20)) await Promise.all(batch.map((name) => stage.declare(name)));
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

describe(`${SOME} objects that are as declared`, () => {
  it('cost no write for an hour of resyncs, and reads that do not grow with their number', async () => {
    const journal = new Journal();
    await stage.world.start({
      interceptKube: journal.interceptKube,
      interceptArm: journal.interceptArm,
      activityLog: true,
    });
    await declareAll(SOME);
    for (const name of names(SOME)) await stage.ready(name);
    // Until how far the log of what was made was read is kept.
    await stage.settled(15 * 60_000);
    const [asked, wrote] = [stage.mark, journal.writes.length];
    await stage.world.pass(HOUR);
    expect(stage.writes(asked)).toEqual([]);
    expect(journal.writes.slice(wrote)).toEqual([]);
    const reads = stage.requests(asked);
    const lists = reads.filter(({ operation }) => operation === 'identities.listBySubscription');
    expect(lists.length).toBeGreaterThanOrEqual(5);
    expect(lists.length).toBeLessThanOrEqual(7);
    const log = reads.filter(({ operation }) => operation === 'activityLogs.list');
    expect(log.length).toBeLessThanOrEqual(24);
    // Beside each list one look at azid's own rights; no object is read alone.
    expect(reads.length - lists.length - log.length).toBeLessThanOrEqual(lists.length + 1);
  });

  it('cost no write when azid starts again', async () => {
    await stage.world.start();
    await declareAll(SOME);
    for (const name of names(SOME)) await stage.ready(name);
    const [operator] = stage.world.operators;
    if (operator) await stage.world.stop(operator);
    const journal = new Journal();
    const before = stage.mark;
    await stage.world.start(journal);
    await stage.world.pass(60_000);
    for (const name of names(SOME)) await stage.ready(name);
    expect(stage.writes(before)).toEqual([]);
    expect(journal.writes).toEqual([]);
    expect(stage.requests(before).length).toBeLessThan(10);
  });
});

describe('an edit', () => {
  it('overtakes a backlog of drift that stands in the queue and in the rate-limit scopes', async () => {
    const { control } = stage.world.azure;
    await stage.world.start();
    await declareAll(MANY);
    await stage.declare('edited', { tags: { app: 'shop' } });
    for (const name of [...names(MANY), 'edited']) await stage.ready(name);
    await stage.settled(60_000);
    for (const name of names(MANY)) control.tagIdentity({ id: stage.id(name), tags: {} });
    const before = stage.mark;
    await stage.world.until('the resync to find the drift', () => stage.writes(before).length > 5, 60_000);
    const edited = stage.mark;
    await stage.declare('edited', { tags: { app: 'store' } });
    await stage.world.until('the edit', () => stage.writes(edited).includes('PATCH edited'));
    // Counted, not timed: what four workers had in hand, and what left while the edit was on its way to azid.
    expect(stage.writes(edited).indexOf('PATCH edited')).toBeLessThan(20);
    await stage.world.until('the backlog to end', () => stage.writes(before).length === MANY + 1, 60_000);
  });
});
