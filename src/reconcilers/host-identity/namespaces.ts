import type { HostIdentity } from '../../api/host-identity.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { armKey, parseResourceId } from '../../azure/names/resource-id.ts';
import { hostArea } from '../../cache/hosts/area.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { selectsHost } from '../hosts/claims/selector.ts';
import { INDEX, type Stores } from '../stores.ts';

/**
 * In whose turns a host is reconciled: a HostIdentity lives in azid's own namespace, but serves the namespaces of all who name
 * it, select it or stand in its ledger. It goes in the first turn that comes to one of them: so neither do a team's thousand
 * hosts hold up another team's one, nor does a host wait behind the backlog of the others that share it.
 */
export function hostNamespaces(
  key: ObjectKey,
  { hosts, attachments, systemIdentities }: Pick<Stores, 'hosts' | 'attachments' | 'systemIdentities'>,
  hostCache: Pick<HostCache, 'observe'>,
): readonly string[] {
  const host = hosts.get(key);
  if (!host) return [''];
  const namespaces = new Set(ownersOf(host).map(({ namespace }) => namespace));
  const id = armKey(host.spec.resourceId);
  for (const store of [attachments, systemIdentities])
    for (const each of store.keysByIndex(INDEX.host, id)) namespaces.add(namespaceOf(each));
  const seen = seenAs(host, hostCache);
  if (seen) addSelecting(namespaces, seen, attachments);
  return namespaces.size > 0 ? [...namespaces] : [''];
}

/** Asked each time that a host is queued: of a namespace one selector that finds it is enough. */
function addSelecting(namespaces: Set<string>, host: AzureHost, attachments: Stores['attachments']): void {
  const area = hostArea(parseResourceId(host.id).subscriptionId, host.type);
  for (const { metadata, spec } of attachments.byIndex(INDEX.selectorArea, area)) {
    const { namespace = '' } = metadata;
    const { selector } = spec.target;
    if (selector && !namespaces.has(namespace) && selectsHost(selector, host)) namespaces.add(namespace);
  }
}

/** As the cache has it: no selector has found what it does not show. */
function seenAs({ spec: { resourceId } }: HostIdentity, hostCache: Pick<HostCache, 'observe'>) {
  try {
    const seen = hostCache.observe(resourceId);
    return seen.state === 'present' ? seen.resource : undefined;
  } catch (error) {
    // The id is none: the object's own reconcile tells.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function ownersOf({ status }: HostIdentity): readonly { readonly namespace: string }[] {
  const lines = [...(status?.entries ?? []), ...(status?.systemAssigned ? [status.systemAssigned] : [])];
  return lines.flatMap(({ owners }) => owners ?? []);
}

function namespaceOf(key: ObjectKey): string {
  return key.slice(0, Math.max(0, key.indexOf('/')));
}
