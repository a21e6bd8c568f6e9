import { describe, expect, it } from 'vitest';
import { RECONCILE_ANNOTATION } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { hostArea } from '../../cache/hosts/area.ts';
import { Elapsed } from '../../runtime/time/elapsed.ts';
import { MAX_OWNERS } from '../hosts/ledger/lines.ts';
import { deletionBlocked } from '../status/blocked.fixture.ts';
import {
  attachment,
  deleted,
  entry,
  fleet,
  GROUP,
  IDENTITY_ID,
  OLD_IDENTITY_ID,
  policy,
  SUBSCRIPTION,
  VMS,
  vmId,
} from './facts.fixture.ts';
import type { Facts, IdentityAttachment } from './facts.ts';
import { type ObserveDeps, observe } from './observe.ts';
import { carrying, type Given, holder, vm, worldOf } from './world.fixture.ts';

const area = hostArea(SUBSCRIPTION, VMS);
const turn = () => new Promise((resolve) => setImmediate(resolve));

function setup(given: Given = {}) {
  const { clock, lists, hostCache, stores, context, proofs, held } = worldOf(given);
  const loaded: string[] = [];
  const areas = hostCache.inUse;
  hostCache.onLoaded((users) => loaded.push(...users));
  const identitiesRead: string[] = [];
  const deps: ObserveDeps = {
    stores,
    proofs,
    identityCache: {
      refresh: async (id) => {
        identitiesRead.push(id);
        return { state: 'unknown' };
      },
    },
    hostCache: hostCache,
    areas,
    clock,
    releaseAfterMs: 1,
    elapsed: new Elapsed(clock),
    reported: new Map(),
    reReads: new Map(),
    selecting: new Map(),
  };
  const look = (object: IdentityAttachment) => observe(object, context, deps);
  /** Once what the first look put in use is listed. */
  const listed = async (object: IdentityAttachment): Promise<Facts> => {
    await look(object);
    await Promise.all(areas.names.map((each) => hostCache.whenLoaded(each)));
    return look(object);
  };
  return { look, listed, areas, lists, loaded, hostCache, held, clock, deps, identitiesRead };
}

const claims = ({ hosts }: Facts) => hosts.map(({ id, claim }) => `${id.split('/').at(-1)} ${claim}`);

describe('what a selector finds', () => {
  it('waits for the first list, and is enqueued by it', async () => {
    const it = setup({ azure: [vm(vmId('a'))] });
    expect(await it.look(fleet())).toMatchObject({ loading: true, hosts: [] });
    const facts = await it.listed(fleet());
    await turn();
    expect(facts.loading).toBe(false);
    expect(claims(facts)).toEqual(['a wanted']);
    expect(it.loaded).toEqual(['team-a/web']);
  });

  it('goes by type, group and tags: names in any case, values exactly', async () => {
    const selector = {
      subscriptionId: SUBSCRIPTION,
      type: VMS.toLowerCase(),
      resourceGroup: 'RG1',
      tags: { app: 'web' },
    };
    const elsewhere = `${GROUP}0/providers/${VMS}/elsewhere`;
    const azure = [vm(vmId('b')), vm(vmId('a')), vm(elsewhere), vm(vmId('c'), { tags: { App: 'Web' } })];
    const facts = await setup({ azure }).listed(fleet({ spec: { target: { selector } } }));
    expect(claims(facts)).toEqual(['a wanted', 'b wanted']);
    expect(facts.type).toEqual({ name: VMS, known: true, restarts: false });
  });

  it('lists nothing for a namespace whose policy allows no selector there', async () => {
    const policies = [policy({ attachments: [{ types: ['*'], scopes: ['/'] }] })];
    const it = setup({ azure: [vm(vmId('a'))], policies });
    expect(await it.look(fleet())).toMatchObject({ loading: false, hosts: [] });
    await turn();
    expect(it.areas.names).toEqual([]);
    expect(it.lists.calls).toEqual([]);
  });

  it('also holds what the ledger names: what is found no more, what is gone, and what is not known', async () => {
    const of = (name: string) => holder(vmId(name), { entries: [entry()] });
    const untagged = vm(vmId('untagged'), { tags: {} });
    const it = setup({
      azure: [vm(vmId('a')), untagged, vm(vmId('gone'))],
      holders: [of('a'), of('untagged'), of('gone'), of('lost')],
    });
    await it.listed(fleet());
    it.lists.hosts.delete(armKey(vmId('gone')));
    await it.hostCache.refresh(vmId('gone'), 'event');
    const facts = await it.look(fleet());
    expect(claims(facts)).toEqual(['a wanted', 'gone gone', 'lost unclear', 'untagged unwanted']);
  });

  it('costs no more calls for 500 hosts than for one', async () => {
    const azure = Array.from({ length: 500 }, (_, at) => vm(vmId(`vm${at}`)));
    const holders = azure.map(({ id }) => holder(id, { entries: [entry()] }));
    const it = setup({ azure, holders });
    expect((await it.listed(fleet())).hosts).toHaveLength(500);
    expect(it.lists.calls).toHaveLength(1);
  });

  it('a requested reconcile lists once more, once for each request', async () => {
    const it = setup({ azure: [vm(vmId('a'))] });
    await it.listed(fleet());
    const asking = fleet({ metadata: { annotations: { [RECONCILE_ANNOTATION]: 'now' } } });
    await it.look(asking);
    await it.look(asking);
    await it.hostCache.whenLoaded(area);
    await turn();
    expect(it.lists.calls).toHaveLength(2);
  });
});

