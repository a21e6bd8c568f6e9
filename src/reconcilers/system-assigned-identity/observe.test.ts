import { describe, expect, it } from 'vitest';
import type { IdentityPolicy } from '../../api/identity-policy.ts';
import type { SystemAssignedIdentitySpec } from '../../api/system-assigned-identity.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { Elapsed } from '../../runtime/time/elapsed.ts';
import { MAX_OWNERS } from '../hosts/ledger/lines.ts';
import { type Given, holder, metadata, vm, worldOf } from '../identity-attachment/world.fixture.ts';
import { deletionBlocked } from '../status/blocked.fixture.ts';
import { decide } from './decide.ts';
import { ANOTHER, deleted, entry, GROUP, object, PRINCIPAL, policy, settled, VM } from './facts.fixture.ts';
import type { Facts, SystemAssignedIdentity } from './facts.ts';
import { type ObserveDeps, observe } from './observe.ts';

const FLEXIBLE = `${GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/flex`;

interface More extends Given {
  readonly systemIdentity?: ObserveDeps['hosts']['systemIdentity'];
  readonly references?: readonly string[];
}

function setup({ systemIdentity, references = [], policies = [policy()], ...given }: More = {}) {
  const { clock, lists, hostCache, stores, context } = worldOf({ ...given, policies });
  const calls: string[] = [];
  const areas = hostCache.inUse;
  const deps: ObserveDeps = {
    stores,
    hosts: {
      systemIdentity: (id, call) => {
        calls.push(`identities/default of ${id}`);
        return systemIdentity
          ? systemIdentity(id, call)
          : Promise.resolve({ principalId: PRINCIPAL, clientId: 'client-1', tenantId: 'tenant-1' });
      },
    },
    hostCache: hostCache,
    areas,
    dependents: {
      referencesToSystemIdentity: async (key) => {
        calls.push(`references to ${key}`);
        return references;
      },
      leftoversOf: async ({ id, principalId }) => {
        calls.push(`leftovers of ${principalId} at ${id}`);
        return ['leftover'];
      },
    },
    clock,
    releaseAfterMs: 1,
    elapsed: new Elapsed(clock),
    principals: new Map(),
    reReads: new Map(),
  };
  const look = (one: SystemAssignedIdentity): Promise<Facts> => observe(one, context, deps);
  const listed = async (one: SystemAssignedIdentity) => {
    await look(one);
    await Promise.all(areas.names.map((each) => hostCache.whenLoaded(each)));
    return look(one);
  };
  return { look, listed, areas, calls, lists, hostCache, clock };
}

const on = holder(VM, { hostId: VM, systemAssigned: entry() });
const named = (resourceId: string, more: Partial<SystemAssignedIdentitySpec> = {}) =>
  object({ spec: { resourceId, ...more } });

describe('what is read for an object', () => {
  it('nothing where no policy allows it', async () => {
    const it = setup({ policies: [], azure: [vm(VM)] });
    await it.look(object());
    expect(it.areas.names).toEqual([]);
    expect([...it.calls, ...it.lists.calls]).toEqual([]);
  });

  it('who a new principal is, once: a settled object costs no call', async () => {
    const it = setup({ holders: [on] });
    expect(await it.look(object())).toMatchObject({ azure: { state: 'found', clientId: 'client-1' } });
    expect(it.calls).toEqual([`identities/default of ${VM}`]);
    expect(await it.look(settled())).not.toHaveProperty('azure');
    expect(it.calls).toHaveLength(1);
  });

  it('an identity that cannot be read, or is not known yet, is no crash', async () => {
    const no = new AzureError({ code: 'AuthorizationFailed', message: 'no', status: 403 });
    const refused = setup({ holders: [on], systemIdentity: () => Promise.reject(no) });
    expect(await refused.look(object())).toMatchObject({ azure: { state: 'unreadable' } });
    const unknown = setup({ holders: [on], systemIdentity: async () => undefined });
    expect(await unknown.look(object())).not.toHaveProperty('azure');
  });

  it('only what the ledger has for this very object', async () => {
    const others = holder(VM, { systemAssigned: entry({ owners: [] }) });
    const facts = await setup({ holders: [others] }).look(object());
    expect(facts.ledger).toEqual({ contested: false });
  });

  it('that the resource is gone, once Azure said so', async () => {
    const it = setup({ azure: [vm(VM)], holders: [on] });
    expect(await it.listed(settled())).toMatchObject({ absent: false });
    it.lists.hosts.delete(armKey(VM));
    await it.hostCache.refresh(VM, 'event');
    expect(await it.look(settled())).toMatchObject({ absent: true });
  });

  it.each([
    ['InvalidResourceId', named(GROUP)],
    ['UnsupportedType', named(`${GROUP}/providers/Contoso.Things/boxes/b`)],
    ['InvalidApiVersion', named(VM, { apiVersion: '2024-07-01' })],
  ])('%s by the spec alone', async (reason, one) => {
    expect((await setup().look(one)).problem?.reason).toBe(reason);
  });

  it('a flexible scale set has none, as soon as it is seen to be one', async () => {
    const it = setup({ azure: [vm(FLEXIBLE, { variant: 'flexible' })] });
    expect(await it.look(named(FLEXIBLE))).not.toHaveProperty('problem');
    expect(await it.listed(named(FLEXIBLE))).toMatchObject({
      problem: { reason: 'SystemAssignedNotSupported', message: expect.stringContaining('(flexible)') },
    });
  });
});

