import { describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { identityAttachment } from '../../src/api/identity-attachment.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { systemAssignedIdentity } from '../../src/api/system-assigned-identity.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { HostStage, identityIdOf, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** A request to reconcile reads all that the object rests on (docs/guarantees.md G26): a resource that somebody deleted, too. */

let cluster: Cluster;
let world: World;
let stage: HostStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

interface Conditioned extends KubeObject {
  readonly status?: {
    readonly lastHandledReconcileAt?: string;
    readonly conditions?: readonly { type: string; status: string; message: string }[];
  };
}

/** Asks for a look, and gives `Ready` as it is once azid has taken it. */
async function looked(resource: Resource, name: string) {
  const key = `${stage.namespace}/${name}`;
  await cluster.patch(resource, key, {
    metadata: { annotations: { 'azid.dev/reconcile-requested-at': 'now' } },
  });
  const get = () => cluster.get(resource as Resource<Conditioned>, key);
  await world.until('the request to be handled', async () => {
    return (await get())?.status?.lastHandledReconcileAt === 'now';
  });
  return (await get())?.status?.conditions?.find(({ type }) => type === 'Ready');
}

describe('after a request, of a VM that was deleted by hand', () => {
  it('a grant to its own identity is not Granted', async () => {
    await world.start();
    stage.createVm('vm1');
    await stage.system('vm1');
    await stage.systemReady('vm1');
    await stage.grantSystem('vm1');
    await stage.granted('vm1');
    await world.pass(60_000);
    world.azure.control.deleteHost({ id: vmId('vm1') });
    const ready = await looked(roleGrant.resource, 'vm1');
    expect(ready?.status, ready?.message).toBe('False');
  });

  it('its SystemAssignedIdentity is not Ready', async () => {
    await world.start();
    stage.createVm('vm1');
    await stage.system('vm1');
    await stage.systemReady('vm1');
    await world.pass(60_000);
    world.azure.control.deleteHost({ id: vmId('vm1') });
    const ready = await looked(systemAssignedIdentity.resource, 'vm1');
    expect(ready?.status, ready?.message).toBe('False');
  });

  it('an attachment to it is not Ready', async () => {
    await world.start();
    stage.createVm('vm1');
    await stage.attach('vm1');
    await stage.attached('vm1');
    await world.pass(60_000);
    world.azure.control.deleteHost({ id: vmId('vm1') });
    const ready = await looked(identityAttachment.resource, 'vm1');
    expect(ready?.status, ready?.message).toBe('False');
  });
});

describe('after a request, of an identity that was deleted by hand', () => {
  /** Nor can azid make it again. */
  function deleteIdentity(): void {
    const effect = { kind: 'status', status: 503, code: 'ServiceUnavailable', message: 'later' } as const;
    world.azure.control.addFault({ method: 'PUT', path: '/userAssignedIdentities/', effect });
    world.azure.control.deleteIdentity({ id: identityIdOf('app') });
  }

  it('an attachment of it is not Ready', async () => {
    await world.start();
    stage.createVm('vm1');
    await stage.attach('vm1');
    await stage.attached('vm1');
    await world.pass(60_000);
    deleteIdentity();
    const ready = await looked(identityAttachment.resource, 'vm1');
    expect(ready?.status, ready?.message).toBe('False');
  });

  it('a credential on it is not Ready', async () => {
    await stage.policy({ federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }] });
    await world.start();
    await stage.credential('app');
    await stage.credentialReady('app');
    await world.pass(60_000);
    deleteIdentity();
    const ready = await looked(federatedIdentityCredential.resource, 'app');
    expect(ready?.status, ready?.message).toBe('False');
  });
});
