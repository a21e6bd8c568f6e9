import { describe, expect, it } from 'vitest';
import { type ObservedShard, shardFinding, unshardedFindings } from './leases.ts';

const observed = (more: Partial<ObservedShard> = {}): ObservedShard => ({
  shard: 'blue',
  atWork: { state: 'working', holder: 'pod-1' },
  namespaces: ['team-a'],
  eventSources: [],
  ...more,
});
const NONE = { state: 'none', why: 'Lease azid-system/azid-controller-blue is held by nobody' } as const;

describe('a shard', () => {
  it('that has a leader is fine, and named with what it has', () => {
    expect(shardFinding(observed({ eventSources: ['blue'] }))).toEqual({
      area: 'shards',
      state: 'ok',
      message: 'blue: pod-1 works, for namespaces team-a and EventSources blue',
    });
    const namespaces = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    expect(shardFinding(observed({ namespaces })).message).toContain('a, b, c, d, e and 2 more');
    expect(shardFinding(observed({ namespaces: [] })).message).toBe('blue: pod-1 works');
  });

  it('that has no leader is a problem, with what waits and the remedy', () => {
    expect(shardFinding(observed({ atWork: NONE }))).toMatchObject({
      state: 'problem',
      message: expect.stringContaining('nobody works for the shard blue, which has namespaces team-a: Lease'),
      remedy: expect.stringContaining('--shard blue, or give another label azid.dev/shard'),
    });
    expect(shardFinding(observed({ atWork: NONE, namespaces: [] }))).toMatchObject({
      message: expect.stringContaining('which no label names'),
      remedy: expect.stringContaining('delete its Lease'),
    });
    expect(shardFinding(observed({ shard: 'default', atWork: NONE, namespaces: [] }))).toMatchObject({
      state: 'problem',
      message: expect.stringContaining('attachments, ends of grants, policies and sweeps wait'),
    });
  });
});

it('labels that name shards where there are none are a problem, but for the one that is there anyway', () => {
  expect(unshardedFindings([])).toEqual([]);
  expect(unshardedFindings(['default'])).toEqual([]);
  expect(unshardedFindings(['default', 'blue'])).toMatchObject([
    { state: 'problem', message: 'the label azid.dev/shard names blue, and no azid works in shards' },
  ]);
});
