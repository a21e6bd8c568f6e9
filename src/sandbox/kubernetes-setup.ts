/** Installs azid into a cluster as an administrator would, from crds/ and deploy/. */
import { KINDS } from '../api/index.ts';
import { customResourceDefinitions, leases } from '../kube/builtin.ts';
import type { KubeClient } from '../kube/client.ts';
import { isNotFound } from '../kube/errors.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import type { Cluster } from './cluster.ts';
import { LEASE, NAMESPACE } from './names.ts';
import { INSTALLATION } from './project.ts';

const ESTABLISHED_LIMIT_MS = 60_000;
const POLL_MS = 100;

/** Resolves when the API server serves azid's kinds. Applying it again changes nothing. */
export async function installAzid(
  { kubectl, client }: Pick<Cluster, 'kubectl' | 'client'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await kubectl.apply(INSTALLATION, signal);
  const names = KINDS.map(({ resource }) => `${resource.plural}.${resource.group}`);
  await Promise.all(names.map((name) => untilEstablished(client, name, clock, signal)));
}

/**
 * Throws when a controller works in this cluster already: the sandbox's would replace what it knows of Azure by what
 * the simulator holds. A Lease that was not renewed for its duration is nobody's.
 */
export async function expectNoController(
  client: KubeClient,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const lease = await client.get(leases, `${NAMESPACE}/${LEASE}`, signal).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  const { holderIdentity, renewTime, leaseDurationSeconds = 0 } = lease?.spec ?? {};
  if (!holderIdentity || renewTime === undefined) return;
  if (Date.parse(renewTime) + leaseDurationSeconds * 1000 < clock.now()) return;
  throw new Error(
    `expected no azid controller in the cluster of --kubeconfig, got one: ${holderIdentity} holds the Lease ` +
      `${NAMESPACE}/${LEASE}; stop it, wait ${leaseDurationSeconds} s, or leave out --kubeconfig for a cluster of the sandbox's own`,
  );
}

async function untilEstablished(
  client: KubeClient,
  name: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonic() + ESTABLISHED_LIMIT_MS;
  for (;;) {
    const { status } = await client.get(customResourceDefinitions, name, signal);
    const established = status?.conditions?.find(({ type }) => type === 'Established');
    if (established?.status === 'True') return;
    if (clock.monotonic() > deadline)
      throw new Error(
        `expected the CRD ${name} to be Established within ${ESTABLISHED_LIMIT_MS / 1000} s, got ` +
          `${established?.message ?? 'no such condition'}`,
      );
    await sleep(clock, POLL_MS, signal);
  }
}
