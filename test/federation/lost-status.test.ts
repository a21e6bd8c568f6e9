import { describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { HostStage, identityIdOf } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** The end of a FederatedIdentityCredential whose status was lost while no azid ran, as by a restore. */

let cluster: Cluster;
let world: World;
let stage: HostStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare({
    federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }],
  });
});

const azure = () => world.azure.control;
const key = (name: string) => `${stage.namespace}/${name}`;
const unavailable = { kind: 'status', status: 503 } as const;

describe('a credential whose status was lost, and that goes, does not stay trusted', () => {
  it.each([
    ['control: with Azure well', 0],
    ['while Azure does not tell the identity for a moment', 6],
  ])('%s', async (_, count) => {
    const operator = await world.start();
    await stage.credential('ci');
    await stage.credentialReady('ci');
    await world.stop(operator);
    await cluster.patch(federatedIdentityCredential.resource, key('ci'), { status: null }, 'status');
    await cluster.delete(federatedIdentityCredential.resource, key('ci'));
    if (count > 0)
      azure().addFault({ method: 'GET', path: '/userAssignedIdentities', count, effect: unavailable });
    await world.start();
    await stage.gone(() => cluster.get(federatedIdentityCredential.resource, key('ci')), 'the credential');
    expect(azure().credentials({ id: identityIdOf('app') })).toEqual([]);
  });
});