describe('a new selector may miss what was made just before it', () => {
  const SETTLED_MS = 150_000;
  const chosen = (change: object = {}) => ({
    observedGeneration: 1,
    conditions: [
      {
        type: 'Ready',
        status: 'True' as const,
        reason: 'Attached',
        message: '',
        lastTransitionTime: '2026-11-23T09:00:00Z',
        observedGeneration: 1,
      },
    ],
    ...change,
  });
  const other = { subscriptionId: SUBSCRIPTION, type: VMS, tags: { app: 'other' } };

  it('until a list that began Azure’s lag later', async () => {
    const it = setup();
    const until = it.clock.now() + SETTLED_MS;
    expect(await it.look(fleet())).toMatchObject({ loading: true, mayMissUntil: until });
    expect(await it.listed(fleet())).toMatchObject({ loading: false, mayMissUntil: until, hosts: [] });
    const made = vm(vmId('just-made'));
    it.lists.hosts.set(made.key, made);
    it.clock.advance(SETTLED_MS);
    await turn();
    const facts = await it.look(fleet());
    expect(claims(facts)).toEqual(['just-made wanted']);
    expect(facts.mayMissUntil).toBeUndefined();
    expect(it.lists.calls).toHaveLength(2);
  });

  it('also where lists are made for others already: one more, however often it is reconciled', async () => {
    const it = setup();
    await it.listed(fleet());
    it.clock.advance(300_000);
    await turn();
    it.lists.calls.length = 0;
    const object = fleet({
      spec: { target: { selector: other } },
      metadata: { uid: 'other', generation: 2 },
    });
    for (let n = 0; n < 3; n++)
      expect(await it.look(object)).toMatchObject({ mayMissUntil: Date.parse('2026-11-23T10:07:30Z') });
    it.clock.advance(SETTLED_MS);
    await turn();
    expect((await it.look(object)).mayMissUntil).toBeUndefined();
    expect(it.lists.calls).toHaveLength(1);
  });

  it('not one that selected so before azid started', async () => {
    const it = setup();
    expect((await it.look(fleet({ status: chosen() }))).mayMissUntil).toBeUndefined();
    expect(it.lists.calls).toHaveLength(1);
  });

  it.each([
    ['edited while azid was away', chosen({ observedGeneration: 0 })],
    ['still open when azid ended', chosen({ mayMissUntil: '2026-11-23T09:59:00Z' })],
  ])('but one that was %s', async (_, status) => {
    expect((await setup().look(fleet({ status }))).mayMissUntil).toBeDefined();
  });

  it('an edit of anything else opens nothing', async () => {
    const it = setup();
    await it.listed(fleet());
    it.clock.advance(SETTLED_MS);
    await turn();
    expect((await it.look(fleet({ metadata: { generation: 2 } }))).mayMissUntil).toBeUndefined();
    const edited = fleet({ metadata: { generation: 3 }, spec: { target: { selector: other } } });
    expect((await it.look(edited)).mayMissUntil).toBeDefined();
  });

  it('a requested reconcile is a new question', async () => {
    const it = setup();
    await it.look(fleet({ status: chosen() }));
    const annotations = { [RECONCILE_ANNOTATION]: 'now' };
    expect(
      (await it.look(fleet({ status: chosen(), metadata: { annotations } }))).mayMissUntil,
    ).toBeDefined();
  });

  it('what is known of it ends with it', async () => {
    const it = setup();
    await it.look(fleet());
    await it.look(deleted(fleet()));
    expect(it.deps.selecting.size).toBe(0);
  });
});

