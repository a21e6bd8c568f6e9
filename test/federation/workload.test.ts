import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { AUDIENCE, FederationStage, NAMESPACE } from '../support/kinds/federation.ts';
import { Pod, publishIssuer } from '../support/process/pod.ts';
import { Cluster, World } from '../support/testbed.ts';

/** What a pod of the namespace can do with its ServiceAccount token once the object is Ready. */

const SCOPE = 'https://management.azure.com/.default';

let cluster: Cluster;
let issuer: string;
let world: World;
let stage: FederationStage;
let pod: Pod;

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  world = await World.create(cluster);
  issuer = await publishIssuer(cluster, world);
  pod = await Pod.start(cluster, world);
  stage = new FederationStage(cluster, world);
  await stage.prepare();
  for (const name of ['shop', 'other']) {
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: NAMESPACE },
    });
  }
});
afterEach(async () => {
  await world.dispose();
  await cluster.clean();
  await pod[Symbol.asyncDispose]();
});

async function tokenOf(serviceAccount: string): Promise<string> {
  const identity = await cluster.get(userAssignedIdentity.resource, `${NAMESPACE}/web`);
  const { clientId = '' } = identity?.status ?? {};
  return (await (await pod.credential(NAMESPACE, serviceAccount, clientId)).getToken(SCOPE)).token;
}

it('a ServiceAccount becomes the identity once its credential is ready, and no other ServiceAccount does', async () => {
  await stage.declare('shop', { kubernetes: { serviceAccount: { name: 'shop' } } });
  await world.start({ clusterIssuer: issuer });
  const { status } = await stage.settled('shop');
  expect(status).toMatchObject({
    issuer,
    subject: `system:serviceaccount:${NAMESPACE}:shop`,
    audience: AUDIENCE,
  });

  const identity = await cluster.get(userAssignedIdentity.resource, `${NAMESPACE}/web`);
  expect(decodeJwt(await tokenOf('shop'))).toMatchObject({
    oid: identity?.status?.principalId,
    appid: identity?.status?.clientId,
  });
  await expect(tokenOf('other')).rejects.toThrow('AADSTS70021');
  await stage.remove('shop');
  await expect(tokenOf('shop')).rejects.toThrow('AADSTS70021');
});

it('an issuer that Entra could not reach is refused with the reason, and nothing is written', async () => {
  await stage.declare('shop', { kubernetes: { serviceAccount: { name: 'shop' } } });
  await stage.declare('build');
  await world.start();
  await stage.settled('shop', 'IssuerNotReachable');
  const message = (await stage.condition('shop'))?.message;
  expect(message).toContain(`got ${issuer}: its host 127.0.0.1 is a loopback or private address`);
  expect(message).toContain('--cluster-issuer');
  // Issuers of others have nothing to do with it.
  await stage.settled('build');
  expect(await stage.inAzure()).toHaveLength(1);
});

it('GitHub: the subject of a branch, an environment, a tag and a pull request', async () => {
  const github = { organization: 'org', repository: 'app' };
  await stage.declare('branch', { github: { ...github, branch: 'release/1' } });
  await stage.declare('environment', { github: { ...github, environment: 'prod' } });
  await stage.declare('tag', { github: { ...github, tag: 'v1' } });
  await stage.declare('pull', { github: { ...github, pullRequest: true } });
  await stage.declare('elsewhere', { github: { organization: 'evil', repository: 'app', branch: 'main' } });
  await world.start();
  for (const name of ['branch', 'environment', 'tag', 'pull']) await stage.settled(name);
  const found = (await stage.inAzure()).map(({ properties }) => properties);
  expect(found.map(({ subject }) => subject).sort()).toEqual([
    'repo:org/app:environment:prod',
    'repo:org/app:pull_request',
    'repo:org/app:ref:refs/heads/release/1',
    'repo:org/app:ref:refs/tags/v1',
  ]);
  expect(new Set(found.map(({ issuer: each }) => each))).toEqual(
    new Set(['https://token.actions.githubusercontent.com']),
  );
  await stage.settled('elsewhere', 'PolicyDenied');
  expect((await stage.condition('elsewhere'))?.message).toContain('repo:evil/app:ref:refs/heads/main');
});
