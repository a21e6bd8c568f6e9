import type { HostIdentity } from '../../api/host-identity.ts';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { policyFor } from '../../policy/evaluate.ts';
import { type AskedHost, askedHostOf, attachmentAsked, placesOf, selectsHost } from '../hosts/claims/spec.ts';
import { systemVerdict } from '../hosts/system-identity.ts';
import { INDEX, type Stores } from '../stores.ts';

type Known = Pick<Stores, 'hosts' | 'attachments' | 'systemIdentities' | 'policies' | 'namespaces'>;

/**
 * In whose turns a host is reconciled: a HostIdentity lives in azid's own namespace, but serves the namespaces of all who stand
 * in its ledger, and of all who name or select it and whom a policy allows something there. It goes in the first turn that
 * comes to one of them: so neither do a team's thousand hosts hold up another team's one, nor does a host wait behind the
 * backlog of the others that share it. Whoever may have nothing there lends it no turn, which might be a long one to wait for.
 */
export function hostNamespaces(
  key: ObjectKey,
  stores: Known,
  hostCache: Pick<HostCache, 'observe'>,
): readonly string[] {
  const object = stores.hosts.get(key);
  if (!object) return [''];
  const namespaces = new Set(ownersOf(object).map(({ namespace }) => namespace));
  const host = askedHostOf(object.spec.resourceId);
  // An id of no known form is reported by the object's own reconcile.
  if (host.type !== '') addAllowed(namespaces, host, stores, hostCache);
  return namespaces.size > 0 ? [...namespaces] : [''];
}

/** Of a namespace one object is enough: asked each time that a host is queued. */
function addAllowed(
  namespaces: Set<string>,
  host: AskedHost,
  stores: Known,
  hostCache: Pick<HostCache, 'observe'>,
): void {
  const key = armKey(host.hostId);
  const seen = hostCache.observe(host.hostId);
  const attachments = [
    ...stores.attachments.byIndex(INDEX.host, key),
    // No selector has found what the cache does not show.
    ...(seen.state === 'present' ? selecting(seen.resource, stores) : []),
  ];
  for (const each of attachments) {
    const { namespace = '' } = each.metadata;
    if (namespaces.has(namespace)) continue;
    if (policyFor(each, stores).allowsAttachment(attachmentAsked(each, host)).allowed)
      namespaces.add(namespace);
  }
  for (const each of stores.systemIdentities.byIndex(INDEX.host, key)) {
    const { namespace = '' } = each.metadata;
    if (namespaces.has(namespace)) continue;
    if (systemVerdict(each, stores).allowed) namespaces.add(namespace);
  }
}

function selecting(shown: AzureHost, { attachments }: Known): readonly IdentityAttachment[] {
  return placesOf(shown.id, shown.type)
    .flatMap((place) => attachments.byIndex(INDEX.selectorPlace, place))
    .filter(({ spec: { target } }) => target.selector && selectsHost(target.selector, shown));
}

function ownersOf({ status }: HostIdentity): readonly { readonly namespace: string }[] {
  const lines = [...(status?.entries ?? []), ...(status?.systemAssigned ? [status.systemAssigned] : [])];
  return lines.flatMap(({ owners }) => owners ?? []);
}
