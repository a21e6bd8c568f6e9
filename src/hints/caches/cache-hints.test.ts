import { describe, expect, it } from 'vitest';
import { armKey } from '../../azure/names/resource-id.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type Hint, OwnCalls, Self } from '../hint.ts';
import {
  CacheHints,
  HINTED_READS,
  type HintedCache,
  LIST_SPACING_MS,
  SMALL_LISTS,
  UNSEEN_READS,
  WIDE_SPACING_MS,
} from './cache-hints.ts';
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
  const looked = { count: 0 };
  const present: Partial<Record<CacheName, readonly string[]>> = {};
  const cache = (name: CacheName): HintedCache => {
    const areas = inUse[name] ?? [];
    const suspected = new Set<string>();
    return {
      inUse: { has: (area) => areas.includes(area), names: areas },
      suspect: (id) => {
        suspected.add(id);
        calls.push(`${name} read ${id.split('/').at(-1)}`);
      },
      isSuspected: (id) => suspected.has(id),
      observe: (id) => ({ state: (present[name] ?? []).includes(id) ? 'present' : 'unknown' }),
      present: () => {
        looked.count += 1;
        return (present[name] ?? []).map((id) => ({ id, key: armKey(id) }));
      },
      resyncNow: (area) => void calls.push(`${name} list ${area}`),
      ask: () => {},
    };
  };
  const self = new Self();
  self.identify({ objectId: 'AZID', clientId: 'its client' });
  const ownCalls = new OwnCalls(self);
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
  return { clock, hints, ownCalls, present, looked, take, drain };
}

