import type { HostIdentity } from '../api/host-identity.ts';
import { armKey } from '../azure/resource-id.ts';
import type { ObjectKey } from '../kube/types.ts';
import { INDEX, type Stores } from '../reconcilers/stores.ts';

/**
 * In whose turns a host is reconciled: a HostIdentity lives in azid's own namespace, but serves the namespaces of all who name
 * it or stand in its ledger. It goes in the first turn that comes to one of them: so neither do a team's thousand hosts hold
 * up another team's one, nor does a host wait behind the backlog of the others that share it.
 */
export function hostTurns(
  key: ObjectKey,
  { hosts, attachments, systemIdentities }: Pick<Stores, 'hosts' | 'attachments' | 'systemIdentities'>,
): readonly string[] {
  const host = hosts.get(key);
  if (!host) return [''];
  const namespaces = new Set(ownersOf(host).map(({ namespace }) => namespace));
  const id = armKey(host.spec.resourceId);
  for (const store of [attachments, systemIdentities])
    for (const each of store.keysByIndex(INDEX.host, id)) namespaces.add(namespaceOf(each));
  return namespaces.size > 0 ? [...namespaces] : [''];
}

function ownersOf({ status }: HostIdentity): readonly { readonly namespace: string }[] {
  const lines = [...(status?.entries ?? []), ...(status?.systemAssigned ? [status.systemAssigned] : [])];
  return lines.flatMap(({ owners }) => owners ?? []);
}

function namespaceOf(key: ObjectKey): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}
