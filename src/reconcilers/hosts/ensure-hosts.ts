import { createHash } from 'node:crypto';
import { hostIdentity } from '../../api/host-identity.ts';
import { API_VERSION } from '../../api/schema/kind.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import type { Stores } from '../stores.ts';

export interface EnsureHostDeps {
  readonly client: Pick<KubeClient, 'create' | 'get'>;
  readonly stores: Pick<Stores, 'hosts'>;
  /** azid's own: HostIdentities are nowhere else. */
  readonly azidNamespace: string;
}

/** Objects made at the same time: a fleet is not waited for one by one, and the API server is not flooded. */
const AT_ONCE = 8;

/** Each host has its HostIdentity from then on, made by this call or by another. */
export async function ensureHosts(
  hostIds: readonly string[],
  deps: EnsureHostDeps,
  signal: AbortSignal,
): Promise<void> {
  for (let at = 0; at < hostIds.length; at += AT_ONCE) {
    const made = await Promise.allSettled(
      hostIds.slice(at, at + AT_ONCE).map((id) => ensureHost(id, deps, signal)),
    );
    for (const each of made) if (each.status === 'rejected') throw each.reason;
  }
}

async function ensureHost(
  resourceId: string,
  { client, stores, azidNamespace }: EnsureHostDeps,
  signal: AbortSignal,
): Promise<void> {
  const draft = {
    apiVersion: API_VERSION,
    kind: hostIdentity.resource.kind,
    metadata: { namespace: azidNamespace, name: hostIdentityName(resourceId) },
    spec: { resourceId },
  };
  try {
    stores.hosts.recordWrite(await client.create(hostIdentity.resource, draft, signal));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // Another reconcile made it at the same moment, and the watch has not brought it yet: the next round must find it
    // in the store.
    const { namespace, name } = draft.metadata;
    stores.hosts.recordWrite(await client.get(hostIdentity.resource, `${namespace}/${name}`, signal));
  }
}

/** The name of a host's HostIdentity: the same for all that need it, and within Kubernetes' rules for any ARM id. */
export function hostIdentityName(hostId: string): string {
  return `host-${createHash('sha256').update(armKey(hostId)).digest('hex').slice(0, 40)}`;
}
