import { beforeEach, describe, expect, it } from 'vitest';
import type { RoleGrantStatus } from '../../../api/role-grant.ts';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import type { GetResult } from '../../../azure/identities.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Observation } from '../../../cache/store/entry.ts';
import { silentLog } from '../../../runtime/log.ts';
import { Elapsed } from '../../../runtime/time/elapsed.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import type { ObservedSystemIdentity } from '../../hosts/system-identity.ts';
import type { ReconcileContext } from '../../kind.ts';
import { HeldIdentities, identityAt, marksOf } from '../../proof/proofs.fixture.ts';
import { SystemProofs } from '../../proof/system-identity.ts';
import { emptyStores, meta, put } from '../../stores.fixture.ts';
import type { Stores } from '../../stores.ts';
import { grant, IDENTITY_ID, PRINCIPAL, RECYCLED, SCOPE, target } from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { grantsOfPrincipal } from '../ownership/co-owners.ts';
import { type PrincipalDeps, principalOf } from './principal.ts';

const VM = `${SCOPE}/providers/Microsoft.Compute/virtualMachines/web`;
const own = { principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'web' } } } as const;
const context: ReconcileContext = {
  key: 'team-a/read',
  priority: 'event',
  attempt: 1,
  reconcileId: 'r1',
  log: silentLog,
  signal: new AbortController().signal,
  startedAt: 0,
  patienceMs: 1_000,
};
const refused = () => new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' });

let stores: Stores;
let clock: FakeClock;
let asked: string[];
let held: HeldIdentities;
/** What the cache of resources shows of the machine. */
let vm: Observation<AzureHost>;
beforeEach(() => {
  stores = emptyStores();
  clock = new FakeClock();
  asked = [];
  held = new HeldIdentities();
  vm = { state: 'unknown' };
});

const machine = (principalId?: string): Observation<AzureHost> => ({
  state: 'present',
  how: 'list',
  ageMs: 0,
  resource: {
    id: VM,
    key: armKey(VM),
    type: 'Microsoft.Compute/virtualMachines',
    tags: {},
    identity: { system: principalId !== undefined, ...(principalId && { principalId }), userAssigned: [] },
  },
});

/** @param answer what Azure says of either kind; an error is thrown */
function deps(
  answer: ObservedSystemIdentity | AzureError = { found: false, conclusive: false },
): PrincipalDeps {
  const given = (id: string) => {
    asked.push(id);
    if (answer instanceof AzureError) throw answer;
    return answer;
  };
  const systemProofs = new SystemProofs({
    stores,
    clock,
    hostCache: {
      loading: () => false,
      observe: () => vm,
      byIndex: (_, id) =>
        vm.state === 'present' && vm.resource.identity.principalId?.toLowerCase() === id.toLowerCase()
          ? [vm.resource]
          : [],
    },
    systemIdentity: async (id) => given(id),
  });
  return {
    stores,
    proofs: held.proofs(stores),
    systemProofs,
    clock,
    elapsed: new Elapsed(clock),
    firstSeen: new Map(),
    identities: {
      get: async (id) => {
        const seen = given(id);
        return (
          seen.found ? { found: true, identity: seen, requestedAt: 0 } : { found: false, requestedAt: 0 }
        ) as GetResult;
      },
    },
    identityCache: {
      observe: () =>
        !(answer instanceof AzureError) && !answer.found && answer.conclusive
          ? { state: 'absent', provenBy: 'get', ageMs: 0 }
          : { state: 'unknown' },
    },
    systemIdentity: async (id) => given(id),
  };
}
const system = (status: object = {}, more: object = {}) =>
  put(stores.systemIdentities, {
    metadata: meta('web', { namespace: 'team-a', ...more }),
    spec: { resourceId: VM },
    status,
  });