describe('a resource by its id', () => {
  it('is wanted before anything is read, in whatever spelling', async () => {
    const facts = await setup().look(
      attachment({
        spec: { target: { resourceId: vmId('VM1').replace('resourceGroups', 'RESOURCEGROUPS') } },
      }),
    );
    expect(claims(facts)).toEqual(['VM1 wanted']);
    expect(facts.hosts[0]?.key).toBe(armKey(vmId('vm1')));
  });

  it('is not searched for where no policy allows it', async () => {
    const it = setup({ policies: [] });
    expect(claims(await it.look(attachment()))).toEqual(['vm1 wanted']);
    expect(it.areas.names).toEqual([]);
  });

  it('is read when a reconcile is requested, once for each request', async () => {
    const it = setup({ azure: [vm(vmId('vm1'), carrying(IDENTITY_ID, 'p1'))] });
    const asking = attachment({ metadata: { annotations: { [RECONCILE_ANNOTATION]: 'now' } } });
    expect((await it.look(asking)).hosts[0]).toMatchObject({ shown: true });
    await it.look(asking);
    expect(it.lists.calls.filter((call) => call.startsWith('GET'))).toEqual(['GET vm1']);
  });

  it('and so is the identity that it is to have', async () => {
    const it = setup({ azure: [vm(vmId('vm1'), carrying(IDENTITY_ID, 'p1'))] });
    await it.look(attachment());
    expect(it.identitiesRead).toEqual([]);
    const asking = attachment({ metadata: { annotations: { [RECONCILE_ANNOTATION]: 'now' } } });
    await it.look(asking);
    await it.look(asking);
    expect(it.identitiesRead).toEqual([IDENTITY_ID]);
  });

  it('and so is one that it names by its ARM id, where a policy allows it', async () => {
    const asking = attachment({
      metadata: { annotations: { [RECONCILE_ANNOTATION]: 'now' } },
      spec: { identityId: IDENTITY_ID, identityRef: undefined, target: { resourceId: vmId('vm1') } } as never,
    });
    const azure = [vm(vmId('vm1'), carrying(IDENTITY_ID, 'p1'))];
    const denied = setup({ azure });
    await denied.look(asking);
    expect(denied.identitiesRead).toEqual([]);
    const rule = { types: ['*'], scopes: [vmId('vm1')], identities: { ids: [IDENTITY_ID] } };
    const allowed = setup({ azure, policies: [policy({ attachments: [rule] })] });
    await allowed.look(asking);
    expect(allowed.identitiesRead).toEqual([IDENTITY_ID]);
  });

  it('shows an identity only where it is alive', async () => {
    const it = setup({ azure: [vm(vmId('vm1'), carrying(IDENTITY_ID))] });
    expect((await it.listed(attachment())).hosts[0]).toMatchObject({ shown: false, absent: false });
  });

  it('has a ledger that distinguishes its own entry from former ones and those of others', async () => {
    const foreign = entry({ identityId: `${IDENTITY_ID}2`, owners: [] });
    const former = entry({ identityId: OLD_IDENTITY_ID });
    const mine = entry({ identityId: IDENTITY_ID.toUpperCase() });
    const holders = [holder(vmId('VM1'), { entries: [foreign, former, mine], unproven: [IDENTITY_ID] })];
    const facts = await setup({ holders }).look(attachment());
    expect(facts.hosts.map(({ ledger }) => ledger)).toEqual([
      { entry: mine, former: [former], unproven: true, contested: false },
    ]);
  });

  it('that was named before stays as long as a ledger names the object', async () => {
    const holders = [holder(vmId('old'), { entries: [entry()] })];
    expect(claims(await setup({ holders }).look(attachment()))).toEqual(['old unwanted', 'vm1 wanted']);
  });

  it('reads the ledger by what the identity was while its object is away', async () => {
    const holders = [holder(vmId('vm1'), { entries: [entry()] })];
    const it = setup({ holders, identities: [] });
    const facts = await it.look(attachment({ status: { identityId: IDENTITY_ID } }));
    expect(facts.identity.state).toBe('waiting');
    expect(facts.hosts[0]?.ledger?.entry).toMatchObject({ identityId: IDENTITY_ID });
  });
});

