import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { events } from '../../src/kube/builtin.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { alterationsOf, forger, patchTo, schemaOf } from '../support/kinds/forged.ts';
import { READER } from '../support/kinds/grants.ts';
import { HostStage, identityIdOf, RG1, SUB, vmId } from '../support/kinds/hosts.ts';
import { Cluster, World } from '../support/testbed.ts';

/**
 * A status proves nothing: each field of each kind, altered by somebody who may write statuses, changes no right and
 * writes nothing to Azure, and is right again within seconds.
 */

const SECONDS = 5_000;
let cluster: Cluster;
let world: World;
let stage: HostStage;
let stranger: { readonly id: string; readonly principalId: string; readonly clientId: string };
let foreignAssignment = '';

beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  stage = new HostStage(cluster, world);
  const { control } = world.azure;
  stranger = control.createIdentity({ name: 'stranger', resourceGroup: 'rg1' });
  foreignAssignment = `${RG1}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-00000000f0f0`;
  const made = await control.arm({
    method: 'PUT',
    path: `${foreignAssignment}?api-version=2022-04-01`,
    body: {
      properties: {
        roleDefinitionId: `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${READER}`,
        principalId: stranger.principalId,
        principalType: 'ServicePrincipal',
      },
    },
  });
  if (made.status !== 201)
    throw new Error(`no foreign assignment: ${made.status} ${JSON.stringify(made.body)}`);
  stage.createVm('vm1');
  stage.createVm('vm2');
  await stage.prepare({ federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }] });
  await stage.identity('app', { tags: { env: 'prod' }, output: { configMap: { name: 'app-identity' } } });
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'RoleGrant',
    metadata: { name: 'read', namespace: stage.namespace },
    spec: { principal: { identityRef: { name: 'app' } }, role: { name: 'Reader' }, scope: RG1 },
  });
  // One with an end, which is recorded in an object of its own.
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'RoleGrant',
    metadata: { name: 'ending', namespace: stage.namespace },
    spec: {
      principal: { identityRef: { name: 'app' } },
      role: { name: 'Reader' },
      scope: SUB,
      expiresAt: new Date(world.clock.now() + 30 * 24 * 3_600_000).toISOString(),
    },
  });
  // Of another cloud: nothing is received for it.
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'EventSource',
    metadata: { name: 'main' },
    spec: { serviceBus: { namespace: 'contoso.servicebus.chinacloudapi.cn', queue: 'azid' } },
  });
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'OrphanSweep',
    metadata: { name: 'all' },
    spec: { scopes: [SUB], interval: '7d' },
  });
  // As a sweep leaves one.
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'OrphanRecord',
    metadata: { name: 'gone', namespace: 'azid-system' },
    spec: {
      type: 'RoleAssignment',
      id: foreignAssignment,
      reason: 'PrincipalGone',
      installationId: '11111111-2222-4333-8444-555555555555',
      recordedAt: new Date(world.clock.now()).toISOString(),
    },
  });
  await stage.credential('ci');
  await stage.system('vm1');
  await stage.grantSystem('vm1');
  await stage.attach('vm1');
  await world.start();
  await settled();
}, 120_000);
afterAll(async () => {
  await world?.dispose();
  await cluster?.stop();
});

async function settled(): Promise<void> {
  await stage.attached('vm1');
  await stage.systemReady('vm1');
  await stage.granted('vm1');
  await stage.granted('read');
  await stage.granted('ending');
  await stage.credentialReady('ci');
  // What was granted is known to act after ten minutes: a change that nobody causes.
  await world.pass(20 * 60_000);
}

/** All that counts in Azure, lags aside. */
async function rights(): Promise<unknown> {
  const { control } = world.azure;
  const list = async (path: string, version: string) =>
    (await control.arm({ method: 'GET', path: `${path}?api-version=${version}` })).body;
  return {
    identities: control.identities({}),
    hosts: ['vm1', 'vm2'].map((name) => stage.host(vmId(name)).attached),
    assignments: await list(`${SUB}/providers/Microsoft.Authorization/roleAssignments`, '2022-04-01'),
    credentials: await list(`${identityIdOf('app')}/federatedIdentityCredentials`, '2024-11-30'),
    strangers: await list(`${identityIdOf('stranger')}/federatedIdentityCredentials`, '2024-11-30'),
  };
}

