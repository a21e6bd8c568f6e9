import { KINDS } from '../../src/api/index.ts';
import { GROUP } from '../../src/api/schema/kind.ts';
import { configMaps, namespaces } from '../../src/kube/builtin.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { storedValues } from './planes/etcd.ts';
import type { Legacy } from './takeover.ts';
import type { Cluster, World } from './testbed.ts';

/** What azid has left in Kubernetes and in Azure, as a later one will find it: `takeover.ts` puts it there again. */
export async function takeLegacy(cluster: Cluster, world: World, namespace: string): Promise<Legacy> {
  const { control, tenantId } = world.azure;
  const own = ownIdentity(world);
  const identities = control.identities({});
  return {
    taken: { commit: process.env.AZID_LEAVE_OF ?? 'today', at: new Date(world.clock.now()).toISOString() },
    kubernetes: [...(await objects(cluster)), ...(await configMapsOf(cluster, namespace))],
    azure: {
      tenantId,
      own,
      principals: [],
      identities: identities.filter(({ id }) => id !== own.id),
      credentials: await Promise.all(
        identities.flatMap(({ id }) =>
          control
            .credentials({ id })
            .map(({ name }) => shown(world, `${id}/federatedIdentityCredentials/${name}`, '2024-11-30')),
        ),
      ),
      assignments: (await assignments(world)).filter(({ properties }) => properties.createdBy !== null),
      hosts: control.hosts({}),
    },
  };
}

/** Azid's own rights and those of whoever else acts, which every world begins with, were made by nobody. */
function assignments(world: World): Promise<Legacy['azure']['assignments']> {
  return Promise.all(world.azure.control.assignments().map(({ id }) => shown(world, id, '2022-04-01')));
}

/** As Azure shows it. */
async function shown(
  { azure }: World,
  id: string,
  version: string,
): Promise<Legacy['azure']['credentials'][number]> {
  const { status, body } = await azure.control.arm({ method: 'GET', path: `${id}?api-version=${version}` });
  if (status !== 200) throw new Error(`expected GET ${id} to succeed, got ${status} ${JSON.stringify(body)}`);
  return body as Legacy['azure']['credentials'][number];
}

function ownIdentity({ azure }: World) {
  const own = azure.control.identities({}).find(({ id }) => id.endsWith('/azid-controller'));
  if (!own) throw new Error('expected azid to have an identity of its own');
  return own;
}

/** As etcd has them, whatever version a later API server would show them in. */
async function objects(cluster: Cluster): Promise<readonly KubeObject[]> {
  const kinds = new Map(KINDS.map(({ resource }, at) => [resource.kind, at]));
  const order = ({ kind }: KubeObject) => kinds.get(kind) ?? KINDS.length;
  const stored = await storedValues(cluster.plane.dataDir, `/registry/${GROUP}/`);
  return ([...stored.values()] as KubeObject[]).sort((a, b) => order(a) - order(b));
}

async function configMapsOf(cluster: Cluster, namespace: string): Promise<readonly KubeObject[]> {
  const all = await cluster.list(configMaps);
  const theirs = all.filter(({ metadata }) =>
    metadata.namespace === 'azid-system'
      ? metadata.name.startsWith('azid-')
      : metadata.namespace === namespace && metadata.name !== 'kube-root-ca.crt',
  );
  const [space] = (await cluster.list(namespaces)).filter(({ metadata }) => metadata.name === namespace);
  return [
    ...theirs.map((each) => ({ ...each, apiVersion: 'v1', kind: 'ConfigMap' })),
    ...(space ? [{ ...space, apiVersion: 'v1', kind: 'Namespace' }] : []),
  ];
}

/** Takes away what `takeLegacy` took, for it to be put there again. */
export async function removeLeft(cluster: Cluster, { kubernetes }: Legacy, namespace: string): Promise<void> {
  for (const { kind, metadata } of kubernetes)
    if (kind === 'ConfigMap' && metadata.namespace === 'azid-system')
      await cluster.delete(configMaps, `azid-system/${metadata.name}`);
  await cluster.clean(namespace);
}