describe('a hint', () => {
  it('leads to one read of what it names, however many say so', async () => {
    const { take, drain } = setup({ identities: [S] });
    for (let n = 0; n < 5000; n++) expect(take(uai('app'))).toBe('read');
    expect(await drain()).toEqual(['identities read app']);
  });

  it('of an area that is not in use costs nothing', async () => {
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

  it('of a call of azid’s own costs nothing, in any case of its ids', async () => {
    const { take, drain, ownCalls } = setup({ identities: [S] });
    ownCalls.note('AAAA-1', uai('app'));
    const caller = { objectId: 'azid' };
    expect(take(uai('APP'), { correlationId: 'aaaa-1', caller })).toBe('own');
    expect(take(uai('APP'), { correlationId: 'aaaa-1', caller: { appId: 'ITS client' } })).toBe('own');
    expect(take(uai('app'), { correlationId: 'aaaa-2', caller })).toBe('read');
    expect(await drain()).toEqual(['identities read app']);
  });

  it('of another caller’s call is read, though it sent the correlation id of one of azid’s', async () => {
    const { take, drain, ownCalls } = setup({ identities: [S], credentials: [uai('app').toLowerCase()] });
    ownCalls.note('c1', uai('app'));
    expect(take(credential(1), { correlationId: 'c1' })).toBe('read');
    expect(take(uai('app'), { correlationId: 'c1', caller: { objectId: 'mallory' } })).toBe('read');
    expect(await drain()).toEqual(['credentials read 1', 'identities read app']);
    expect(take(uai('app'), { correlationId: 'c1', caller: { objectId: 'azid' } })).toBe('own');
  });

  it.each([
    ['nobody is named', undefined],
    ['a caller without any id is', {}],
    ['somebody is by what they call themselves', { name: 'azid' }],
    ['the application is in another tenant', { appId: 'its client', objectId: 'another' }],
  ])('is read where %s: a client chooses its correlation id', async (_, caller) => {
    const { take, drain, ownCalls } = setup({ identities: [S] });
    ownCalls.note('c1', uai('app'));
    expect(take(uai('app'), { correlationId: 'c1', ...(caller && { caller }) })).toBe('read');
    expect(await drain()).toEqual(['identities read app']);
  });

  it('is read before azid knows who it is', () => {
    const calls = new OwnCalls(new Self());
    calls.note('c1', uai('app'));
    expect(calls.has({ correlationId: 'c1', id: uai('app'), caller: { objectId: 'azid' } })).toBe(false);
  });

  it('of a role lists the roles again', async () => {
    const { take, drain } = setup({ roles: [SUB] });
    expect(take(`${SUB}/providers/Microsoft.Authorization/roleDefinitions/${OTHER}`)).toBe('list');
    expect(await drain()).toEqual([`roles list ${SUB}`]);
  });
});

describe('a hint of a role', () => {
  const known = (area: string) => `${area}/providers/microsoft.authorization/roledefinitions/${OTHER}`;
  const id = `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${OTHER.toUpperCase()}`;
  const others = [1, 2, 3].map((n) => `/subscriptions/${n}9999999-2222-4333-8444-555555555555`);

  it('reads it wherever it is known, since its scopes may span others', async () => {
    const { take, drain, present } = setup({ roles: [SUB, ...others] });
    present.roles = [SUB, ...others.slice(0, 2)].map(known);
    expect(take(id)).toBe('list');
    expect(take(id)).toBe('list');
    expect((await drain()).sort()).toEqual([
      `roles list ${SUB}`,
      `roles read ${OTHER}`,
      `roles read ${OTHER}`,
    ]);
  });

  it('reads it where it was written where the area is not in use', async () => {
    const { take, drain, present } = setup({ roles: others });
    present.roles = others.slice(0, 1).map(known);
    expect(take(id)).toBe('read');
    expect(await drain()).toEqual([`roles read ${OTHER}`]);
  });

  it('that is not held costs nothing', async () => {
    const { take, drain } = setup({ roles: others });
    expect(take(id)).toBe('irrelevant');
    expect(await drain()).toEqual([]);
  });
});

describe('many hints at once', () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => vm(n));

  it('lead to a list in place of reads, and to one a minute', async () => {
    const { clock, take, drain, present } = setup({ hosts: [VMS] });
    present.hosts = many(9000);
    for (let n = 0; n < 5000; n++) take(vm(n));
    const calls = await drain();
    expect(calls.filter((call) => call.startsWith('hosts read'))).toHaveLength(HINTED_READS.capacity);
    expect(calls.filter((call) => call.startsWith('hosts list'))).toEqual([`hosts list ${VMS}`]);
    for (let n = 0; n < 9000; n++) take(vm(n));
    expect(await drain()).toEqual([]);
    clock.advance(LIST_SPACING_MS);
    expect(await drain()).toEqual([`hosts list ${VMS}`]);
  });

  it('of what was never seen leave what azid has its reads', async () => {
    const { take, drain, present } = setup({ hosts: [VMS], identities: [S] });
    present.identities = [uai('app')];
    for (const id of many(1000)) take(id);
    expect(take(uai('app'))).toBe('read');
    const calls = await drain();
    expect(calls.filter((call) => call.startsWith('hosts read'))).toHaveLength(UNSEEN_READS.capacity);
    expect(calls).toContain('identities read app');
  });

  it('of one subscription leave another its reads', async () => {
    const { take, drain } = setup({ identities: [S, OTHER] });
    for (let n = 0; n < 100; n++) take(uai(n));
    expect(take(uai('app', OTHER))).toBe('read');
    expect(await drain()).toContain('identities read app');
  });

  it('of credentials lead to the lists of their identities, in turn, and put off no other for long', async () => {
    const areas = [uai('app'), uai('shop')].map((id) => id.toLowerCase());
    const { clock, take, drain } = setup({ credentials: areas });
    for (let n = 0; n < 20_000; n++) take(credential(n));
    expect(take(`${uai('shop')}/federatedIdentityCredentials/main`)).toBe('list');
    const calls = await drain();
    expect(calls.filter((call) => call.includes('read'))).toHaveLength(UNSEEN_READS.capacity);
    clock.advance(2000);
    expect([...calls, ...(await drain())].filter((call) => call.includes('list'))).toEqual(
      areas.map((area) => `credentials list ${area}`),
    );
  });
});

