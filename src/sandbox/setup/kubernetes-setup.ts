/** Installs azid into a cluster as an administrator would, from crds/ and deploy/. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KINDS } from '../../api/index.ts';
import { customResourceDefinitions, leases } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { unlessNotFound } from '../../kube/errors.ts';
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import type { Cluster } from '../cluster.ts';
import { EVENT_SOURCE, LEASE, NAMESPACE } from '../names.ts';
import { INSTALLATION } from '../project.ts';
import type { EventQueue } from './azure-seed.ts';

const SERVED_LIMIT_MS = 60_000;
const POLL_MS = 100;

/** Resolves when the API server serves azid's kinds, to kubectl too. Applying it again changes nothing. */
export async function installAzid(
  { kubectl, client }: Pick<Cluster, 'kubectl' | 'client'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await kubectl.apply(INSTALLATION, signal);
  const deadline = clock.monotonic() + SERVED_LIMIT_MS;
  for (;;) {
    const missing = [...(await notEstablished(client, signal)), ...(await notDiscovered(client, signal))];
    if (missing.length === 0) return;
    if (clock.monotonic() > deadline)
      throw new Error(
        `expected the API server to serve azid's kinds within ${SERVED_LIMIT_MS / 1000} s, but ${missing.join('; ')}`,
      );
    await sleep(clock, POLL_MS, signal);
  }
}

/**
 * Throws when a controller works in this cluster already: the sandbox's would replace what it knows of Azure by what
 * the simulator holds. A Lease that was not renewed for its duration counts as free.
 */
export async function expectNoController(
  client: KubeClient,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const lease = await unlessNotFound(client.get(leases, `${NAMESPACE}/${LEASE}`, signal));
  const { holderIdentity, renewTime, leaseDurationSeconds = 0 } = lease?.spec ?? {};
  if (!holderIdentity || renewTime === undefined) return;
  if (Date.parse(renewTime) + leaseDurationSeconds * 1000 < clock.now()) return;
  throw new Error(
    `expected no azid controller in the cluster of --kubeconfig, got one: ${holderIdentity} holds the Lease ` +
      `${NAMESPACE}/${LEASE}; stop it, wait ${leaseDurationSeconds} s, or leave out --kubeconfig for a cluster of the sandbox's own`,
  );
}

async function notEstablished(client: KubeClient, signal: AbortSignal): Promise<string[]> {
  const found = await Promise.all(
    KINDS.map(async ({ resource: { plural, group } }) => {
      const { status } = await client.get(customResourceDefinitions, `${plural}.${group}`, signal);
      const established = status?.conditions?.find(({ type }) => type === 'Established');
      if (established?.status === 'True') return [];
      return [
        `the CRD ${plural}.${group} is not Established: ${established?.message ?? 'no such condition'}`,
      ];
    }),
  );
  return found.flat();
}

/** `APIGroupDiscoveryList`, as far as it is read. */
interface Discovery {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources?: readonly { resource: string }[];
    }[];
  }[];
}

/**
 * What kubectl asks for the kinds there are. It follows Established a moment later: a `kubectl apply` in between fails
 * with "no matches for kind".
 */
async function notDiscovered({ transport }: KubeClient, signal: AbortSignal): Promise<string[]> {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const { items } = await transport.request<Discovery>({ method: 'GET', path: '/apis', accept }, signal);
  return KINDS.filter(({ resource: { group, version, plural } }) => {
    const served = items.find(({ metadata }) => metadata.name === group)?.versions;
    const resources = served?.find((each) => each.version === version)?.resources ?? [];
    return !resources.some(({ resource }) => resource === plural);
  }).map(({ resource: { plural, group } }) => `${plural}.${group} is not in its list of kinds`);
}

/** The object by which the controller receives the events of the simulated Azure. */
export async function applyEventSource(
  { kubectl, folder }: Pick<Cluster, 'kubectl' | 'folder'>,
  serviceBus: EventQueue,
  signal: AbortSignal,
): Promise<void> {
  const path = join(folder, 'event-source.json');
  const object = {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'EventSource',
    metadata: { name: EVENT_SOURCE },
    spec: { serviceBus },
  };
  await writeFile(path, JSON.stringify(object));
  await kubectl.apply([path], signal);
}
