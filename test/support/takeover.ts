import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { KINDS } from '../../src/api/index.ts';
import { configMaps, namespaces } from '../../src/kube/builtin.ts';
import { type KubeObject, keyOf } from '../../src/kube/types.ts';
import type { HostView } from '../../src/simulator/hosts/host-body.ts';
import type { Identity } from '../../src/simulator/identities/identities.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { storeKeys } from './planes/etcd.ts';
import type { Cluster } from './testbed.ts';

/** What an earlier azid left behind, in Kubernetes and in Azure, put into an API server and a simulated Azure of today. */

interface Named {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface Legacy {
  /** When it was taken; ISO 8601. */
  readonly taken: { readonly commit: string; readonly at: string };
  readonly kubernetes: readonly (KubeObject & { readonly data?: Readonly<Record<string, string>> })[];
  readonly azure: {
    readonly tenantId: string;
    /** azid's own identity, which has its claim on the installation; of an azid before there were sweeps it is not known. */
    readonly own?: Pick<Identity, 'id' | 'principalId' | 'clientId' | 'tags'>;
    readonly principals: readonly { displayName: string; type: 'User'; objectId: string }[];
    readonly identities: readonly Identity[];
    readonly credentials: readonly Named[];
    readonly assignments: readonly Named[];
    readonly hosts: readonly HostView[];
  };
}

export async function readLegacy(name: string): Promise<Legacy> {
  return parse(await readFile(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')) as Legacy;
}

/**
 * Below the API server, as a restore of etcd's backup would: through it every object would get another UID, and what azid
 * made in Azure names the UIDs of its owners.
 */
export async function restoreKubernetes({ kubernetes }: Legacy, cluster: Cluster): Promise<void> {
  const clusterUid = (await cluster.get(namespaces, 'kube-system'))?.metadata.uid;
  const values = kubernetes.map((object) => {
    const { resourceVersion: _, ...metadata } = object.metadata;
    // The one thing in it that is the cluster's, not azid's: it is to be the same cluster.
    const data = object.data?.clusterUid === undefined ? {} : { data: { ...object.data, clusterUid } };
    return [registryKey(object), { ...object, metadata, ...data }] as const;
  });
  await storeKeys(cluster.plane.dataDir, new Map(values));
}

function registryKey(object: KubeObject): string {
  const found = [...KINDS.map(({ resource }) => resource), configMaps, namespaces].find(
    ({ kind }) => kind === object.kind,
  );
  if (!found) throw new Error(`expected a resource of kind ${object.kind}`);
  return `/registry/${found.group === '' ? '' : `${found.group}/`}${found.plural}/${keyOf(object)}`;
}

/** With the ids, names and principals it had; of who wrote it and when nothing. */
export async function restoreAzure({ azure }: Legacy, { control }: Simulator): Promise<void> {
  const put = async ({ id, properties }: Named, version: string) => {
    const path = `${id}?api-version=${version}`;
    const { status, body } = await control.arm({ method: 'PUT', path, body: { properties } });
    if (status > 201) throw new Error(`expected PUT ${id} to succeed, got ${status} ${JSON.stringify(body)}`);
  };
  for (const { displayName, type, objectId } of azure.principals)
    control.createPrincipal({ displayName, type, objectId });
  for (const {
    name,
    subscriptionId,
    resourceGroup,
    location,
    tags,
    principalId,
    clientId,
  } of azure.identities)
    control.createIdentity({ name, subscriptionId, resourceGroup, location, tags, principalId, clientId });
  for (const host of azure.hosts) restoreHost(control, host);
  control.settle();
  for (const credential of azure.credentials) await put(credential, '2024-11-30');
  for (const { id, properties } of azure.assignments) {
    const { roleDefinitionId, principalId, principalType, condition, conditionVersion, description } =
      properties;
    const stated = { roleDefinitionId, principalId, principalType, description };
    await put(
      { id, properties: { ...stated, ...(condition !== null && { condition, conditionVersion }) } },
      '2022-04-01',
    );
  }
  control.settle();
}

function restoreHost(control: Simulator['control'], host: HostView): void {
  const { id, type, location, tags, properties, extra, uniqueId, system, attached } = host;
  const types = [system && 'SystemAssigned', attached.length > 0 && 'UserAssigned'].filter(Boolean);
  control.createHost({
    ...{ id, type, location, tags, properties, extra, uniqueId },
    ...(system && { system: { principalId: system.principalId, clientId: system.clientId } }),
    identity: {
      type: types.join(', ') || 'None',
      ...(attached.length > 0 && {
        userAssignedIdentities: Object.fromEntries(attached.map((each) => [each.id, {}])),
      }),
    },
  });
}
