import { expect, it } from 'vitest';
import { customResourceDefinition } from '../../src/api/schema/crd.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { Applied } from '../../src/kube/client.ts';
import { KINDS } from '../../src/operator/registry.ts';
import { useStage } from '../support/stage.ts';
import { principalReportKind } from './index.ts';
import { type PrincipalReport, principalReport } from './schema.ts';

/** CONTRIBUTING, "Add a kind": its folder (this folder), its schema, and a place in the list of kinds. Nothing else. */
const stage = useStage({ cluster: { own: true }, operator: { kinds: [...KINDS, principalReportKind] } });
const { resource } = principalReport;
const signal = new AbortController().signal;

async function install(): Promise<void> {
  const crd = customResourceDefinition(principalReport as never) as unknown as Applied;
  await stage.cluster.apply(crd);
  await stage.world.until('the new kind to be served', () =>
    stage.cluster.list(resource).then(
      () => true,
      () => false,
    ),
  );
}

it('a kind of one folder is enqueued, observed live, decided and reported, and holds its identity', async () => {
  await install();
  await stage.world.start();
  const key = `${stage.namespace}/who`;
  const object = {
    apiVersion: 'azid.dev/v1alpha1',
    kind: resource.kind,
    metadata: { name: 'who', namespace: stage.namespace },
  };
  const given = { fieldManager: 'user', force: true };
  await stage.cluster.client.apply(
    resource,
    { ...object, spec: { identityRef: { name: 'web' } } },
    given,
    signal,
  );
  const report = () => stage.cluster.get<PrincipalReport>(resource, key);
  const ready = (is: string) => async () =>
    (await report())?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === is) ??
    false;
  await stage.world.until('the report to wait for its identity', ready('False'));

  await stage.declare('web');
  const { status } = await stage.ready('web');
  await stage.world.until('the report to be ready', ready('True'));
  expect((await report())?.status?.principalId).toBe(status?.principalId);

  await stage.cluster.delete(userAssignedIdentity.resource, `${stage.namespace}/web`);
  await stage.world.until('the identity to wait for the report', async () => {
    const waiting = await stage.cluster.get(userAssignedIdentity.resource, `${stage.namespace}/web`);
    return (
      waiting?.status?.conditions?.some(({ message }) => message.includes(`PrincipalReport ${key}`)) ?? false
    );
  });
  await stage.cluster.delete(resource, key);
  await stage.gone('web');
});