describe('what hangs on an identity that goes', () => {
  const off = deleted({ spec: { deletionPolicy: 'Delete' } });

  it('is asked when it is to be switched off', async () => {
    const it = setup({ holders: [on] });
    expect(await it.look(off)).toMatchObject({ references: [], leftovers: ['leftover'] });
    expect(it.calls).toEqual(['references to team-a/vm1', `leftovers of ${PRINCIPAL} at ${VM}`]);
  });

  it('is asked, too, of an object that an edit has made wrong', async () => {
    const it = setup({ holders: [on], references: ['RoleGrant team-a/read'] });
    const wrong = deleted({ spec: { deletionPolicy: 'Delete', apiVersion: '2024-07-01' } });
    expect(await it.look(wrong)).toMatchObject({
      ledger: { entry: { owned: true } },
      references: ['RoleGrant team-a/read'],
    });
  });

  it('is asked, too, where a status says that nothing does: it may have been written while no azid ran', async () => {
    const forged = deleted({ spec: { deletionPolicy: 'Delete' }, status: { released: true } as never });
    const it = setup({ holders: [on], references: ['RoleGrant team-a/read'] });
    expect(await it.look(forged)).toMatchObject({ references: ['RoleGrant team-a/read'] });
  });

  it('is not searched for while something refers to it', async () => {
    const it = setup({ holders: [on], references: ['RoleGrant team-a/read'] });
    expect(await it.look(off)).toMatchObject({ references: ['RoleGrant team-a/read'], leftovers: [] });
  });

  it('is not asked where the identity stays', async () => {
    const foreign = holder(VM, { systemAssigned: entry({ owned: false }) });
    for (const [one, holders] of [
      [deleted(), [on]],
      [off, [foreign]],
    ] as const) {
      const it = setup({ holders });
      await it.look(one);
      expect(it.calls).toEqual([]);
    }
  });
});

describe('what hangs on the identity of a resource that was moved to another group', () => {
  const MOVED = VM.replace('/rg1/', '/rg2/');
  const off = deleted({ spec: { deletionPolicy: 'Delete' } });
  const moved = holder(MOVED, { hostId: MOVED, movedFrom: VM, systemAssigned: entry() });

  it('is asked, and by its principal where the resource is now', async () => {
    const it = setup({ azure: [vm(MOVED)], holders: [moved] });
    const facts = await it.look(off);
    expect(facts).toMatchObject({
      ledger: { entry: { owned: true }, hostId: MOVED },
      leftovers: ['leftover'],
    });
    expect(it.calls).toEqual(['references to team-a/vm1', `leftovers of ${PRINCIPAL} at ${MOVED}`]);
    expect(decide(off, facts).actions.map(({ type }) => type)).toEqual(['deleteLeftover']);
  });

  it('keeps the object while a grant refers to it', async () => {
    const it = setup({ holders: [moved], references: ['RoleGrant team-a/read'] });
    expect(decide(off, await it.look(off)).summary).toMatchObject({ reason: 'InUse' });
  });

  it('is asked of both principals where another resource has its old id', async () => {
    const there = holder(VM, { hostId: VM, systemAssigned: entry({ principalId: ANOTHER }) });
    const it = setup({ holders: [{ ...moved, metadata: metadata('moved', 'azid') }, there] });
    await it.look(off);
    expect(it.calls.slice(1)).toEqual([
      `leftovers of ${ANOTHER} at ${VM}`,
      `leftovers of ${PRINCIPAL} at ${MOVED}`,
    ]);
  });
});

