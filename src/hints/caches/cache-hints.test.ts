import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.ts';
import type { Hint } from '../hint.ts';
import { OwnCalls } from '../own-calls.ts';
import { CacheHints, HINTED_READS, type HintedCache, LIST_SPACING_MS } from './cache-hints.ts';
import type { CacheName } from './targets.ts';

const S = '11111111-2222-4333-8444-555555555555';
const OTHER = '99999999-2222-4333-8444-555555555555';
const SUB = `/subscriptions/${S}`;
const GROUP = `${SUB}/resourceGroups/rg1`;
const VMS = `${SUB}|microsoft.compute/virtualmachines`;
const vm = (name: string | number) => `${GROUP}/providers/Microsoft.Compute/virtualMachines/${name}`;
const uai = (name: string | number, subscription = S) =>
  `/subscriptions/${subscription}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const credential = (name: number) => `${uai('app')}/federatedIdentityCredentials/${name}`;

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Caches of which only the doors count: what they then do has its own tests. */
function setup(inUse: Partial<Record<CacheName, readonly string[]>>) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const calls: string[] = [];
  const present: Partial<Record<CacheName, readonly string[]>> = {};
  const cache = (name: CacheName): HintedCache => {
    const areas = inUse[name] ?? [];
    const suspected = new Set<string>();
    return {
      inUse: { has: (area) => areas.includes(area), names: areas },
      suspect: (id, afterMs = 0) => {
        suspected.add(id);
        calls.push(`${name} read ${id.split('/').at(-1)}${afterMs > 0 ? ` after ${afterMs}` : ''}`);
      },
      isSuspected: (id) => suspected.has(id),
      present: () => (present[name] ?? []).map((id) => ({ id })),
      resyncNow: (area) => void calls.push(`${name} list ${area}`),
      ask: () => {},
    };
  };
  const ownCalls = new OwnCalls();
  const hints = new CacheHints({
    caches: {
      identities: cache('identities'),
      credentials: cache('credentials'),
      assignments: cache('assignments'),
      hosts: cache('hosts'),
      roles: cache('roles'),
    },
    ownCalls,
    clock,
    signal: stop.signal,
  });
  const take = (id: string, more: Partial<Hint> = {}) =>
    hints.take({
      source: 'event',
      id,
      operation: 'any',
      change: 'write',
      result: 'Succeeded',
      at: 0,
      ...more,
    });
  const drain = async () => {
    clock.advance(0);
    await settle();
    return calls.splice(0);
  };
  return { clock, hints, ownCalls, present, take, drain };
}

describe('a hint', () => {
  it('leads to one read of what it names, however many say so', async () => {
    const { take, drain } = setup({ identities: [S] });
    for (let n = 0; n < 5000; n++) expect(take(uai('app'))).toBe('read');
    expect(await drain()).toEqual(['identities read app']);
  });

  it('of where nobody needs anything costs nothing', async () => {
    const { take, drain } = setup({ identities: [S], hosts: [VMS] });
    for (const id of [
      uai('app', OTHER),
      `${GROUP}/providers/Microsoft.Web/sites/shop`,
      credential(1),
      `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${OTHER}`,
      'no id at all',
    ])
      expect(take(id)).toBe('irrelevant');
    expect(await drain()).toEqual([]);
  });

  it('of a call of azid’s own costs nothing, in whatever case Azure writes its id', async () => {
    const { take, drain, ownCalls } = setup({ identities: [S] });
    ownCalls.note('AAAA-1');
    expect(take(uai('app'), { correlationId: 'aaaa-1' })).toBe('own');
    expect(take(uai('app'), { correlationId: 'aaaa-2' })).toBe('read');
    expect(await drain()).toEqual(['identities read app']);
  });

  it('of a role lists the roles again', async () => {
    const { take, drain } = setup({ roles: [SUB] });
    expect(take(`${SUB}/providers/Microsoft.Authorization/roleDefinitions/${OTHER}`)).toBe('list');
    expect(await drain()).toEqual([`roles list ${SUB}`]);
  });
});

describe('many hints at once', () => {
  it('lead to a list in place of reads, and to one a minute', async () => {
    const { clock, take, drain } = setup({ hosts: [VMS] });
    for (let n = 0; n < 5000; n++) take(vm(n));
    const calls = await drain();
    expect(calls.filter((call) => call.startsWith('hosts read'))).toHaveLength(HINTED_READS.capacity);
    expect(calls.filter((call) => call.startsWith('hosts list'))).toEqual([`hosts list ${VMS}`]);
    for (let n = 0; n < 5000; n++) take(vm(n));
    for (let n = 5000; n < 9000; n++) take(vm(n));
    expect(await drain()).toEqual([]);
    clock.advance(LIST_SPACING_MS);
    expect(await drain()).toEqual([`hosts list ${VMS}`]);
  });

  it('of one subscription leave another its reads', async () => {
    const { take, drain } = setup({ identities: [S, OTHER] });
    for (let n = 0; n < 100; n++) take(uai(n));
    expect(take(uai('app', OTHER))).toBe('read');
    expect(await drain()).toContain('identities read app');
  });

  it('of credentials, which no list shows together, are read in their turn', async () => {
    const { take, drain } = setup({ credentials: [uai('app').toLowerCase()] });
    for (let n = 0; n < HINTED_READS.capacity + 3; n++) expect(take(credential(n))).toBe('read');
    expect((await drain()).slice(-3)).toEqual([
      'credentials read 50 after 1000',
      'credentials read 51 after 2000',
      'credentials read 52 after 3000',
    ]);
  });
});

describe('a group', () => {
  const use = { identities: [S], hosts: [VMS], assignments: [SUB] };

  it('that is gone leads to a read of all that was seen in it, and of nothing else', async () => {
    const { take, drain, present } = setup(use);
    present.identities = [uai('app'), uai('app').replace('rg1', 'rg10')];
    present.hosts = [vm('vm1')];
    present.assignments = [`${GROUP}/providers/Microsoft.Authorization/roleAssignments/${OTHER}`];
    expect(take(GROUP, { change: 'delete' })).toBe('read');
    expect(await drain()).toEqual(['identities read app', 'hosts read vm1', `assignments read ${OTHER}`]);
  });

  it('that is gone with very much in it leads to lists', async () => {
    const { take, drain, present } = setup(use);
    present.hosts = Array.from({ length: 400 }, (_, n) => vm(n));
    expect(take(GROUP, { change: 'delete' })).toBe('list');
    const calls = await drain();
    expect(calls).toHaveLength(HINTED_READS.capacity + 1);
    expect(calls.at(-1)).toBe(`hosts list ${VMS}`);
  });

  it('that things were moved from leads to the lists of its subscription', async () => {
    const { take, drain } = setup({ ...use, identities: [S, OTHER] });
    expect(take(GROUP, { change: 'action' })).toBe('list');
    expect(await drain()).toEqual([`identities list ${S}`, `hosts list ${VMS}`, `assignments list ${SUB}`]);
  });
});
