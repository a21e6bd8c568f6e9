import { describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { FederationStage, NAMESPACE, WEB } from '../support/kinds/federation.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

let cluster: Cluster;
let world: World;
let stage: FederationStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new FederationStage(cluster, world);
  await stage.prepare();
});

const credential = federatedIdentityCredential.resource;
const identity = userAssignedIdentity.resource;
const key = `${NAMESPACE}/build`;

describe('deletion', () => {
  it('of the object takes its credential along and no other', async () => {
    await stage.declare('build');
    await world.start();
    await stage.settled('build');
    await stage.byHand('PUT', 'theirs', { subject: 'job:theirs' });
    await stage.remove('build');
    expect((await stage.inAzure()).map(({ name }) => name)).toEqual(['theirs']);
  });

  it('of the policy first: nothing is taken away, nothing new is given, and the object can still go', async () => {
    await stage.declare('build');
    await world.start();
    await stage.settled('build');
    await cluster.delete(identityPolicy.resource, NAMESPACE);
    await stage.settled('build', 'PolicyDenied');
    expect(await stage.inAzure()).toHaveLength(1);
    await stage.declare('more');
    await stage.settled('more', 'PolicyDenied');
    expect(await stage.inAzure()).toHaveLength(1);
    await stage.remove('build');
    expect(await stage.inAzure()).toEqual([]);
  });

  it('of a policy that comes back: the object is ready again without an edit', async () => {
    await stage.declare('build');
    await world.start();
    await stage.settled('build');
    await stage.policy([]);
    await stage.settled('build', 'PolicyDenied');
    await stage.policy();
    await stage.settled('build');
    expect(stage.writes()).toHaveLength(1);
  });

  it('of the identity first waits for the credential, by name, and both go in the end', async () => {
    await stage.declare('build');
    await world.start();
    await stage.settled('build');
    await cluster.delete(identity, `${NAMESPACE}/web`);
    await world.until('InUse', async () => {
      const object = await cluster.get(identity, `${NAMESPACE}/web`);
      return object?.status?.conditions?.some(({ reason }) => reason === 'InUse') ?? false;
    });
    expect(await stage.inAzure()).toHaveLength(1);
    await cluster.delete(credential, key);
    await stage.gone(credential, 'build');
    await stage.gone(identity, 'web');
    expect(world.azure.control.identities({}).some(({ name }) => name === 'web')).toBe(false);
  });

  it('of one that moved: a lock on the identity before keeps the credential there, and no other', async () => {
    const other = WEB.replace(/web$/, 'other');
    await stage.identity('other');
    await stage.declare('build');
    await world.start({ releaseAfterMs: 3_600_000 });
    await stage.settled('build');
    world.azure.control.lock({ scope: WEB, level: 'CanNotDelete' });
    await stage.declare('build', { identityRef: { name: 'other' } });
    await world.until('the one before to be refused', async () => {
      return (await stage.condition('build', 'RemovalBlocked'))?.status === 'True';
    });
    expect(await stage.inAzure(other)).toHaveLength(1);
    await cluster.delete(credential, key);
    await world.until('the other to go', async () => (await stage.inAzure(other)).length === 0);
    await world.until('the lock to be told', async () => {
      const blocked = await stage.condition('build', 'DeletionBlocked');
      return blocked?.reason === 'ScopeLocked';
    });
    expect((await stage.get('build'))?.status?.ledger).toEqual([
      expect.stringContaining('/userAssignedIdentities/web/'),
    ]);
    for (let hour = 0; hour < 3; hour++) await world.pass(60 * 60_000);
    await stage.gone(credential, 'build');
    expect(await stage.inAzure()).toHaveLength(1);
  });

  it('when the identity has gone from Azure already ends all the same', async () => {
    await stage.declare('build');
    await world.start();
    await stage.settled('build');
    await cluster.patch(identity, `${NAMESPACE}/web`, { spec: { suspend: true } });
    world.azure.control.deleteIdentity({ id: WEB });
    await stage.remove('build');
  });

  it('with Retain leaves the credential', async () => {
    await stage.declare('build', { deletionPolicy: 'Retain' });
    await world.start();
    await stage.settled('build');
    await stage.remove('build');
    expect(await stage.inAzure()).toHaveLength(1);
    // The same object, made again, finds it by its name.
    await stage.declare('build', { deletionPolicy: 'Delete' });
    await stage.settled('build');
    expect(stage.writes()).toHaveLength(1);
    await stage.remove('build');
    expect(await stage.inAzure()).toEqual([]);
  });

  it('that Azure refuses is held, named, and let go by annotation', async () => {
    await stage.declare('build');
    await world.start();
    await stage.settled('build');
    world.azure.control.lock({ scope: `${WEB}`, level: 'CanNotDelete' });
    await cluster.delete(credential, key);
    await world.until('the lock to be named', async () =>
      ((await stage.condition('build'))?.message ?? '').includes('ScopeLocked'),
    );
    expect(await stage.inAzure()).toHaveLength(1);
    await cluster.patch(credential, key, { metadata: { annotations: { 'azid.dev/release': 'true' } } });
    await stage.gone(credential, 'build');
    expect(await stage.inAzure()).toHaveLength(1);
  });

  it('while azid is down is made up for', async () => {
    await stage.declare('build');
    const first = await world.start();
    await stage.settled('build');
    await world.kill(first);
    await cluster.delete(credential, key);
    await world.start();
    await stage.gone(credential, 'build');
    expect(await stage.inAzure()).toEqual([]);
  });
});

describe('a death at a write', () => {
  for (const moment of ['before', 'after'] as const) {
    it(`of the PUT, ${moment} it took effect, leaves one credential and a known ledger`, async () => {
      await stage.declare('build');
      let armed = true;
      const first = await world.start({
        interceptArm: async (request, next) => {
          if (!armed || request.method !== 'PUT' || !request.url.includes('/federatedIdentityCredentials/'))
            return next();
          armed = false;
          if (moment === 'after') await next();
          first.kill();
          throw new Error('died');
        },
      });
      await world.until('the death', () => !armed);
      await world.kill(first);
      expect((await stage.get('build'))?.status?.ledger).toHaveLength(1);
      await world.start();
      await stage.settled('build');
      expect(await stage.inAzure()).toHaveLength(1);
      await stage.remove('build');
      expect(await stage.inAzure()).toEqual([]);
    });
  }
});