describe('an object that goes, or names nothing that could be', () => {
  it('reads only the hosts whose ledgers name it', async () => {
    const holders = [holder(vmId('old'), { entries: [entry()] }), holder(vmId('vm1'))];
    const it = setup({ holders });
    expect(claims(await it.look(deleted(attachment())))).toEqual(['old unwanted']);
    expect(it.areas.names).toEqual([area]);
  });

  it.each([
    ['half an id', { target: { resourceId: `${GROUP}/providers/${VMS}` } }],
    ['an unknown type', { target: { selector: { subscriptionId: SUBSCRIPTION, type: 'A.B/c' } } }],
  ])('%s', async (_, spec) => {
    const facts = await setup().look(attachment({ spec }));
    expect(facts.problem).toBeDefined();
    expect(facts.hosts).toEqual([]);
  });
});

describe('a ledger that names as many as it can for the identity', () => {
  const other = (at: number) =>
    ({ kind: 'IdentityAttachment', namespace: 'team-b', name: `a${at}`, uid: `uid-${at}` }) as const;
  const owners = Array.from({ length: MAX_OWNERS }, (_, at) => other(at));
  const seen = async (names: typeof owners, one = attachment()) => {
    const holders = [holder(vmId('vm1'), { entries: [entry({ owners: names })] })];
    const it = setup({ azure: [vm(vmId('vm1'), carrying(IDENTITY_ID, 'p1'))], holders });
    return (await it.listed(one)).hosts[0]?.ledger;
  };

  it('speaks for one more, and says that it does not name it', async () => {
    expect(await seen(owners)).toMatchObject({ entry: { identityId: IDENTITY_ID }, unnamed: true });
    expect(await seen(owners.slice(1))).not.toHaveProperty('entry');
    const mine = entry().owners;
    expect(await seen([...owners.slice(1), ...mine] as typeof owners)).not.toHaveProperty('unnamed');
  });
});

it('for how long its deletion has been refused is counted by the monotonic clock', async () => {
  const it = setup();
  const conditions = [deletionBlocked(it.clock.now() - 60_000)];
  const going = fleet();
  const { blockedMs } = await it.look({
    ...going,
    metadata: { ...going.metadata, deletionTimestamp: '2026-11-23T09:00:00Z' },
    status: { ...going.status, conditions },
  });
  expect(blockedMs).toBe(60_000);
});
