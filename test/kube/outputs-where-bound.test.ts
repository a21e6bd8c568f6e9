import { beforeEach, expect, it } from 'vitest';
import type { Resource } from '../../src/kube/types.ts';
import { useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { until } from '../support/testbed.ts';

/** azid where the right to write outputs is bound in some namespaces only. */

const RBAC = 'rbac.authorization.k8s.io';
const OUTPUTS = 'azid-controller-outputs';
const resource = (kind: string, plural: string, namespaced: boolean): Resource => ({
  ...{ group: RBAC, version: 'v1', kind, plural, namespaced },
});
const forAll = resource('ClusterRoleBinding', 'clusterrolebindings', false);
const forOne = resource('RoleBinding', 'rolebindings', true);

const stage = useStage({ cluster: { own: true } });
beforeEach(async () => {
  await stage.cluster.delete(forAll, OUTPUTS);
  await mayWrite(false);
  await stage.world.start({ endpoint: await stage.cluster.deployedEndpoint() });
});

async function bind(): Promise<void> {
  await stage.cluster.apply({
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: OUTPUTS, namespace: stage.namespace },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: OUTPUTS },
    subjects: [{ kind: 'ServiceAccount', name: 'azid-controller', namespace: 'azid-system' }],
  });
  await mayWrite(true);
}

async function unbind(): Promise<void> {
  await stage.cluster.delete(forOne, `${stage.namespace}/${OUTPUTS}`);
  await mayWrite(false);
}

/** The API server goes by bindings that it watches itself, so a moment later. */
function mayWrite(expected: boolean): Promise<void> {
  const { transport } = stage.cluster.client;
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: 'system:serviceaccount:azid-system:azid-controller',
      resourceAttributes: { namespace: stage.namespace, resource: 'configmaps', verb: 'delete' },
    },
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const { signal } = new AbortController();
  return until(`the right to write to be ${expected}`, async () => {
    const { status } = await transport.request<{ readonly status: { readonly allowed: boolean } }>(
      { method: 'POST', path, body },
      signal,
    );
    return status.allowed === expected;
  });
}

const output = { output: { configMap: { name: 'web-id' } } };

/** The message of the refusal. */
async function refused(name: string): Promise<string> {
  let message: string | undefined;
  await stage.world.until('the refusal to be told', async () => {
    const object = await stage.get(name);
    const ready = object && conditionOf(object, 'Ready');
    message = ready?.reason === 'KubernetesRefused' ? ready.message : undefined;
    return message !== undefined;
  });
  return message ?? '';
}

it('an output elsewhere is told with the right that it needs, and written once that is given', async () => {
  await stage.declare('api');
  await stage.ready('api');
  await stage.declare('web', output);
  const message = await refused('web');
  expect(message).toContain(`spec.output: ConfigMap ${stage.namespace}/web-id cannot be written`);
  expect(message).toContain(`azid needs ClusterRole ${OUTPUTS} there`);
  await bind();
  await stage.ready('web');
  expect(await stage.configMap('web-id')).toBeDefined();
  expect(stage.writes().toSorted()).toEqual(['PUT api', 'PUT web']);
});

it('an object whose output it may not delete any more says so as long as it stays, and goes all the same', async () => {
  await bind();
  await stage.declare('web', output);
  const { metadata } = await stage.ready('web');
  await unbind();
  await stage.declare('web');
  expect(await refused('web')).toContain(`azid needs ClusterRole ${OUTPUTS} there`);
  await stage.delete('web');
  await stage.gone('web');
  expect(stage.inAzure('web')).toBeUndefined();
  // Kubernetes collects what names an owner that is gone; here nothing does.
  const left = await stage.configMap('web-id');
  expect(left?.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid }]);
});