/** The ledger of the machine says that its identity is on for the object of this uid. */
const isOn = (uid = 'uid-web') =>
  put(stores.hosts, {
    metadata: meta('host-1', { namespace: 'azid-system' }),
    spec: { resourceId: VM },
    status: {
      systemAssigned: {
        state: 'Attached',
        owned: true,
        owners: [{ kind: 'SystemAssignedIdentity', namespace: 'team-a', name: 'web', uid }],
        credential: 'azid',
        since: '2026-11-23T10:00:00Z',
      },
    },
  });
const stands = (status: RoleGrantStatus = {}): RoleGrant =>
  grant({
    spec: own,
    status: { identityId: VM, principalId: PRINCIPAL, ledger: [target.id], ...status },
  });

describe('a principal by SystemAssignedIdentity', () => {
  it('is waited for by the name of its object', async () => {
    expect(await principalOf(grant({ spec: own }), context, deps())).toMatchObject({
      state: 'waiting',
      for: 'SystemAssignedIdentity team-a/web',
      message: expect.stringContaining('does not exist'),
      dead: false,
    });
    system();
    expect(await principalOf(grant({ spec: own }), context, deps())).toMatchObject({
      message: expect.stringContaining('SystemAssignedIdentity team-a/web, which has no principal yet'),
    });
    expect(asked).toEqual([]);
  });

  it('is the one Azure shows on the resource, whatever a status says, and young for 15 minutes', async () => {
    system({ id: VM, principalId: 'forged' });
    isOn();
    vm = machine(PRINCIPAL.toUpperCase());
    const seen = deps();
    const known = { state: 'known', id: PRINCIPAL, type: 'ServicePrincipal', identityId: VM, live: false };
    expect(await principalOf(stands(), context, seen)).toEqual({ ...known, young: true });
    clock.advance(15 * 60_000);
    expect(await principalOf(stands(), context, seen)).toEqual({ ...known, young: false });
    vm = machine(RECYCLED);
    expect(await principalOf(stands(), context, seen)).toEqual({ ...known, id: RECYCLED, young: true });
    system({}, { deletionTimestamp: '2026-11-23T10:00:00Z' });
    expect(await principalOf(stands(), context, seen)).toMatchObject({ id: RECYCLED, deleting: true });
    expect(asked).toEqual([]);
  });

  it.each([
    ['back', -3_600_000],
    ['forward', 3_600_000],
  ])('is young for as long when the wall clock is set %s meanwhile', async (_, by) => {
    system();
    isOn();
    vm = machine(PRINCIPAL);
    const given = deps();
    let jump = 0;
    const set = { now: () => clock.now() + jump, monotonic: () => clock.monotonic() };
    const seen = {
      ...given,
      clock: { ...clock, ...set, timer: clock.timer.bind(clock) },
      elapsed: new Elapsed(set),
    };
    const isYoung = async () => {
      const principal = await principalOf(stands(), context, seen);
      return principal.state === 'known' && principal.young;
    };
    expect(await isYoung()).toBe(true);
    jump = by;
    clock.advance(15 * 60_000 - 1);
    expect(await isYoung()).toBe(true);
    clock.advance(1);
    expect(await isYoung()).toBe(false);
  });

  it('is read from Azure itself before a write, and where the cache does not suffice', async () => {
    system();
    isOn();
    const seen = deps({ found: true, principalId: RECYCLED });
    expect(await principalOf(stands(), context, seen)).toMatchObject({ id: RECYCLED, live: true });
    vm = machine(PRINCIPAL);
    expect(await principalOf(stands(), context, seen)).toMatchObject({ id: PRINCIPAL, live: false });
    expect(await principalOf(stands(), context, seen, true)).toMatchObject({ id: RECYCLED, live: true });
    expect(asked).toEqual([VM, VM]);
  });

  it("is nobody's for whom the ledger does not say that the identity is on", async () => {
    system({ id: VM, principalId: PRINCIPAL });
    vm = machine(PRINCIPAL);
    expect(await principalOf(grant({ spec: own }), context, deps())).toMatchObject({ state: 'waiting' });
    isOn('uid-of-another');
    expect(await principalOf(grant({ spec: own }), context, deps())).toMatchObject({ state: 'waiting' });
  });

  it('is not the UserAssignedIdentity of the same name', async () => {
    put(stores.identities, { metadata: meta('web', { namespace: 'team-a' }), spec: {} });
    held.put(identityAt(IDENTITY_ID, RECYCLED, marksOf(meta('web', { namespace: 'team-a' }))));
    system();
    isOn();
    vm = machine(PRINCIPAL);
    expect(await principalOf(stands(), context, deps())).toMatchObject({ id: PRINCIPAL, identityId: VM });
    expect(await principalOf(grant(), context, deps())).toMatchObject({
      id: RECYCLED,
      identityId: IDENTITY_ID,
    });
  });
});

