import { describe, expect, test } from 'vitest';
import type { AzureObserver } from '../../azure/arm/arm-calls.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import type { AzureHost, HostIdentityValue } from '../../azure/hosts/host.ts';
import type { HostGet, HostPage } from '../../azure/hosts/hosts.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { type Permission, rightsOf } from '../../azure/permissions.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { AzureCache } from '../azure-cache.ts';
import type { How } from '../store/entry.ts';
import { areaOfHost, hostArea } from './area.ts';
import { type HostSources, hostDefinition } from './hosts.ts';

const MINUTE = 60_000;
/** Azure's lag, and the quarter of it in which all who ask share one list. */
const SETTLED_MS = 2.5 * MINUTE;
const SUBSCRIPTION = '0f0e0d0c-0b0a-4908-8706-050403020100';
const VMS = 'Microsoft.Compute/virtualMachines';
const SITES = 'Microsoft.Web/sites';
const SLOTS = `${SITES}/slots`;
const ODD = 'Contoso.Things/boxes';
const group = `/subscriptions/${SUBSCRIPTION}/resourceGroups/RG1`;
const vms = hostArea(SUBSCRIPTION, VMS);
const allSlots = hostArea(SUBSCRIPTION, SLOTS);
const siteId = (site: string) => `${group}/providers/${SITES}/${site}`;
const slotId = (site: string, slot: string) => `${siteId(site)}/slots/${slot}`;
const vmId = (name: string) => `${group}/providers/${VMS}/${name}`;
const uai = (name: string) => `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

const NONE: HostIdentityValue = { system: false, userAssigned: [] };
const carrying = (...names: string[]): HostIdentityValue => ({
  system: false,
  userAssigned: names.map((name) => ({ id: uai(name), key: armKey(uai(name)), principalId: `p-${name}` })),
});

function host(id: string, more: Partial<AzureHost> = {}): AzureHost {
  const [, type = ''] = areaOfHost(id).split('|');
  return { id, key: armKey(id), type, tags: {}, identity: NONE, instance: 'i1', ...more };
}

type Source = HostSources['hosts'];

/** Lists and GETs over a map of hosts, ten to a page; every call is written down. */
class Lists implements Source {
  readonly hosts = new Map<string, AzureHost>();
  readonly calls: string[] = [];
  readonly failing = new Set<string>();
  /** Lists that do not fill `identity`. */
  blind = false;
  pageSize = 10;
  readonly #clock: FakeClock;
  #observer: AzureObserver<AzureHost> | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  put(...hosts: AzureHost[]): void {
    for (const each of hosts) this.hosts.set(each.key, each);
  }

  observedBy(observer: AzureObserver<AzureHost>): void {
    this.#observer = observer;
  }

  async get(id: string, _context: unknown, { apiVersion }: { apiVersion?: string } = {}): Promise<HostGet> {
    this.calls.push(
      `GET ${areaOfHost(id).split('|')[1]} ${id.split('/').at(-1)}${apiVersion ? ` ${apiVersion}` : ''}`,
    );
    const host = this.hosts.get(armKey(id));
    const requestedAt = this.#clock.monotonic();
    this.#observer?.recordGet(id, host, requestedAt);
    if (host) return { found: true, host, model: {}, requestedAt };
    return { found: false, missing: 'resource', error: notFound(id), requestedAt };
  }

  list(subscriptionId: string, type: string): AsyncGenerator<HostPage> {
    return this.#pages(
      `LIST ${type}`,
      type,
      (each) => hostArea(subscriptionId, each.type) === hostArea(subscriptionId, type),
    );
  }

  async *listSlots(id: string): AsyncGenerator<HostPage> {
    const call = `SLOTS ${id.split('/').at(-1)}`;
    if (!this.hosts.has(armKey(id))) {
      this.calls.push(call);
      throw notFound(id);
    }
    yield* this.#pages(call, call, (each) => each.key.startsWith(`${armKey(id)}/slots/`));
  }

  async *#pages(call: string, what: string, shows: (each: AzureHost) => boolean): AsyncGenerator<HostPage> {
    const all = [...this.hosts.values()].filter(shows);
    for (let from = 0; from === 0 || from < all.length; from += this.pageSize) {
      this.calls.push(call);
      if (this.failing.has(what))
        throw new AzureError({ code: 'InternalServerError', message: 'no', status: 500 });
      const hosts = all.slice(from, from + this.pageSize);
      yield {
        hosts: this.blind ? hosts.map((each) => ({ ...each, identity: NONE })) : hosts,
        requestedAt: this.#clock.monotonic(),
      };
    }
  }
}

const notFound = (id: string) =>
  new AzureError({ code: 'ResourceNotFound', message: `no ${id}`, status: 404 });
const turn = () => new Promise((resolve) => setImmediate(resolve));
const READS: Permission = { actions: ['*/read'], notActions: [] };

function setup(rights: (scope: string) => Permission[] = () => [READS]) {
  const clock = new FakeClock();
  const stopping = new AbortController();
  const lists = new Lists(clock);
  const asked: string[] = [];
  const { signal } = stopping;
  const definition = hostDefinition({
    hosts: lists,
    permissions: {
      at: async (scope) => {
        asked.push(scope);
        return rightsOf(rights(scope));
      },
    },
    clock,
    signal,
    apiVersionOf: (type) => (type === ODD.toLowerCase() ? '2024-01-01' : undefined),
  });
  const cache = new AzureCache(definition, { clock, signal, random: () => 0.5 });
  const changes: [string, How][] = [];
  cache.onChange((key, how) => changes.push([key.split('/').at(-1) ?? '', how]));
  /** Time passes as it would: each timer at its moment, and what it starts ends before the next. */
  const pass = async (ms: number) => {
    for (const end = clock.monotonic() + ms; ; ) {
      await turn();
      const next = clock.untilNext();
      if (next === undefined || clock.monotonic() + next > end) {
        clock.advance(end - clock.monotonic());
        break;
      }
      clock.advance(next);
    }
    await turn();
  };
  const use = async (area: string) => {
    cache.use(area, [area]);
    await cache.whenLoaded(area);
    await turn();
  };
  const drain = () => {
    changes.length = 0;
    asked.length = 0;
    return lists.calls.splice(0);
  };
  return { clock, stopping, lists, cache, changes, asked, pass, use, drain };
}

describe('costs', () => {
  test('500 VMs cost N pages per resync, with any number of changes', async () => {
    const it = setup();
    it.lists.pageSize = 100;
    for (let n = 0; n < 500; n++) it.lists.put(host(vmId(`vm${n}`)));
    await it.use(vms);
    expect(it.drain()).toEqual(Array(5).fill(`LIST ${VMS.toLowerCase()}`));
    for (let n = 0; n < 500; n += 2)
      it.lists.put(host(vmId(`vm${n}`), { tags: { n: `${n}` }, identity: carrying(`id${n}`) }));
    await it.pass(10 * MINUTE);
    expect(it.changes).toHaveLength(250);
    expect(it.asked).toHaveLength(1);
    expect(it.drain()).toEqual(Array(5).fill(`LIST ${VMS.toLowerCase()}`));
    await it.pass(60 * MINUTE);
    expect(it.changes).toEqual([]);
    expect(it.drain()).toHaveLength(30);
  });

  test('a site in use costs one call for its slots, a site that is not in use none', async () => {
    const it = setup();
    it.lists.put(
      host(siteId('app')),
      host(siteId('other')),
      host(slotId('app', 'a')),
      host(slotId('other', 'b')),
    );
    await it.use(areaOfHost(slotId('app', 'a').toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions')));
    expect(it.drain()).toEqual(['SLOTS app']);
    expect(it.cache.observe(slotId('app', 'a'))).toMatchObject({ state: 'present', how: 'list' });
    expect(it.cache.observe(slotId('app', 'c'))).toEqual({ state: 'suspectAbsent' });
    expect(it.cache.observe(slotId('other', 'b'))).toEqual({ state: 'unknown' });
    expect(it.cache.present(hostArea(SUBSCRIPTION, SLOTS)).map(({ id }) => id)).toEqual([slotId('app', 'a')]);
    await it.pass(10 * MINUTE);
    expect(it.drain()).toEqual(['SLOTS app']);
  });

  test('all slots cost the list of sites and one call for each, also where a site is named besides', async () => {
    const it = setup();
    for (const site of ['a', 'b']) it.lists.put(host(siteId(site)), host(slotId(site, 'staging')));
    await it.use(areaOfHost(slotId('a', 'staging')));
    it.drain();
    await it.use(allSlots);
    expect(it.drain()).toEqual([`LIST ${SITES.toLowerCase()}`, 'SLOTS b']);
    // Once more after Azure's lag, with the rights that were just told.
    it.asked.length = 0;
    await it.pass(SETTLED_MS);
    expect(it.asked).toHaveLength(1);
    expect(it.drain().toSorted()).toEqual([`LIST ${SITES.toLowerCase()}`, 'SLOTS a', 'SLOTS b']);
    it.asked.length = 0;
    await it.pass(10 * MINUTE);
    // The right to sites, and once for all the right to slots.
    expect(it.asked).toHaveLength(2);
    expect(it.drain().toSorted()).toEqual([`LIST ${SITES.toLowerCase()}`, 'SLOTS a', 'SLOTS b']);
    expect(it.cache.present(hostArea(SUBSCRIPTION, SLOTS))).toHaveLength(2);
    expect(it.cache.completeness(allSlots)).toMatchObject({ state: 'complete' });
  });
});

describe('what Azure’s lag hides', () => {
  test('a first list is repeated once, and from then on listed as ever', async () => {
    const it = setup();
    await it.use(vms);
    expect(it.drain()).toHaveLength(1);
    it.lists.put(host(vmId('just-made')));
    await it.pass(SETTLED_MS - 1);
    expect(it.drain()).toEqual([]);
    await it.pass(1);
    expect(it.changes).toEqual([['just-made', 'list']]);
    expect(it.drain()).toHaveLength(1);
    await it.pass(60 * MINUTE);
    expect(it.drain()).toHaveLength(6);
  });

  test('who asks later is owed one list, and all who ask about then share it', async () => {
    const it = setup();
    const settled: string[] = [];
    it.cache.onSettled((area) => settled.push(area));
    await it.use(vms);
    await it.pass(5 * MINUTE);
    expect(settled.splice(0)).toEqual([vms]);
    it.drain();
    const askedAt = it.clock.monotonic();
    expect(it.cache.openUntil(vms, 0)).toBeUndefined();
    for (let n = 0; n < 20; n++) it.cache.ask(vms);
    expect(it.cache.openUntil(vms, askedAt)).toBe(askedAt + SETTLED_MS);
    await it.pass(SETTLED_MS);
    expect(it.drain()).toHaveLength(1);
    expect(settled).toEqual([vms]);
    expect(it.cache.openUntil(vms, askedAt)).toBeUndefined();
    await it.pass(60 * MINUTE);
    expect(it.drain()).toHaveLength(6);
  });

  test('one that fails is tried as any, and stays owed', async () => {
    const it = setup();
    await it.use(vms);
    it.lists.failing.add(VMS.toLowerCase());
    await it.pass(SETTLED_MS);
    expect(it.cache.openUntil(vms, 0)).toBe(SETTLED_MS);
    it.drain();
    await it.pass(10 * MINUTE);
    expect(it.drain().length).toBeLessThan(12);
    it.lists.failing.clear();
    await it.pass(10 * MINUTE);
    expect(it.cache.openUntil(vms, 0)).toBeUndefined();
  });

  test('slots are settled with the lists of their sites, those of new sites too', async () => {
    const it = setup();
    const settled: string[] = [];
    it.cache.onSettled((area) => settled.push(area));
    it.lists.put(host(siteId('app')));
    await it.use(allSlots);
    it.lists.put(host(siteId('new')), host(slotId('new', 'a')));
    expect(it.cache.openUntil(allSlots, 0)).toBe(SETTLED_MS);
    await it.pass(SETTLED_MS);
    expect(it.cache.present(hostArea(SUBSCRIPTION, SLOTS))).toHaveLength(1);
    expect(it.cache.openUntil(allSlots, 0)).toBeUndefined();
    expect(settled).toContain(allSlots);
  });
});

describe('a recycled host', () => {
  test.each([
    ['made again, by its instance', { instance: 'i2' }],
    ['with another system principal', { identity: { system: true, principalId: 'p2', userAssigned: [] } }],
    ['without the identities it had', { identity: NONE }],
  ])('is noticed by one list: %s', async (_, change) => {
    const it = setup();
    const before = { ...carrying('id1'), system: true, principalId: 'p1' };
    it.lists.put(host(vmId('vm1'), { identity: before }), host(vmId('vm2'), { identity: before }));
    await it.use(vms);
    it.drain();
    it.lists.put(host(vmId('vm1'), change));
    await it.pass(10 * MINUTE);
    expect(it.changes).toEqual([['vm1', 'list']]);
    expect(it.drain()).toEqual([`LIST ${VMS.toLowerCase()}`]);
  });

  test('is found by what it carries now, and no more by what it carried', async () => {
    const it = setup();
    const system = (principalId: string) => ({ ...carrying('id1', 'id2'), system: true, principalId });
    it.lists.put(
      host(vmId('vm1'), { identity: system('P1') }),
      host(vmId('vm2'), { identity: carrying('id2') }),
    );
    await it.use(vms);
    const named = (found: AzureHost[]) => found.map(({ id }) => id.split('/').at(-1));
    expect(named(it.cache.byIndex('identity', armKey(uai('id2'))))).toEqual(['vm1', 'vm2']);
    expect(named(it.cache.byIndex('principal', 'p1'))).toEqual(['vm1']);
    it.lists.put(
      host(vmId('vm1'), { instance: 'i2', identity: { ...NONE, system: true, principalId: 'P2' } }),
    );
    await it.pass(10 * MINUTE);
    expect(named(it.cache.byIndex('identity', armKey(uai('id2'))))).toEqual(['vm2']);
    expect(it.cache.byIndex('identity', armKey(uai('id1')))).toEqual([]);
    expect(it.cache.byIndex('principal', 'p1')).toEqual([]);
    expect(named(it.cache.byIndex('principal', 'p2'))).toEqual(['vm1']);
  });
});

test('another etag, spelling or order is no change; a new one in the fleet is', async () => {
  const it = setup();
  it.lists.put(host(vmId('vm1'), { identity: carrying('id1', 'id2'), etag: '1', tags: { a: '1', b: '2' } }));
  await it.use(vms);
  it.drain();
  const { userAssigned } = carrying('id2', 'id1');
  const spelt = userAssigned.map((each) => ({ ...each, id: each.id.toUpperCase() }));
  it.lists.put(
    host(vmId('vm1'), {
      identity: { system: false, userAssigned: spelt },
      etag: '2',
      tags: { b: '2', a: '1' },
      provisioningState: 'Succeeded',
    }),
  );
  await it.pass(10 * MINUTE);
  expect(it.changes).toEqual([]);
  // Yet a write sends what was read last.
  expect(it.cache.observe(vmId('vm1'))).toMatchObject({
    resource: { etag: '2', identity: { userAssigned: spelt } },
  });
  it.lists.put(host(vmId('vm2')));
  await it.pass(10 * MINUTE);
  expect(it.changes).toEqual([['vm2', 'list']]);
});

describe('completeness', () => {
  test('wants the right to read the type at the whole subscription', async () => {
    const it = setup(() => [{ actions: ['Microsoft.Compute/virtualMachines/write'], notActions: [] }]);
    await it.use(vms);
    expect(it.asked).toEqual([`/subscriptions/${SUBSCRIPTION}`]);
    expect(it.cache.completeness(vms)).toEqual({
      state: 'partial',
      reason: expect.stringContaining(
        'no right to Microsoft.Compute/virtualMachines/read at the whole subscription',
      ),
    });
  });

  test('of a site’s slots needs the right there, wherever it comes from', async () => {
    const app = areaOfHost(slotId('app', 'a'));
    const it = setup((scope) => (scope === armKey(siteId('app')) ? [READS] : []));
    it.lists.put(host(siteId('app')), host(siteId('other')));
    await it.use(app);
    await it.use(areaOfHost(slotId('other', 'b')));
    expect(it.cache.completeness(app)).toMatchObject({ state: 'complete' });
    expect(it.cache.completeness(areaOfHost(slotId('other', 'b')))).toEqual({
      state: 'partial',
      reason: expect.stringContaining('no right to Microsoft.Web/sites/slots/read at'),
    });
  });

  test('ends when a witness is missing that exists', async () => {
    const it = setup();
    it.lists.put(host(vmId('vm1')));
    await it.use(vms);
    await it.cache.refresh(vmId('vm1'), 'edit');
    it.lists.list = async function* (this: Lists) {
      yield { hosts: [], requestedAt: it.clock.monotonic() };
    };
    await it.pass(10 * MINUTE);
    expect(it.cache.completeness(vms)).toEqual({
      state: 'partial',
      reason: `the list lacks ${vmId('vm1')}, which exists`,
    });
    expect(it.cache.observe(vmId('vm1'))).toMatchObject({ state: 'present', how: 'get' });
  });

  test('of all slots ends with any site whose list fails, and the others go on', async () => {
    const it = setup();
    for (const site of ['a', 'b']) it.lists.put(host(siteId(site)), host(slotId(site, 'staging')));
    await it.use(allSlots);
    it.lists.failing.add('SLOTS a');
    it.lists.put(host(slotId('b', 'new')));
    await it.pass(10 * MINUTE);
    expect(it.cache.completeness(allSlots)).toMatchObject({ state: 'partial' });
    expect(it.cache.present(hostArea(SUBSCRIPTION, SLOTS))).toHaveLength(3);
  });
});

test('all slots are loaded when those of each site are', async () => {
  const it = setup();
  for (const site of ['a', 'b']) it.lists.put(host(siteId(site)), host(slotId(site, 'staging')));
  const held = Promise.withResolvers<void>();
  const listSlots = it.lists.listSlots.bind(it.lists);
  it.lists.listSlots = async function* (id) {
    if (id === armKey(siteId('b'))) await held.promise;
    yield* listSlots(id);
  };
  it.cache.use(allSlots, [allSlots]);
  let loaded = false;
  const loading = it.cache.whenLoaded(allSlots).then(() => {
    loaded = true;
  });
  await it.pass(1);
  expect(loaded).toBe(false);
  expect(it.cache.loading(allSlots)).toBe(true);
  expect(it.cache.age(allSlots)).toBeUndefined();
  expect(it.cache.completeness(allSlots)).toMatchObject({ state: 'partial' });
  held.resolve();
  await loading;
  expect(it.cache.present(hostArea(SUBSCRIPTION, SLOTS))).toHaveLength(2);
});

test('a site that goes takes its slots, and its list ends', async () => {
  const it = setup();
  for (const site of ['a', 'b']) it.lists.put(host(siteId(site)), host(slotId(site, 'staging')));
  await it.use(allSlots);
  it.lists.hosts.delete(armKey(siteId('a')));
  it.lists.hosts.delete(armKey(slotId('a', 'staging')));
  it.drain();
  await it.pass(10 * MINUTE);
  expect(it.changes).toEqual([['staging', 'list']]);
  expect(it.cache.observe(slotId('a', 'staging'))).toEqual({ state: 'suspectAbsent' });
  await it.pass(10 * MINUTE);
  it.drain();
  await it.pass(10 * MINUTE);
  expect(it.drain()).toEqual([`LIST ${SITES.toLowerCase()}`, 'SLOTS b']);
  expect(it.cache.completeness(allSlots)).toMatchObject({ state: 'complete' });
});

describe('a list that omits identities', () => {
  test('takes none away, and the hosts that have some are read in rotation', async () => {
    const it = setup();
    it.lists.blind = true;
    for (let n = 0; n < 30; n++) it.lists.put(host(vmId(`vm${n}`), { identity: carrying('id1') }));
    await it.use(vms);
    for (const n of [1, 2]) await it.cache.refresh(vmId(`vm${n}`), 'edit');
    it.drain();
    await it.pass(10 * MINUTE);
    expect(it.changes).toEqual([]);
    expect(it.cache.byIndex('identity', armKey(uai('id1')))).toHaveLength(2);
    // Three pages, and one GET to judge them.
    expect(it.drain()).toHaveLength(4);
    it.lists.put(host(vmId('vm2')));
    await it.pass(360 * MINUTE);
    expect(it.changes).toEqual([['vm2', 'get']]);
    // 36 resyncs, and a round of two hosts in six hours.
    expect(it.drain().filter((call) => call.startsWith('GET')).length).toBeLessThan(42);
  });

  test('is distinguished from one whose hosts really lost them', async () => {
    const it = setup();
    it.lists.put(host(vmId('vm1'), { identity: carrying('id1') }));
    await it.use(vms);
    it.lists.put(host(vmId('vm1')));
    it.drain();
    await it.pass(10 * MINUTE);
    expect(it.changes).toEqual([['vm1', 'get']]);
    expect(it.cache.byIndex('identity', armKey(uai('id1')))).toEqual([]);
    await it.pass(360 * MINUTE);
    expect(it.drain().filter((call) => call.startsWith('GET'))).toHaveLength(1);
  });
});

describe('a type that azid does not know', () => {
  const box = `${group}/providers/${ODD}/box1`;
  const area = areaOfHost(box);

  test('is listed like any other, with the version that its objects give', async () => {
    const it = setup();
    it.lists.put(host(box));
    await it.use(area);
    await it.cache.refresh(box, 'edit');
    expect(it.drain()).toEqual([`LIST ${ODD.toLowerCase()}`, `GET ${ODD.toLowerCase()} box1 2024-01-01`]);
    await it.pass(360 * MINUTE);
    expect(it.drain().filter((call) => call.startsWith('GET'))).toEqual([]);
  });

  test('is partial without a list, and what was read once is read in rotation', async () => {
    const it = setup();
    it.lists.failing.add(ODD.toLowerCase());
    it.lists.put(host(box));
    it.cache.use(area, [area]);
    await it.cache.refresh(box, 'edit');
    it.lists.put(host(box, { instance: 'i2' }));
    it.drain();
    await it.pass(361 * MINUTE);
    expect(it.changes).toEqual([['box1', 'get']]);
    expect(it.cache.completeness(area)).toMatchObject({ state: 'partial' });
    it.cache.use(area, []);
    it.drain();
    await it.pass(24 * 60 * MINUTE);
    expect(it.drain()).toEqual([]);
  });

  test('is read one by one no more once a list came in', async () => {
    const it = setup();
    it.lists.failing.add(ODD.toLowerCase());
    it.lists.put(host(box));
    it.cache.use(area, [area]);
    await it.cache.refresh(box, 'edit');
    await it.pass(10 * MINUTE);
    it.lists.failing.clear();
    await it.pass(10 * MINUTE);
    expect(it.cache.completeness(area)).toMatchObject({ state: 'complete' });
    it.drain();
    await it.pass(24 * 60 * MINUTE);
    expect(it.drain().filter((call) => call.startsWith('GET'))).toEqual([]);
  });
});

describe('what no list ends', () => {
  const boxId = (name: string) => `${group}/providers/${ODD}/${name}`;
  const area = areaOfHost(boxId('box'));
  const HOUR = 60 * MINUTE;

  test('ends with time where the type is not listed: what came and went does not add up', async () => {
    const it = setup();
    it.lists.failing.add(ODD.toLowerCase());
    it.lists.put(host(boxId('stays')));
    it.cache.use(area, [area]);
    await it.cache.refresh(boxId('stays'), 'edit');
    for (let hour = 0; hour < 24; hour++) {
      for (let box = 0; box < 5; box++) {
        const gone = host(boxId(`box-${hour}-${box}`));
        it.lists.put(gone);
        await it.cache.refresh(gone.id, 'edit');
        it.lists.hosts.delete(gone.key);
        await it.cache.refresh(gone.id, 'edit');
        expect(it.cache.observe(gone.id).state).toBe('absent');
      }
      await it.pass(HOUR);
    }
    expect(it.cache.sizes.held).toBeLessThan(20);
    expect(it.cache.sizes.inRotation).toBe(1);
    expect(it.cache.observe(boxId('stays')).state).toBe('present');
  });

  test('is not held for absent for ever: after a while only Azure can answer', async () => {
    const it = setup();
    it.lists.failing.add(ODD.toLowerCase());
    it.cache.use(area, [area]);
    expect((await it.cache.refresh(boxId('later'), 'edit')).state).toBe('absent');
    await it.pass(HOUR + MINUTE);
    expect(it.cache.observe(boxId('later')).state).toBe('unknown');
  });

  test('ends also where the area has no users', async () => {
    const it = setup();
    for (let vm = 0; vm < 30; vm++) {
      it.lists.put(host(vmId(`vm${vm}`)));
      await it.cache.refresh(vmId(`vm${vm}`), 'edit');
      await it.pass(HOUR);
    }
    expect(it.cache.sizes.held).toBeLessThan(5);
  });

  test('stays as a list shows it, however long it is not read', async () => {
    const it = setup();
    it.lists.put(host(vmId('vm1')));
    await it.use(vms);
    await it.pass(24 * HOUR);
    await it.cache.refresh(vmId('vm2'), 'edit');
    expect(it.cache.observe(vmId('vm1')).state).toBe('present');
    await it.pass(2 * HOUR);
    expect(it.cache.observe(vmId('vm2')).state).not.toBe('present');
  });
});

test('a hint leads to a GET at once', async () => {
  const it = setup();
  it.lists.put(host(vmId('vm1')));
  await it.use(vms);
  it.lists.put(host(vmId('vm1'), { provisioningState: 'Updating' }));
  it.drain();
  it.cache.suspect(vmId('vm1'));
  await it.pass(1);
  expect(it.changes).toEqual([['vm1', 'get']]);
});

test('a released area is forgotten and listed no more; the signal leaves no timer', async () => {
  const it = setup();
  for (const site of ['a', 'b']) it.lists.put(host(siteId(site)), host(slotId(site, 'staging')));
  it.lists.put(host(vmId('vm1'), { identity: carrying('id1') }));
  const named = areaOfHost(slotId('a', 'staging'));
  await it.use(vms);
  await it.use(named);
  await it.use(allSlots);
  it.cache.use(vms, []);
  expect(it.cache.observe(vmId('vm1'))).toEqual({ state: 'unknown' });
  expect(it.cache.byIndex('identity', armKey(uai('id1')))).toEqual([]);
  await expect(it.cache.whenLoaded(vms)).rejects.toThrow('to be in use');
  it.cache.use(allSlots, []);
  it.drain();
  await it.pass(10 * MINUTE);
  expect(it.drain()).toEqual(['SLOTS a']);
  await it.use(allSlots);
  it.cache.use(named, []);
  expect(it.cache.present(hostArea(SUBSCRIPTION, SLOTS))).toHaveLength(2);
  it.stopping.abort();
  await it.cache.stop();
  expect(it.clock.untilNext()).toBeUndefined();
});
