import { describe, expect, it } from 'vitest';
import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import { clusterMeta } from '../stores.fixture.ts';
import { scopeOf, scopesOf, subscriptionsOf } from './settings.ts';

const SUB = '/subscriptions/00000000-0000-4000-8000-00000000000A';
const RG1 = `${SUB}/resourceGroups/rg1`;
const sweep = (name: string, second: number, ...scopes: string[]): OrphanSweep =>
  ({
    metadata: { ...clusterMeta(name), creationTimestamp: `2026-11-23T10:00:0${second}Z` },
    spec: { scopes },
  }) as unknown as OrphanSweep;

describe('sweeps whose scopes overlap', () => {
  const older = sweep('older', 1, RG1);
  const younger = sweep('younger', 2, SUB);

  it('leave the overlap to the older one', () => {
    const mine = scopesOf(younger, [younger, older]);
    expect(mine.taken).toEqual([]);
    expect(scopeOf(`${SUB}/resourceGroups/rg2/x`, mine.swept)).toBe(SUB);
    expect(scopeOf(`${RG1}/providers/x`.toUpperCase(), mine.swept)).toBeUndefined();
    expect(scopeOf(`${SUB}/resourceGroups/rg10`, mine.swept)).toBe(SUB);
    expect(scopeOf(RG1, scopesOf(older, [younger, older]).swept)).toBe(RG1);
  });

  it('say whose a scope is that lies within', () => {
    const within = sweep('within', 3, RG1.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions'));
    expect(scopesOf(within, [within, younger, older])).toEqual({
      swept: [],
      taken: [{ scope: within.spec.scopes[0], by: 'younger' }],
    });
  });

  it('of one age are told apart by their uids', () => {
    const [a, b] = [sweep('a', 1, RG1), sweep('b', 1, RG1)];
    expect(scopesOf(a, [a, b]).taken).toEqual([]);
    expect(scopesOf(b, [a, b]).taken).toHaveLength(1);
  });
});

it('scopes of one sweep that lie within each other are one', () => {
  const { swept } = scopesOf(sweep('one', 1, RG1, SUB, SUB.toLowerCase()), []);
  expect(swept.map(({ scope }) => scope)).toEqual([SUB]);
  expect(subscriptionsOf(swept)).toEqual(['00000000-0000-4000-8000-00000000000a']);
});
