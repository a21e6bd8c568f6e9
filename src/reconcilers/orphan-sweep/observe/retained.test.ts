import { describe, expect, it } from 'vitest';
import type { CredentialCache } from '../../../cache/credentials.ts';
import type { ObservedOwner } from '../../../orphans/observed.ts';
import type { RetainedEntry } from '../../../orphans/records/retained-index.ts';
import {
  assignment,
  credential,
  DAY,
  identity,
  NOW,
  observed,
  SCOPE,
} from '../../../orphans/sweep.fixture.ts';
import { baselinesOf, settledIn } from './retained.ts';

const UNKNOWN: ObservedOwner = { state: 'unknown', why: 'older than the records' };
const READ = { areaState: () => ({ state: 'known' }) } as unknown as Pick<CredentialCache, 'areaState'>;
const SWEPT = { scope: SCOPE, subscriptionId: 'sub', without: [] };

const entry = (thing: { readonly key: string }, owner = 'shop/read'): RetainedEntry => ({
  key: thing.key,
  owner,
  uid: owner === '' ? '' : 'uid-read',
});

/** @param baselines scopes that have one of each kind */
const records = (baselines: readonly string[] = [], within: readonly RetainedEntry[] = []) => ({
  hasBaseline: (_: unknown, scope: string) => baselines.includes(scope),
  within: () => within,
});

describe('what has no object when a scope is first seen', () => {
  const seen = observed({
    identities: [identity()],
    assignments: [assignment({ owner: UNKNOWN })],
    credentials: [credential({ owner: UNKNOWN })],
  });
  const kinds = (...args: Partial<Parameters<typeof baselinesOf>>) => {
    const [of = seen, swept = [SWEPT], cache = READ, retained = records()] = args;
    return baselinesOf(of, swept, cache, retained).map(({ kind, ids }) => [kind, ids.length]);
  };

  it('is put on record once, credentials when all identities were listed', () => {
    expect(kinds()).toEqual([
      ['assignments', 1],
      ['credentials', 1],
    ]);
    const unread = { areaState: () => ({ state: 'unknown' }) } as unknown as typeof READ;
    expect(kinds(seen, [SWEPT], unread)).toEqual([['assignments', 1]]);
    expect(kinds(seen, [SWEPT], READ, records([SCOPE]))).toEqual([]);
  });

  it('waits for the parts of it that are left to older sweeps, which are not seen here', () => {
    const part = `${SCOPE}/part`;
    const swept = [{ ...SWEPT, without: [part] }];
    expect(kinds(seen, swept)).toEqual([]);
    expect(kinds(seen, swept, READ, records([part]))).toHaveLength(2);
  });
});

describe('what is on record', () => {
  const listed = NOW - DAY + 300;
  const told = new Date(NOW - DAY).toISOString().replace('.000Z', 'Z');
  const unproven = entry(assignment(), '');
  const settled = (
    owner: ObservedOwner,
    of: RetainedEntry,
    confirmed?: string,
    gone: RetainedEntry[] = [],
  ) => {
    const seen = observed({ assignments: [assignment({ owner })] });
    return settledIn(seen, confirmed, () => listed, records([], [of]), new Set(gone));
  };

  it('of an object that says Retain stays, whoever has a part in it, until it is gone from Azure', () => {
    const named = entry(assignment());
    for (const owner of [UNKNOWN, { state: 'living', by: 'RoleGrant shop/write' } as const])
      expect(settled(owner, named, told)).toEqual([]);
    expect(settled({ state: 'retained', owner: 'shop/read' }, named, told, [named])).toEqual([named]);
  });

  it('without a proof is over once it has an object, but not by one that is being deleted, and may be retaining it', () => {
    expect(settled({ state: 'living', by: 'RoleGrant shop/read' }, unproven)).toEqual([unproven]);
    expect(settled({ state: 'living', by: 'RoleGrant shop/read', deleting: true }, unproven)).toEqual([]);
  });

  it('without a proof is over when a person says so, for what was listed by then', () => {
    expect(settled(UNKNOWN, unproven, told)).toEqual([unproven]);
    expect(settled(UNKNOWN, unproven, '2026-11-20T12:00:00Z')).toEqual([]);
    expect(settled(UNKNOWN, unproven)).toEqual([]);
    expect(settled(UNKNOWN, unproven, '2027-11-20T12:00:00Z')).toEqual([]);
  });
});