describe('slots of sites, each site with a list of its own', () => {
  const site = (n: number) => `${GROUP}/providers/Microsoft.Web/sites/s${n}`.toLowerCase();
  const areas = Array.from({ length: 100 }, (_, n) => `${site(n)}|microsoft.web/sites/slots`);
  const listed = (calls: readonly string[]) => calls.filter((call) => call.startsWith('hosts list'));
  const MINUTE_S = 60;
  /** In a minute of forged hints that begin anew each second. */
  async function inAMinute(
    { clock, drain }: Pick<ReturnType<typeof setup>, 'clock' | 'drain'>,
    forge: () => void,
  ): Promise<number> {
    let lists = 0;
    for (let second = 0; second < MINUTE_S; second++) {
      forge();
      lists += listed(await drain()).length;
      clock.advance(1000);
    }
    return lists + listed(await drain()).length;
  }

  it('of which one is swapped are listed at once', async () => {
    const { take, drain } = setup({ hosts: areas });
    expect(take(site(7), { change: 'action' })).toBe('list');
    expect(await drain()).toEqual([`hosts list ${areas[7]}`]);
  });

  it.each([
    [
      'swaps at every site',
      (take: ReturnType<typeof setup>['take']) =>
        areas.forEach((_, n) => {
          take(site(n), { change: 'action' });
        }),
    ],
    ['moves of a group', (take: ReturnType<typeof setup>['take']) => void take(GROUP, { change: 'action' })],
    [
      'writes to slots that nobody saw',
      (take: ReturnType<typeof setup>['take']) =>
        areas.forEach((_, n) => {
          take(`${site(n)}/slots/forged`);
        }),
    ],
  ])('cost one list a second, however many %s are forged', async (_, forge) => {
    const it = setup({ hosts: areas });
    const lists = await inAMinute(it, () => forge(it.take));
    expect(lists).toBeGreaterThan(0.9 * MINUTE_S);
    expect(lists).toBeLessThanOrEqual(SMALL_LISTS.capacity + SMALL_LISTS.perSecond * MINUTE_S);
  });

  it('are listed for all sites together once in ten minutes, however many moves are forged', async () => {
    const all = `${SUB}|microsoft.web/sites/slots`;
    const { clock, take, drain } = setup({ hosts: [all] });
    const lists: number[] = [];
    for (const end = 2 * WIDE_SPACING_MS; clock.monotonic() <= end; clock.advance(LIST_SPACING_MS / 2)) {
      take(GROUP, { change: 'action' });
      if (listed(await drain()).length > 0) lists.push(clock.monotonic());
    }
    expect(lists).toEqual([0, WIDE_SPACING_MS, 2 * WIDE_SPACING_MS]);
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
    expect(take(GROUP, { change: 'delete' })).toBe('read');
    const calls = await drain();
    expect(calls).toHaveLength(HINTED_READS.capacity + 1);
    expect(calls.at(-1)).toBe(`hosts list ${VMS}`);
  });

  it('by the thousand are searched for together, once', async () => {
    const { take, drain, present, looked } = setup(use);
    present.hosts = [vm('vm1')];
    for (let n = 0; n < 5000; n++) take(`${SUB}/resourceGroups/rg${n}`, { change: 'delete' });
    expect(await drain()).toEqual(['hosts read vm1']);
    expect(looked.count).toBe(3);
  });

  it('of a subscription that is not in use costs nothing', async () => {
    const { take, drain, looked } = setup(use);
    expect(take(`/subscriptions/${OTHER}/resourceGroups/rg1`, { change: 'delete' })).toBe('irrelevant');
    await drain();
    expect(looked.count).toBe(0);
  });

  it('that things were moved from leads to the lists of its subscription', async () => {
    const { take, drain } = setup({ ...use, identities: [S, OTHER] });
    expect(take(GROUP, { change: 'action' })).toBe('list');
    expect(await drain()).toEqual([`identities list ${S}`, `hosts list ${VMS}`, `assignments list ${SUB}`]);
  });
});
