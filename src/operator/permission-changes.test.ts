import { beforeEach, expect, it } from 'vitest';
import type { IdentityPolicy } from '../api/identity-policy.ts';
import type { Namespace } from '../kube/builtin.ts';
import { emptyStores, put } from '../reconcilers/stores.fixture.ts';
import type { Stores } from '../reconcilers/stores.ts';
import { PermissionChanges } from './permission-changes.ts';

const TEAMS = ['a', 'b', 'c'];
let stores: Stores;
let changes: PermissionChanges;
let versions = 0;
/** Counts of each team, and of a resource that `a` and `b` share. */
const counts = () => [...TEAMS.map((team) => changes.of([team])), changes.of(['a', 'b'])];

function metadataOf(name: string, more: object = {}) {
  const at = '2026-11-28T10:00:00Z';
  return { name, uid: `uid-${name}`, resourceVersion: `${++versions}`, creationTimestamp: at, ...more };
}
const label = (name: string, labels: Record<string, string>) =>
  put(stores.namespaces, { metadata: metadataOf(name, { labels }) } as Namespace);
const policy = (generation: number, namespaces: IdentityPolicy['spec']['namespaces']) =>
  put(stores.policies, {
    metadata: metadataOf('policy', { generation }),
    spec: { namespaces },
  } as IdentityPolicy);

/** Whose decisions have grown stale by it. */
function stale(change: () => void): string {
  const before = counts();
  change();
  return ['a', 'b', 'c', 'shared'].filter((_, at) => counts()[at] !== before[at]).join(' ');
}

beforeEach(() => {
  stores = emptyStores();
  changes = new PermissionChanges(stores);
  for (const team of TEAMS) label(team, { team });
});

it('a label of a namespace makes its own decisions stale, and those on what it shares, once each', () => {
  expect(stale(() => label('c', { team: 'c', tier: 'gold' }))).toBe('c');
  expect(stale(() => label('a', { team: 'a', tier: 'gold' }))).toBe('a shared');
  expect(stale(() => label('a', { tier: 'gold', team: 'a' }))).toBe('');
});

it('a policy makes those stale that it selects, or selected before', () => {
  expect(stale(() => policy(1, { names: ['a'] }))).toBe('a shared');
  expect(stale(() => policy(2, { names: ['b'] }))).toBe('a b shared');
  expect(stale(() => policy(3, { selector: { matchLabels: { team: 'c' } } }))).toBe('b c shared');
  expect(stale(() => policy(3, { selector: { matchLabels: { team: 'c' } } }))).toBe('');
});

it('a namespace that is made anew is another one, with nothing counted of the one before', () => {
  const before = changes.of(['a']);
  stores.namespaces.recordDelete(stores.namespaces.get('a') as Namespace);
  label('a', { team: 'a' });
  expect(changes.of(['a'])).not.toBe(before);
});
