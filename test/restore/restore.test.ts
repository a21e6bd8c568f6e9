import { beforeEach, describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import type { OrphanRecordSpec } from '../../src/api/orphan-record.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { ArmAccess } from '../../src/azure/arm/arm-access.ts';
import type { Intercept } from '../../src/azure/arm/arm-policies.ts';
import { CLOUDS } from '../../src/azure/arm/clouds.ts';
import { FederatedCredentials } from '../../src/azure/federated-credentials.ts';
import { PrincipalStates } from '../../src/azure/graph/directory.ts';
import { DIRECTORY_OBJECTS, graphAccess } from '../../src/azure/graph/graph.ts';
import { Identities } from '../../src/azure/identities.ts';
import { assignmentName } from '../../src/azure/names/assignment-name.ts';
import { RequestScheduler } from '../../src/azure/requests/request-scheduler.ts';
import { RoleAssignments } from '../../src/azure/role-assignments.ts';
import { type ConfigMap, configMaps } from '../../src/kube/builtin.ts';
import type { Resource } from '../../src/kube/types.ts';
import { retainedOf } from '../../src/operator/records.ts';
import { restore } from '../../src/restore/restore.ts';
import type { RestoreDeps } from '../../src/restore/run.ts';
import { tokenCredential } from '../../src/simulator/sdk.fixture.ts';
import { Estate } from '../support/kinds/estate.ts';
import { RG1 } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { changesAzure } from '../support/trail.ts';
import { useWorld } from '../support/use-world.ts';

/** `azid restore`: what was deleted is made again from its record, by whoever runs the command, and taken back by its object. */

let cluster: Cluster;
let world: World;
let estate: Estate;
let tests = 0;
useWorld(async (ground) => {
  ({ cluster, world } = ground);
  estate = new Estate(cluster, world, `restore-${++tests}`);
  await world.start();
});

const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const ISSUER = 'https://issuer.example.org/a';
const VM = `${RG1}/providers/Microsoft.Compute/virtualMachines/vm1`;
const control = () => world.azure.control;
const identity = () =>
  control()
    .identities()
    .find(({ name }) => name === 'app');
const credentials = () => control().credentials({ id: identity()?.id ?? '' });
const granted = () =>
  control()
    .assignments()
    .filter(({ principalId }) => principalId === identity()?.principalId);
const installationId = async () =>
  (await cluster.get<ConfigMap>(configMaps, 'azid-system/azid-installation'))?.data?.installationId ?? '';

async function deps(said: string[] = []): Promise<RestoreDeps> {
  const { azure, clock, pace } = world;
  const common = {
    cloud: { ...CLOUDS.Public, armEndpoint: azure.origin, graphEndpoint: azure.origin, caPem: azure.caPem },
    credential: await tokenCredential(azure),
    clock,
    version: 'test',
    intercept: ((_request, next) => pace.counted(next)) satisfies Intercept,
  };
  const access = new ArmAccess(common);
  const calls = {
    access,
    scheduler: new RequestScheduler({ clock }),
    clock,
    tenantId: azure.tenantId,
    credential: 'person',
  };
  const own = estate.deps(said);
  return {
    ...own,
    retained: (installationId) => retainedOf({ options: own, client: own.client, installationId }),
    azure: {
      identities: new Identities(calls),
      credentials: new FederatedCredentials(calls),
      assignments: new RoleAssignments(calls),
      directory: new PrincipalStates(graphAccess(DIRECTORY_OBJECTS, common), clock),
    },
  };
}

const run = async (name = 'lost', dryRun = false, said: string[] = []) =>
  estate.outcome(restore(name, await deps(said), { dryRun }));
const refusal = (name = 'lost') =>
  run(name).then(
    () => expect.fail('expected a refusal'),
    (error: Error) => error.message,
  );

const writes = (since: number) => world.azure.requests(since).filter(changesAzure);

const record = (name: string, spec: OrphanRecordSpec) =>
  cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'OrphanRecord',
    metadata: { name, namespace: 'azid-system' },
    spec,
  });

