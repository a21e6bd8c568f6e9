import { describe, expect, it } from 'vitest';
import { useStage } from '../support/stage.ts';
import { CLAIMED, Orphans, QUICK } from './orphan-stage.ts';

const MINUTE = 60_000;
const stage = useStage();
const orphans = new Orphans(stage);

describe('a sweep that reports', () => {
  it('lists what lost its object, and writes nothing to Azure', async () => {
    await orphans.begin(2);
    await orphans.orphan('lost');
    const mark = stage.mark;
    await orphans.sweep(QUICK);
    const first = await orphans.run();
    expect(orphans.candidate(first, stage.id('lost'))).toMatchObject({
      type: 'Identity',
      reason: 'OwnerGone',
      owner: `${stage.namespace}/lost`,
      verdict: 'Reported',
    });
    expect(first.status?.candidatesTotal).toBe(1);
    await stage.world.pass(25 * MINUTE);
    const later = await orphans.run();
    expect(orphans.candidate(later, stage.id('lost'))?.message).toContain('would be deleted now');
    expect(orphans.candidate(later, stage.id('lost'))?.since).toBe(first.status?.candidates?.[0]?.since);
    expect(stage.writes(mark)).toEqual([]);
    expect(orphans.identities()).toEqual(['lives-0', 'lives-1', 'lost']);
  });
});

describe('a sweep that deletes', () => {
  it('takes an abandoned identity after its grace period, and leaves a record of it', async () => {
    await orphans.begin(2);
    await orphans.orphan('lost');
    await orphans.sweep({ ...QUICK, mode: 'Delete' });
    await orphans.run();
    expect(orphans.identities()).toContain('lost');
    const listed = await orphans.get();
    await stage.world.pass(CLAIMED);
    const done = await orphans.until(
      'the orphan to be gone',
      ({ status }) => status?.candidatesTotal === 0 && status.run === undefined,
    );
    expect(orphans.identities()).toEqual(['lives-0', 'lives-1']);
    expect(done.status?.history?.some(({ deleted }) => deleted === 1)).toBe(true);
    const [record] = await orphans.records();
    const since = Date.parse(listed?.status?.candidates?.[0]?.clearSince ?? '');
    expect(Date.parse(record?.spec.deletion?.time ?? '') - since).toBeGreaterThanOrEqual(20 * MINUTE);
    expect(record?.spec).toMatchObject({
      type: 'Identity',
      owner: `${stage.namespace}/lost`,
      identity: { location: 'westeurope' },
      deletion: { correlationId: expect.any(String) },
    });
  });
});
