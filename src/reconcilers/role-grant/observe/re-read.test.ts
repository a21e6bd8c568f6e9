import { describe, expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import { silentLog } from '../../../runtime/log.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import type { ReconcileContext } from '../../kind.ts';
import { emptyStores } from '../../stores.fixture.ts';
import { IDENTITY_ID, SCOPE, settled } from '../facts.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { type ReReadDeps, reRead } from '../observe.ts';

const asked = (status: RoleGrant['status'] = {}) =>
  settled({ metadata: { annotations: { 'azid.dev/reconcile-requested-at': 'now' } }, status });

const VM = `${SCOPE}/providers/Microsoft.Compute/virtualMachines/web`;
const ofResource = (object: RoleGrant): RoleGrant => ({
  ...object,
  spec: { ...object.spec, principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'vm' } } },
});

async function look(object: RoleGrant, seen: object = { state: 'unknown' }, failure?: Error) {
  const clock = new FakeClock();
  const reads: string[] = [];
  const context: ReconcileContext = {
    key: 'team-a/read',
    priority: 'edit',
    attempt: 1,
    reconcileId: 'r1',
    log: silentLog,
    signal: new AbortController().signal,
    startedAt: clock.monotonic(),
    patienceMs: 1_000,
  };
  const identities = {
    async get(id: string) {
      reads.push(id);
      if (failure) throw failure;
      return { found: false };
    },
  };
  const hostCache = {
    observe: () => seen,
    async refresh(id: string) {
      reads.push(`resource ${id}`);
      if (failure) throw failure;
    },
  };
  const systemProofs = { resourceOf: (key: string) => (key === 'team-a/vm' ? VM : undefined) };
  const identityCache = { observe: () => seen };
  const deps = { identities, identityCache, hostCache, systemProofs, stores: emptyStores(), clock };
  await reRead(object, context, deps as unknown as ReReadDeps);
  return reads;
}

describe('a request to reconcile now', () => {
  it('reads the identity behind the grant', async () => {
    expect(await look(asked())).toEqual([IDENTITY_ID]);
    expect(await look(asked(), { state: 'present', how: 'list', ageMs: 0 })).toEqual([IDENTITY_ID]);
    expect(await look(asked(), { state: 'present', how: 'get', ageMs: 1 })).toEqual([IDENTITY_ID]);
  });

  it('reads it once in a reconcile, and not without a request', async () => {
    expect(await look(asked(), { state: 'present', how: 'get', ageMs: 0 })).toEqual([]);
    expect(await look(asked(), { state: 'absent', ageMs: 0 })).toEqual([]);
    expect(await look(settled())).toEqual([]);
    expect(await look(asked({ lastHandledReconcileAt: 'now' }))).toEqual([]);
  });

  it('does not take a resource for an identity of its own', async () => {
    expect(await look(asked({ identityId: VM }))).toEqual([]);
  });

  it('reads the resource whose own identity has the grant, once in a reconcile', async () => {
    const object = ofResource(asked({ identityId: VM }));
    expect(await look(object)).toEqual([`resource ${VM}`]);
    expect(await look(object, { state: 'absent', ageMs: 1 })).toEqual([`resource ${VM}`]);
    expect(await look(object, { state: 'present', how: 'get', ageMs: 0 })).toEqual([]);
    expect(await look(ofResource(settled()))).toEqual([]);
  });

  it('leaves a refusal to whoever needs the identity, and throws what is no answer', async () => {
    const refused = new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' });
    expect(await look(asked(), undefined, refused)).toEqual([IDENTITY_ID]);
    await expect(look(asked(), undefined, new Error('bug'))).rejects.toThrow('bug');
    expect(await look(ofResource(asked({ identityId: VM })), undefined, refused)).toHaveLength(1);
  });
});
