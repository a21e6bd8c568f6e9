import { beforeEach, describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { NOT_RETAINED_ANNOTATION } from '../../src/api/orphan-sweep.ts';
import { FINALIZER } from '../../src/api/schema/common.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { useStage } from '../support/stage.ts';
import { CLAIMED, DELETING, HOUR, Orphans } from './orphan-stage.ts';

/** Credentials that lost their object, by themselves and on an identity that lost its own. */

const stage = useStage();
const orphans = new Orphans(stage);
const SWEEP = { ...DELETING, limits: { maxShare: 100 } } as const;
const ISSUER = 'https://issuer.example.org';

beforeEach(async () => {
  await stage.policy(stage.namespace, { federation: [{ issuers: [ISSUER], subjects: ['job:*'] }] });
});

/** An identity with a credential, both made by azid. */
async function trusted(name: string, deletionPolicy: 'Delete' | 'Retain' = 'Delete'): Promise<void> {
  await stage.declare(name);
  await stage.ready(name);
  await stage.cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'FederatedIdentityCredential',
    metadata: { name, namespace: stage.namespace },
    spec: { identityRef: { name }, issuer: ISSUER, subject: `job:${name}`, deletionPolicy },
  });
  await stage.world.until(`${name} to be trusted`, () => credentialsOf(name).length === 1);
  await stage.world.pass(60_000);
}

function credentialsOf(name: string): readonly string[] {
  const { control } = stage.world.azure;
  return control.credentials({ id: stage.id(name) }).map((each) => each.name);
}

/** While azid is away, which would do its part otherwise. */
async function strip(name: string, ...kinds: readonly { readonly resource: unknown }[]): Promise<void> {
  for (const operator of stage.world.operators) await stage.world.stop(operator);
  for (const { resource } of kinds)
    await orphans.strip(resource as Resource<KubeObject>, `${stage.namespace}/${name}`);
  await stage.world.start();
}

const onRecord = () => orphans.credentialsOnRecord();

describe('a credential that lost its object', () => {
  it('goes from an identity that lives, and stays where Retain left it', async () => {
    await orphans.begin(2);
    await trusted('web');
    await trusted('kept', 'Retain');
    await orphans.sweep(SWEEP);
    await orphans.run();
    await onRecord();
    await stage.cluster.delete(federatedIdentityCredential.resource, `${stage.namespace}/kept`);
    await strip('web', federatedIdentityCredential);
    await stage.world.pass(CLAIMED);
    await orphans.until('the credential to be gone', () => credentialsOf('web').length === 0);
    await stage.world.pass(HOUR);
    expect(credentialsOf('kept')).toHaveLength(1);
    expect(orphans.identities()).toEqual(['kept', 'lives-0', 'lives-1', 'web']);
  });

  it('goes with its identity, if that lost its object as well', async () => {
    await orphans.begin(2);
    await trusted('web');
    await orphans.sweep(SWEEP);
    await orphans.run();
    await onRecord();
    await strip('web', federatedIdentityCredential, userAssignedIdentity);
    await stage.world.pass(CLAIMED);
    await orphans.until('the identity to be gone', () => !orphans.identities().includes('web'));
  });

  it('before anybody looked may be what an older azid retained, until a person says that it is not', async () => {
    await orphans.begin(2);
    await trusted('web');
    await strip('web', federatedIdentityCredential);
    await orphans.sweep(SWEEP);
    await orphans.run();
    await onRecord();
    await stage.world.pass(CLAIMED);
    const [listed] = (await orphans.run()).status?.candidates ?? [];
    expect(listed).toMatchObject({ reason: 'OwnerUnknown', verdict: 'Kept' });
    expect(listed?.message).toContain(NOT_RETAINED_ANNOTATION);
    expect(credentialsOf('web')).toHaveLength(1);
    await orphans.annotate({ [NOT_RETAINED_ANNOTATION]: listed?.since ?? '' });
    await stage.world.pass(HOUR);
    await orphans.until('the credential to be gone', () => credentialsOf('web').length === 0);
  });

  it('is told of on an identity that Retain left, and stays, since it may belong to that', async () => {
    await orphans.begin(2);
    await trusted('web');
    await orphans.sweep(SWEEP);
    await orphans.run();
    await onRecord();
    await stage.declare('web', { deletionPolicy: 'Retain' });
    await stage.world.pass(60_000);
    await strip('web', federatedIdentityCredential);
    await stage.delete('web');
    await stage.gone('web');
    await stage.world.pass(CLAIMED);
    const [listed] = (await orphans.run()).status?.candidates ?? [];
    expect(listed).toMatchObject({ type: 'FederatedIdentityCredential', reason: 'OwnerUnknown' });
    expect(listed?.message).toContain(`retained from ${stage.namespace}/web`);
    expect(credentialsOf('web')).toHaveLength(1);
  });
});

it('what an object that is being deleted retains stays on record, however long finalizers of others keep the object', async () => {
  await orphans.begin(2);
  await trusted('web', 'Retain');
  await orphans.sweep(SWEEP);
  await orphans.run();
  await onRecord();
  const key = `${stage.namespace}/web`;
  const { resource } = federatedIdentityCredential;
  const hold = (finalizers: readonly string[]) =>
    stage.cluster.patch(resource, key, { metadata: { finalizers } });
  await hold([FINALIZER, 'example.org/hold']);
  await stage.cluster.delete(resource, key);
  await stage.world.until('azid to be done with it', async () => {
    const left = await stage.cluster.get(resource, key);
    return left?.metadata.finalizers?.includes(FINALIZER) === false;
  });
  await stage.world.pass(HOUR);
  await orphans.run();
  await hold([]);
  await stage.world.pass(CLAIMED);
  await orphans.run();
  expect(credentialsOf('web')).toHaveLength(1);
});
