import { describe, expect, it } from 'vitest';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import { FINALIZER } from '../../src/api/schema/common.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { namespaces } from '../../src/kube/builtin.ts';
import { Journal } from '../support/journal.ts';
import { RG1, useStage } from '../support/stage.ts';
import { until } from '../support/testbed.ts';

/** With the real namespace controller and garbage collector of kube-controller-manager. */
const stage = useStage({ cluster: { controllerManager: true }, operator: { releaseAfterMs: 3_600_000 } });

const namespaceGone = async () => (await stage.cluster.get(namespaces, stage.namespace)) === undefined;

describe('a namespace that is deleted', () => {
  it('goes with all its identities, in Azure too, and only what cannot be made there any more is refused', async () => {
    const journal = new Journal();
    await stage.world.start(journal);
    for (const name of ['web', 'api', 'job'])
      await stage.declare(name, { output: { configMap: { name: `${name}-id` } } });
    for (const name of ['web', 'api', 'job']) await stage.ready(name);
    await stage.cluster.delete(namespaces, stage.namespace);
    await stage.world.until('the namespace to go', namespaceGone, 90_000);
    for (const name of ['web', 'api', 'job']) expect(stage.inAzure(name)).toBeUndefined();
    // Kubernetes takes nothing new: no Event, and no ConfigMap in place of one that was deleted before its identity.
    const refused = journal.kube.filter(({ status }) => status === 403).map(({ request }) => request.path);
    expect(refused.filter((path) => !/\/(events|configmaps)(\/|$)/.test(path))).toEqual([]);
  });

  it('goes although Azure holds an identity for good, and although no Event can be written there', async () => {
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    stage.world.azure.control.lock({ scope: RG1, level: 'CanNotDelete' });
    await stage.cluster.delete(namespaces, stage.namespace);
    await stage.world.until('the namespace to go', namespaceGone, 90_000);
    expect(stage.inAzure('web')).toBeDefined();
  });

  it('together with its policy goes all the same', async () => {
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    await stage.cluster.delete(identityPolicy.resource, stage.namespace);
    await stage.cluster.delete(namespaces, stage.namespace);
    await stage.world.until('the namespace to go', namespaceGone, 90_000);
    expect(stage.inAzure('web')).toBeUndefined();
  });
});

describe('an object that goes while azid is away, its finalizer cut by hand', () => {
  it('takes its ConfigMap along', async () => {
    const operator = await stage.world.start();
    await stage.declare('web', { output: { configMap: { name: 'web-id' } } });
    const { metadata } = await stage.ready('web');
    expect(metadata.finalizers).toContain(FINALIZER);
    await stage.world.kill(operator);
    const key = `${stage.namespace}/web`;
    await stage.cluster.patch(userAssignedIdentity.resource, key, { metadata: { finalizers: [] } });
    await stage.delete('web');
    await until(
      'the garbage collector',
      async () => (await stage.configMap('web-id')) === undefined,
      100_000,
    );
  });
});
