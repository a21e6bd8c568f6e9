import { expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { Intercept } from '../../src/azure/arm/arm-policies.ts';
import type { Resource } from '../../src/kube/types.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { HostStage, identityIdOf, RG1, SUB } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { trail } from '../support/trail.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * A process that dies between storing what it is about to make and sending the write (docs/guarantees.md G5): nothing was made.
 * What somebody else makes of that kind afterwards is theirs, whatever the status says, and stays when the object goes.
 */

const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
let cluster: Cluster;
let world: World;
let stage: HostStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare({
    federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }],
    grants: [{ roles: ['Reader'], scopes: [SUB] }],
  });
});

/** Starts azid, which dies at its first write to Azure, nothing having left it. */
async function diesBeforeItsWrite(): Promise<() => Promise<void>> {
  let isDead = false;
  let operator: Operator | undefined;
  const interceptArm: Intercept = (request, next) => {
    if (request.method === 'GET') return next();
    isDead = true;
    operator?.kill();
    return Promise.reject(new Error('killed before the write left'));
  };
  operator = await world.start({ interceptArm });
  const process = operator;
  return async () => {
    await world.until('azid to die', () => isDead);
    await world.kill(process);
  };
}

async function withIdentity(): Promise<string> {
  const operator = await world.start();
  const { status } = await stage.reach(
    () => stage.userIdentity('app'),
    'app to be Ready',
    ({ status }) => status?.principalId !== undefined && status.id !== undefined,
  );
  await world.pass(60_000);
  await world.kill(operator);
  return status?.principalId ?? '';
}

const deleted = (resource: Resource, name: string) => cluster.delete(resource, `${stage.namespace}/${name}`);

const put = async (path: string, properties: object) => {
  const { status } = await world.azure.control.arm({ method: 'PUT', path, body: { properties } });
  expect(status).toBe(201);
};

it('an identity of the name stays', async () => {
  await (await diesBeforeItsWrite())();
  expect((await stage.userIdentity('app'))?.status).toHaveProperty('createStartedAt');
  const { principalId } = world.azure.control.createIdentity({ name: 'app', resourceGroup: 'rg1' });
  const since = stage.mark;
  await world.start();
  await stage.stalled(() => stage.userIdentity('app'), 'AlreadyExists');
  await deleted(userAssignedIdentity.resource, 'app');
  await stage.gone(() => stage.userIdentity('app'), 'app');
  expect(trail(world, since)).toEqual([]);
  expect(world.azure.control.identities().map((each) => each.principalId)).toContain(principalId);
});

it('an assignment of the same role, scope and principal stays', async () => {
  const principalId = await withIdentity();
  const dead = await diesBeforeItsWrite();
  await stage.grantSystem('read', { principal: { identityRef: { name: 'app' } } });
  await dead();
  const theirs = `${RG1}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-00000000f0f0`;
  await put(`${theirs}?api-version=2022-04-01`, {
    roleDefinitionId: `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${READER}`,
    principalId,
    principalType: 'ServicePrincipal',
  });
  const since = stage.mark;
  await world.start();
  await stage.granted('read');
  await deleted(roleGrant.resource, 'read');
  await stage.gone(() => stage.grant('read'), 'read');
  expect(trail(world, since).filter((words) => !words.endsWith('409'))).toEqual([]);
  expect(world.azure.control.assignments().map(({ id }) => id)).toContain(theirs);
});

it('a credential of the same issuer and subject stays', async () => {
  await withIdentity();
  const dead = await diesBeforeItsWrite();
  await stage.credential('build');
  await dead();
  await put(`${identityIdOf('app')}/federatedIdentityCredentials/theirs?api-version=2024-11-30`, {
    issuer: 'https://issuer.example.org/a',
    subject: 'job:build',
    audiences: ['api://AzureADTokenExchange'],
  });
  const since = stage.mark;
  await world.start();
  await stage.credentialReady('build');
  await deleted(federatedIdentityCredential.resource, 'build');
  await world.pass(60_000);
  // What may still come of its own write is deleted by its own name, which theirs does not have.
  expect(trail(world, since)).not.toContain('credential -theirs');
  const held = world.azure.control.credentials({ id: identityIdOf('app') });
  expect(JSON.stringify(held)).toContain('theirs');
});
