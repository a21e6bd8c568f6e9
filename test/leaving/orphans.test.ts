import { beforeEach, describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { hostIdentity } from '../../src/api/host-identity.ts';
import { identityAttachment } from '../../src/api/identity-attachment.ts';
import { orphanSweep } from '../../src/api/orphan-sweep.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { type OrphanReport, reportOrphans } from '../../src/cli/orphans/orphan-report.ts';
import { exitCodeOf, jsonOf, textOf } from '../../src/cli/orphans/orphans.ts';
import type { Interceptor, KubeRequest } from '../../src/kube/transport/request.ts';
import type { Resource } from '../../src/kube/types.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { Estate } from '../support/kinds/estate.ts';
import { RG1, SUB } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** `azid orphans`: what a sweep would list, at a terminal, without a sweep and without a write to either side. */

let cluster: Cluster;
let world: World;
let estate: Estate;
let tests = 0;
useWorld(async (ground) => {
  ({ cluster, world } = ground);
  estate = new Estate(cluster, world, `orphans-${++tests}`);
}, {});
beforeEach(async () => {
  const { control } = world.azure;
  const actions = [
    '*/read',
    'Microsoft.ManagedIdentity/userAssignedIdentities/listAssociatedResources/action',
  ];
  world.giveRights(SUB, control.defineRole({ roleName: 'azid orphans', actions }).id);
  const operator = await world.start();
  await estate.build();
  await estate.ready();
  await world.pass(60_000);
  await world.stop(operator);
});

/** What was written to Kubernetes. */
let written: KubeRequest[];
async function report(scope = SUB, directory = false): Promise<OrphanReport> {
  written = [];
  const watchWrites: Interceptor = (request, next) => {
    if (request.method !== 'GET') written.push(request);
    return next(request);
  };
  // As a person runs it, in real time; what time it is both sides agree on.
  const options = await world.operatorOptions({
    clock: { ...systemClock, now: () => world.clock.now() },
    directory,
    interceptKube: watchWrites,
  });
  const since = world.azure.requests().length;
  // Azure's clock goes on at the same pace.
  const ticking = setInterval(() => void world.clock.advance(20), 20);
  const work = reportOrphans(options, [scope], () => {}, new AbortController().signal);
  const done = await work.finally(() => clearInterval(ticking));
  const reads = ['/resources', '/getByIds', '/token', '/listAssociatedResources', '$batch'];
  const writes = world.azure
    .requests(since)
    .filter(
      ({ caller, method, path }) =>
        caller === 'controller' &&
        method !== 'GET' &&
        !reads.some((each) => path.split('?')[0]?.endsWith(each)),
    );
  expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  expect(written).toEqual([]);
  return done;
}

/** Somebody takes the finalizer off, and the object goes: what it has in Azure stays. */
async function strip(resource: Resource, name: string): Promise<void> {
  const key = `${estate.stage.namespace}/${name}`;
  await cluster.patch(resource, key, { metadata: { finalizers: [] } });
  await cluster.delete(resource, key);
}

const listed = ({ report: { candidates } }: OrphanReport) =>
  candidates.map(({ type, reason, owner }) => `${type} ${reason} ${owner ?? '-'}`).toSorted();

describe('azid orphans', () => {
  it('finds none where all that azid made has its object, and exits 0', async () => {
    const found = await report();
    expect(listed(found)).toEqual([]);
    expect(exitCodeOf(found)).toBe(0);
    expect(textOf(found, false)).toMatch(
      /^No orphans\.\nLooked at 1 identities, 2 role assignments and 1 credentials /,
    );
  });

  it('lists what lost its object, with what keeps it, and exits 2', async () => {
    await strip(roleGrant.resource, 'read');
    await strip(federatedIdentityCredential.resource, 'deploy');
    const found = await report();
    expect(exitCodeOf(found)).toBe(2);
    const told = listed(found);
    expect(told).toHaveLength(2);
    expect(told.join()).toContain('RoleAssignment');
    expect(told.join()).toContain('FederatedIdentityCredential');
    const json = JSON.parse(jsonOf(found));
    // Scripts read these names.
    expect(Object.keys(json)).toEqual(['installationId', 'time', 'areas', 'candidates', 'judged']);
    expect(json.candidates.map(({ type }: { type: string }) => type).toSorted()).toEqual([
      'FederatedIdentityCredential',
      'RoleAssignment',
    ]);
    expect(textOf(found, true)).toContain('/providers/Microsoft.Authorization/roleAssignments/');
    expect(textOf(found, false).split('\n')[0]).toMatch(/^TYPE +REASON +OWNER +NAME$/);
    expect(await cluster.list(orphanSweep.resource)).toEqual([]);
  });

  it('lists an identity whose object is gone, though things hang on it', async () => {
    await strip(roleGrant.resource, 'read');
    await strip(federatedIdentityCredential.resource, 'deploy');
    await strip(userAssignedIdentity.resource, 'app');
    const found = await report();
    // The attachment still refers to it by name: somebody may want it.
    expect(listed(found).join()).not.toContain('Identity OwnerGone');
    await strip(identityAttachment.resource, 'vm1');
    for (const { metadata } of await estate.stage.ledgers()) {
      const key = `azid-system/${metadata.name}`;
      await cluster.patch(hostIdentity.resource, key, { metadata: { finalizers: [] } });
      await cluster.delete(hostIdentity.resource, key);
    }
    const again = await report();
    expect(listed(again)).toContain(`Identity OwnerGone ${estate.stage.namespace}/app`);
    expect(textOf(again, true)).toContain('Microsoft.Compute/virtualMachines/vm1');
  });

  it('of others lists assignments of principals that are gone, where the directory may be asked', async () => {
    const { control } = world.azure;
    const caller = control.identities({}).find(({ name }) => name === 'azid-controller');
    control.allowGraph({ principalId: caller?.principalId ?? '' });
    const { objectId } = control.createPrincipal({ displayName: 'left us' });
    control.grant({ principalId: objectId, role: 'Reader', scope: RG1 });
    control.settle();
    await world.elapse(2 * 3_600_000);
    expect(listed(await report(SUB, true))).toEqual([]);
    control.deletePrincipal({ objectId, purge: true });
    control.settle();
    const found = await report(SUB, true);
    expect(listed(found)).toEqual(['RoleAssignment ForeignPrincipalGone -']);
    expect(exitCodeOf(found)).toBe(2);
    // Without the directory nobody knows.
    expect(listed(await report(SUB, false))).toEqual([]);
  });

  it('does not say that there are none where not everything could be read, and exits 1', async () => {
    world.moveRights();
    const found = await report();
    expect(exitCodeOf(found)).toBe(1);
    expect(textOf(found, false)).toContain(`Not all of ${SUB} could be read`);
    expect(textOf(found, false)).not.toContain('No orphans');
  });
});