describe('what stands, once nobody knows a principal,', () => {
  const rows: [string, ObservedSystemIdentity | AzureError, { dead: boolean; unclear?: true }][] = [
    [
      'lives on where Azure shows the same one',
      { found: true, principalId: PRINCIPAL.toUpperCase() },
      { dead: false },
    ],
    ['is dead where Azure shows another one', { found: true, principalId: RECYCLED }, { dead: true }],
    [
      'is dead where Azure shows for certain that there is none',
      { found: false, conclusive: true },
      { dead: true },
    ],
    [
      'is unclear where Azure may only lag',
      { found: false, conclusive: false },
      { dead: false, unclear: true },
    ],
    ['is unclear where Azure refuses to tell', refused(), { dead: false, unclear: true }],
  ];
  it.each(rows)('%s', async (_, answer, expected) => {
    // With the object there and its principal cleared, without it, and whatever the grant refers to by now.
    const cases: [RoleGrant, string][] = [
      [stands(), VM],
      [stands({ identityId: IDENTITY_ID }), IDENTITY_ID],
      [{ ...stands(), spec: grant().spec }, VM],
    ];
    for (const [object, id] of cases) {
      asked = [];
      expect(await principalOf(object, context, deps(answer))).toMatchObject({
        state: 'waiting',
        ...expected,
      });
      expect(asked).toEqual([id]);
    }
    system();
    const observed = await principalOf(stands(), context, deps(answer));
    expect(observed).toMatchObject({ state: 'waiting', ...expected });
    expect('unclear' in observed).toBe(expected.unclear ?? false);
  });

  it('is never judged without a read of Azure, nor is a read made where nothing stands', async () => {
    const { systemIdentity: _, ...blind } = deps({ found: false, conclusive: true });
    expect(await principalOf(stands(), context, blind)).toMatchObject({ dead: false, unclear: true });
    expect(await principalOf(stands({ ledger: [] }), context, deps(refused()))).toMatchObject({
      dead: false,
    });
    expect(asked).toEqual([]);
  });
});

it('grants of one principal are found by either kind of reference, by id, and by what they had', () => {
  const name = (object: RoleGrant, as: string) =>
    put(stores.grants, { ...object, metadata: { ...object.metadata, name: as, uid: as } });
  system();
  vm = machine(PRINCIPAL);
  // Another namespace speaks of the same resource.
  put(stores.systemIdentities, {
    metadata: meta('vm', { namespace: 'team-b' }),
    spec: { resourceId: VM },
  });
  name(grant({ spec: own }), 'fresh');
  name(
    grant({
      metadata: { namespace: 'team-b' },
      spec: { principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'vm' } } },
    }),
    'theirs',
  );
  name(grant({ spec: { principal: { id: PRINCIPAL.toUpperCase(), type: 'ServicePrincipal' } } }), 'by-id');
  name(grant({ status: { principalId: PRINCIPAL } }), 'had-it');
  name(grant(), 'stranger');
  expect([...grantsOfPrincipal(PRINCIPAL, { ...deps(), stores })].toSorted()).toEqual([
    'team-a/by-id',
    'team-a/fresh',
    'team-a/had-it',
    'team-b/theirs',
  ]);
});