/** The record of what stands in Azure, and then its deletion, as a sweep does both. */
async function lose(spec: Partial<OrphanRecordSpec> = {}): Promise<{ readonly was: string }> {
  const was = identity();
  if (!was) throw new Error('expected identity app');
  const { id, location, tags, principalId, clientId, tenantId } = was;
  const assignments = granted().map((each) => ({
    id: each.id,
    scope: each.scope,
    roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${each.roleGuid}`,
    principalId,
    principalType: 'ServicePrincipal',
    description: `to read [azid ${tags['azid-installation']}: team/read]`,
  }));
  const recorded = credentials().map(({ name, issuer, subject, audience }) => ({
    id: `${id}/federatedIdentityCredentials/${name}`,
    name,
    issuer,
    subject,
    audiences: [audience],
  }));
  await record('lost', {
    type: 'Identity',
    id,
    reason: 'OwnerGone',
    installationId: tags['azid-installation'] ?? '',
    recordedAt: new Date(world.clock.now()).toISOString(),
    identity: { location, tags: { ...tags }, principalId, clientId, tenantId },
    assignments,
    credentials: recorded,
    attachments: [VM],
    ...spec,
  });
  control().dropRights({ principalId });
  control().deleteIdentity({ id });
  return { was: principalId };
}

/** Identity `app` with a grant and a credential, whose objects were stripped of their finalizers and deleted while azid was away. */
async function abandon(): Promise<void> {
  await estate.stage.prepare({ federation: [{ issuers: [ISSUER], subjects: ['job:*'] }] });
  await estate.grant('read');
  await estate.stage.credential('deploy');
  await estate.stage.granted('read');
  await estate.stage.credentialReady('deploy');
  for (const operator of world.operators) await world.kill(operator);
  const gone: readonly (readonly [Resource, string])[] = [
    [roleGrant.resource, 'read'],
    [federatedIdentityCredential.resource, 'deploy'],
    [userAssignedIdentity.resource, 'app'],
  ];
  for (const [resource, name] of gone) {
    const key = `${estate.stage.namespace}/${name}`;
    await cluster.patch(resource, key, { metadata: { finalizers: null } });
    await cluster.delete(resource, key);
  }
  const { id = '', tags = {} } = identity() ?? {};
  control().tagIdentity({ id, tags: { ...tags, team: 'a' } });
}

describe('an identity', () => {
  beforeEach(abandon);

  it('is made again with all that it had, is left by a second run, and is taken back by its object', async () => {
    const { was } = await lose();
    const said: string[] = [];
    const restored = await run('lost', false, said);
    const made = identity();
    expect(made?.principalId).not.toBe(was);
    expect(made?.tags).toEqual({
      team: 'a',
      'azid-made-by': expect.any(String),
      'azid-installation': await installationId(),
      'azid-retained': `${estate.stage.namespace}/app`,
    });
    // Nothing in Azure says that the credential was made again on purpose.
    const maps = await cluster.list<ConfigMap>(configMaps);
    const onRecord = maps.flatMap(({ data = {} }) => Object.values(data));
    expect(onRecord.filter((text) => text.includes('/federatedidentitycredentials/'))).toHaveLength(1);
    const grant = { scope: RG1, role: READER, principalId: made?.principalId ?? '' };
    expect(granted().map(({ id }) => id.split('/').at(-1))).toEqual([
      assignmentName(await installationId(), grant),
    ]);
    expect(credentials()).toMatchObject([{ issuer: ISSUER, subject: 'job:deploy' }]);
    expect(restored.made).toHaveLength(3);
    expect(said).toHaveLength(3);
    expect(restored.left).toEqual([
      expect.stringContaining('apply the FederatedIdentityCredential'),
      expect.stringContaining(`is ${made?.clientId} now`),
      expect.stringContaining(`attach it again to ${VM}`),
    ]);

    const since = world.azure.requests().length;
    const again = await run();
    expect([again.made, again.there.length]).toEqual([[], 3]);
    expect(writes(since)).toEqual([]);

    await world.start();
    await estate.stage.prepare({ federation: [{ issuers: [ISSUER], subjects: ['job:*'] }] });
    await estate.grant('read');
    await estate.stage.credential('deploy');
    await estate.stage.granted('read');
    await estate.stage.credentialReady('deploy');
    expect(identity()?.principalId).toBe(made?.principalId);
    expect(identity()?.tags).toMatchObject({ team: 'a', 'azid-owner': `${estate.stage.namespace}/app` });
    expect([granted().length, credentials().length]).toEqual([1, 1]);
  });

  it('is only told of with --dry-run', async () => {
    await lose();
    const since = world.azure.requests().length;
    const told = await run('lost', true);
    expect(told.made).toEqual([
      expect.stringContaining('/userAssignedIdentities/app'),
      expect.stringContaining('/federatedIdentityCredentials/'),
      expect.stringContaining(`at ${RG1}`),
    ]);
    expect(writes(since)).toEqual([]);
    expect(identity()).toBeUndefined();
  });

  it('goes on where a run was ended', async () => {
    await lose();
    control().addFault({
      operation: 'roleAssignments.create',
      count: 1,
      effect: { kind: 'status', status: 500 },
    });
    await expect(run()).rejects.toThrow();
    expect([identity()?.name, granted().length]).toEqual(['app', 0]);
    const principal = identity()?.principalId;
    expect((await run()).made).toHaveLength(1);
    expect(identity()?.principalId).toBe(principal);
    expect(granted()).toHaveLength(1);
  });

  it('waits until its new principal is known to the service of assignments', async () => {
    await lose();
    control().setKnobs({
      propagation: { directoryReplicationMs: 30_000 },
      authorization: { principalNotFoundDespiteType: true },
    });
    await run();
    expect(granted()).toHaveLength(1);
  });

  it('is not made over what somebody else made in its place', async () => {
    await lose();
    const theirs = control().createIdentity({ name: 'app', resourceGroup: 'rg1', tags: { theirs: '1' } });
    const since = world.azure.requests().length;
    expect(await refusal()).toContain('is not the one of the record');
    expect(writes(since)).toEqual([]);
    expect(identity()).toMatchObject({ principalId: theirs.principalId, tags: { theirs: '1' } });
  });

  it('of another installation, and a record that there is not, are refused', async () => {
    await lose({ installationId: '99999999-0000-4000-8000-000000000001' });
    expect(await refusal()).toContain('expected a record of installation');
    expect(await refusal('nothing')).toContain('kubectl get orphanrecords -n azid-system');
    expect(identity()).toBeUndefined();
  });
});

describe('what went before its identity', () => {
  it('is made with it, for its new principal, and refused by itself', async () => {
    await abandon();
    const [held] = granted();
    if (!held) throw new Error('expected a grant');
    const { id, scope, roleGuid, principalId } = held;
    const spec = {
      reason: 'OwnerGone',
      installationId: identity()?.tags['azid-installation'] ?? '',
      recordedAt: '2026-11-29T00:00:00Z',
    };
    await record('grant', {
      ...spec,
      type: 'RoleAssignment',
      id,
      assignments: [{ id, scope, roleDefinitionId: `/x/roleDefinitions/${roleGuid}`, principalId }],
    });
    const credential = `${identity()?.id}/federatedIdentityCredentials/c1`;
    await record('credential', { ...spec, type: 'FederatedIdentityCredential', id: credential });
    await lose({ assignments: [], credentials: [], deletion: { time: '2026-11-29T00:00:00Z' } });
    expect(await refusal('grant')).toContain('azid restore lost makes both again');
    const restored = await run();
    expect(restored.made).toHaveLength(2);
    expect(granted().map((each) => [each.scope, each.roleGuid])).toEqual([[scope, roleGuid]]);
    expect(restored.left).toContainEqual(
      expect.stringContaining('azid restore credential makes federated credential'),
    );
  });
});

describe('what was deleted by itself', () => {
  beforeEach(abandon);

  it('an assignment is given again to a principal that lives, and to no other', async () => {
    const [held] = granted();
    if (!held) throw new Error('expected a grant');
    const { id, scope, roleGuid, principalId } = held;
    const assignment = { id, scope, roleDefinitionId: `/x/roleDefinitions/${roleGuid}`, principalId };
    const spec = {
      type: 'RoleAssignment' as const,
      id,
      installationId: identity()?.tags['azid-installation'] ?? '',
      recordedAt: '2026-11-29T00:00:00Z',
      assignments: [assignment],
    };
    for (const reason of ['OwnerGone', 'PrincipalGone', 'Ended'])
      await record(`lost-${reason.toLowerCase()}`, { ...spec, reason });
    control().dropRights({ principalId });
    expect(await refusal('lost-principalgone')).toContain('its principal is gone');
    expect(await refusal('lost-ended')).toContain('declare a RoleGrant');
    expect(granted()).toEqual([]);
    expect((await run('lost-ownergone')).made).toEqual([id]);
    expect(granted().map((each) => each.id)).toEqual([id]);
    expect((await run('lost-ownergone')).there).toEqual([id]);

    control().dropRights({ principalId });
    control().addFault({
      operation: 'graph.directoryObjects.getByIds',
      count: 1,
      effect: { kind: 'status', status: 500 },
    });
    expect((await run('lost-ownergone')).left).toEqual([
      expect.stringContaining(`see that principal ${principalId}`),
    ]);
    control().dropRights({ principalId });
    control().deletePrincipal({ objectId: principalId });
    expect(await refusal('lost-ownergone')).toContain(`its principal ${principalId} is gone`);
    expect(granted()).toEqual([]);
  });

  it('a credential is made on the identity that it was made for, and on no other', async () => {
    const { id = '', tags = {} } = identity() ?? {};
    const [held] = credentials();
    if (!held) throw new Error('expected a credential');
    const { name, issuer, subject, audience } = held;
    const credentialId = `${id}/federatedIdentityCredentials/${name}`;
    await record('lost', {
      type: 'FederatedIdentityCredential',
      id: credentialId,
      reason: 'OwnerGone',
      installationId: tags['azid-installation'] ?? '',
      recordedAt: '2026-11-29T00:00:00Z',
      credentials: [{ id: credentialId, name, issuer, subject, audiences: [audience] }],
    });
    await control().arm({ method: 'DELETE', path: `${credentialId}?api-version=2024-11-30` });
    control().tagIdentity({ id, tags: {} });
    expect(await refusal()).toContain('does not carry the tag azid-installation');
    control().tagIdentity({ id, tags: { ...tags } });
    expect((await run()).made).toEqual([credentialId]);
    expect(credentials()).toMatchObject([{ name, issuer, subject }]);
    expect((await run()).there).toEqual([credentialId]);
    control().deleteIdentity({ id });
    expect(await refusal()).toContain('restore it first');
  });
});