const writes = (since: number) =>
  stage.requests(since).flatMap(({ method, path }) => (method === 'GET' ? [] : `${method} ${path}`));

const told = async () =>
  new Set((await cluster.list(events)).map(({ reason, regarding }) => `${reason} ${regarding?.name}`));

function forge() {
  const other = '00000000-0000-4000-8000-0000000000ff';
  return forger({
    principalId: [stranger.principalId, other],
    overwrittenPrincipalId: [
      world.azure.control.identities({}).find(({ id }) => id === identityIdOf('app'))?.principalId ?? other,
      other,
    ],
    clientId: [stranger.clientId],
    tenantId: [other],
    id: [stranger.id],
    identityId: [stranger.id],
    name: ['stranger'],
    resourceId: [vmId('vm2')],
    hostId: [vmId('vm2')],
    subscriptionId: [other],
    resourceGroup: ['rg2'],
    assignmentId: [foreignAssignment],
    ledger: [foreignAssignment, `${stranger.id}/federatedIdentityCredentials/x`],
    unproven: [identityIdOf('app')],
    reason: ['Forged'],
    uid: ['00000000-0000-4000-8000-000000000aaa'],
    type: ['DetachConfirmed', 'DeletionBlocked'],
  });
}

/** Conditions of types that are not azid's are other managers'. */
function withoutForeign({ conditions = [], ...rest }: { readonly conditions?: { type: string }[] }): object {
  return { ...rest, conditions: conditions.filter(({ type }) => type !== 'Forged' && type !== '') };
}

describe.each(KINDS.map((kind) => [kind.resource.kind, kind] as const))('%s', (_, kind) => {
  let objects: readonly KubeObject[];
  beforeEach(async () => {
    objects = await cluster.list(kind.resource);
  });

  it('is not believed in any field of its status, which is right again within seconds', {
    timeout: 300_000,
  }, async () => {
    expect(objects.length).toBeGreaterThan(0);
    const before = await rights();
    const events = await told();
    let tried = 0;
    for (const { metadata } of objects) {
      const key = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
      const now = async () =>
        (await cluster.get(kind.resource, key)) as KubeObject & {
          status: { conditions?: { type: string }[] };
        };
      const { status } = await now();
      for (const altered of alterationsOf(schemaOf(kind), status, forge())) {
        const mark = stage.mark;
        try {
          await cluster.patch(kind.resource, key, { status: patchTo(status, altered.status) }, 'status');
        } catch (error) {
          // The API server itself does not take it.
          if (error instanceof KubeError && error.status === 422) continue;
          throw error;
        }
        tried++;
        const what = `${kind.resource.kind} ${key}: ${altered.name}`;
        // The watch brings it in its own time; from then on azid's is what counts.
        const isRight = async () => isDeepStrictEqual(withoutForeign((await now()).status), status);
        await world.until(`${what}, to be right again`, isRight).catch(() => {});
        await world.pass(SECONDS);
        expect(withoutForeign((await now()).status), what).toEqual(status);
        expect(writes(mark), what).toEqual([]);
        expect(await rights(), what).toEqual(before);
      }
      const mark = stage.mark;
      await cluster.patch(kind.resource, key, { status: null }, 'status');
      const isBack = async () => isDeepStrictEqual((await now()).status, status);
      await world.until(`${key} to be written anew`, isBack).catch(() => {});
      await world.pass(SECONDS);
      expect((await now()).status, `${key}: emptied`).toEqual(status);
      expect(writes(mark), `${key}: emptied`).toEqual([]);
    }
    expect(tried).toBeGreaterThan(5);
    expect([...(await told())].filter((each) => !events.has(each))).toEqual([]);
  });
});
