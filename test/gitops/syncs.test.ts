import { afterAll, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { FINALIZER } from '../../src/api/schema/common.ts';
import { type KubeObject, keyOf, type Resource } from '../../src/kube/types.ts';
import { Estate } from '../support/kinds/estate.ts';
import { Kubectl } from '../support/kubectl.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { changesAzure } from '../support/trail.ts';
import { useWorld } from '../support/use-world.ts';

/** What GitOps tools do to objects besides applying them, with an object of every kind that has something in Azure. */
let estate: Estate;
let world: World;
let cluster: Cluster;
let kubectl: Kubectl | undefined;
useWorld(async (ground) => {
  ({ world, cluster } = ground);
  kubectl ??= await Kubectl.of(cluster);
  estate = new Estate(cluster, world, 'team-sync');
  await world.start();
  await estate.build();
  await estate.ready();
});
afterAll(() => kubectl?.[Symbol.asyncDispose]());

const KEPT_IN_GIT = KINDS.filter(({ internal, resource }) => !internal && resource.namespaced);

async function objects(): Promise<readonly (readonly [Resource, KubeObject])[]> {
  const lists = await Promise.all(
    KEPT_IN_GIT.map(async ({ resource }) =>
      (await cluster.list(resource)).map((each) => [resource, each] as const),
    ),
  );
  return lists.flat().filter(([, { metadata }]) => metadata.namespace === 'team-sync');
}

/** As it stands in Git: nothing that the API server or azid has put there. */
function declared({ apiVersion, kind, metadata, spec }: KubeObject & { spec?: unknown }): object {
  return { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace }, spec };
}

const principals = () =>
  new Map(world.azure.control.identities({}).map(({ name, principalId }) => [name, principalId]));

it('a sync with Replace=true takes the finalizers, which come back, and changes nothing in Azure', async () => {
  const before = { azure: estate.inAzure(), principals: principals() };
  const all = await objects();
  expect(all.length).toBeGreaterThanOrEqual(6);
  const mark = world.azure.requests().length;
  const list = { apiVersion: 'v1', kind: 'List', items: all.map(([, object]) => declared(object)) };
  const { code, text } = (await kubectl?.run(['replace', '-f', '-'], JSON.stringify(list))) ?? {
    code: -1,
    text: '',
  };
  expect({ code, replaced: text.match(/ replaced$/gm)?.length }, text).toEqual({
    code: 0,
    replaced: all.length,
  });
  await world.until('the finalizers to be back', async () =>
    (await objects()).every(([, { metadata }]) => metadata.finalizers?.includes(FINALIZER)),
  );
  await estate.ready();
  await world.pass(11 * 60_000);
  expect(world.azure.requests(mark).filter(changesAzure)).toEqual([]);
  expect({ azure: estate.inAzure(), principals: principals() }).toEqual(before);
});

it('what was pruned and is restored has in Azure what it had, and nothing is left beside it', async () => {
  const before = estate.inAzure();
  const all = await objects();
  await Promise.all(all.map(([resource, object]) => cluster.delete(resource, keyOf(object))));
  await world.until('all to be gone', async () => (await objects()).length === 0, 120_000);
  const list = { apiVersion: 'v1', kind: 'List', items: all.map(([, object]) => declared(object)) };
  const { code, text } = (await kubectl?.run(
    ['apply', '--server-side', '-f', '-'],
    JSON.stringify(list),
  )) ?? { code: -1, text: '' };
  expect(code, text).toBe(0);
  await estate.ready();
  await world.pass(11 * 60_000);
  const after = estate.inAzure();
  const bare = ({ identities, ...rest }: typeof before) => ({
    ...rest,
    identities: identities.map(({ name }) => name),
  });
  expect(bare(after)).toEqual(bare(before));
});