/** As many as a ledger names are named; an object beyond them has no part in it by that. */
describe('an object that a full ledger does not name', () => {
  const owners = Array.from({ length: MAX_OWNERS }, (_, n) => ({
    kind: 'SystemAssignedIdentity' as const,
    namespace: 'team-b',
    name: `vm-${n}`,
    uid: `uid-${n}`,
  }));
  const holders = [holder(VM, { hostId: VM, systemAssigned: entry({ owners }) })];

  it('has a part in it where a policy allows that', async () => {
    const facts = await setup({ holders }).look(settled());
    expect(facts.ledger).toMatchObject({ entry: { owned: true }, unnamed: true });
  });

  it('has none where no policy does', async () => {
    const it = setup({ holders, policies: [] });
    expect((await it.look(settled())).ledger).not.toHaveProperty('entry');
    expect(it.areas.names).toEqual([]);
  });

  it.each<[string, readonly IdentityPolicy[]]>([
    ['allowed', [policy()]],
    ['or not', []],
  ])('leaves when it is deleted, and deletes nothing of the principal: %s', async (_, policies) => {
    const it = setup({ holders, policies });
    const going = deleted({ spec: { deletionPolicy: 'Delete' } });
    const facts = await it.look(going);
    expect(it.calls).toEqual([]);
    expect(decide(going, facts).actions).toEqual([{ type: 'removeFinalizer' }]);
  });
});

describe('where a resource is that was moved', () => {
  const NEW = VM.replace('rg1', 'rg9');
  const instance = 'vmId:1';

  it.each<[string, readonly object[]]>([
    [
      'by the ledger that went with it',
      [holder(NEW, { hostId: NEW, movedFrom: VM.toUpperCase(), systemAssigned: entry() })],
    ],
    ['by what tells it from any other', [holder(VM, { instance })]],
  ])('reads %s, and the principal stays', async (_, holders) => {
    const it = setup({ azure: [vm(NEW, { instance })], holders });
    await it.listed(object());
    await it.hostCache.refresh(VM, 'event');
    expect(await it.look(object())).toMatchObject({ absent: true, movedTo: NEW });
    const { status, summary } = decide(settled(), await it.look(settled()));
    expect(status.principalId).toBe(PRINCIPAL);
    expect(summary).toMatchObject({ state: 'waiting', message: expect.stringContaining(`moved to ${NEW}`) });
  });

  it('is not known for one that is gone, of another that was made in its place, nor where nothing tells two apart', async () => {
    const at = (one: string) => ({ azure: [vm(NEW, { instance: one })] });
    for (const [given, holders] of [
      [{}, [holder(VM, { instance })]],
      [at('vmId:2'), [holder(VM, { instance })]],
      [at('created:1'), [holder(VM, { instance: 'created:1' })]],
      [at(instance), [holder(NEW, { hostId: NEW, movedFrom: VM, systemAssigned: entry({ owners: [] }) })]],
    ] as const) {
      const it = setup({ ...given, holders });
      await it.listed(object());
      await it.hostCache.refresh(VM, 'event');
      const seen = await it.look(settled());
      expect(seen).toMatchObject({ absent: true });
      expect(seen).not.toHaveProperty('movedTo');
      expect(decide(settled(), seen).status.principalId).toBeUndefined();
    }
  });
});

it('for how long its deletion has been refused is counted by the monotonic clock', async () => {
  const it = setup({ holders: [on] });
  const metadata = { deletionTimestamp: '2026-11-23T09:00:00Z' };
  const status = { conditions: [deletionBlocked(it.clock.now() - 60_000)] };
  const { blockedMs } = await it.look(object({ metadata, status }));
  expect(blockedMs).toBe(60_000);
  expect((await it.look(object({ metadata }))).blockedMs).toBeUndefined();
});
