import type { HostIdentity } from '../../api/host-identity.ts';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import { hasFinalizer } from '../../api/schema/common.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { hostArea } from '../../cache/hosts/area.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { StoreChange } from '../../kube/informer/store.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { policyFor } from '../../policy/evaluate.ts';
import type { Watch } from '../../runtime/controller/watch.ts';
import { openedBy } from '../hosts/claims/slots.ts';
import { type AskedHost, askedHostOf, attachmentAsked, placesOf, selectsHost } from '../hosts/claims/spec.ts';
import { hostsOf } from '../hosts/ledger/lines.ts';
import { systemVerdict } from '../hosts/system-identity.ts';
import { INDEX, type Stores } from '../stores.ts';
import { type CacheOfAreas, listedFor } from '../watches/areas.ts';
import { isPlacedOtherwise } from '../watches/predicates.ts';
import {
  type CacheSource,
  ofBoth,
  onCache,
  onChange,
  onEdit,
  onListed,
  onPolicy,
  onPrincipal,
  onReferredIdentity,
  onSelf,
  type ReferredDeps,
} from '../watches/watches.ts';

interface WatchDeps extends ReferredDeps {
  readonly stores: Pick<
    Stores,
    'hosts' | 'attachments' | 'systemIdentities' | 'identities' | 'policies' | 'namespaces'
  >;
  readonly hostCache: CacheSource & Pick<CacheOfAreas, 'onLoaded'>;
}

/**
 * What enqueues a HostIdentity, since it alone writes to its resource: each change of an object that may want something
 * of that.
 */
export function watches(deps: WatchDeps): readonly Watch[] {
  const { stores, identityCache, hostCache } = deps;
  const { hosts, attachments, systemIdentities, identities } = stores;
  const ofAttachment = (object: IdentityAttachment | undefined) => [
    ...hostsOf(object, object?.spec.target.resourceId, stores),
    ...awaiting(object, hosts),
  ];
  const ofSystemIdentity = (object: SystemAssignedIdentity | undefined) =>
    hostsOf(object, object?.spec.resourceId, stores);
  const ofReferring = (identity: ObjectKey) =>
    attachments.byIndex(INDEX.identityRef, identity).flatMap(ofAttachment);
  const having = (identityId: string) => hosts.keysByIndex(INDEX.identityId, armKey(identityId));
  const at = (hostKey: string) => hosts.keysByIndex(INDEX.host, hostKey);
  return [
    onSelf(hosts),
    onChange(hosts, (change) => movedBetween(change).flatMap((id) => [...at(armKey(id))])),
    onEdit(attachments, (change) => ofBoth(change, ofAttachment)),
    onChange(attachments, (change) => openedBy(change).flatMap((key) => [...at(key)])),
    onEdit(systemIdentities, (change) => ofBoth(change, ofSystemIdentity)),
    onChange(systemIdentities, (change) => (isOpened(change) ? ofSystemIdentity(change.new) : [])),
    onPrincipal(identities, (change) => [
      ...ofReferring(change.key),
      ...ofBoth(change, ({ status }) => (status?.id === undefined ? [] : having(status.id))),
    ]),
    // While a claim is not known, it goes by where the attachment's identity is expected.
    onChange(identities, (change) => (isPlacedOtherwise(change) ? ofReferring(change.key) : [])),
    ...onPolicy(stores, (namespace) => [
      ...attachments.byIndex(INDEX.namespace, namespace).flatMap(ofAttachment),
      ...systemIdentities.byIndex(INDEX.namespace, namespace).flatMap(ofSystemIdentity),
    ]),
    // The write's own answer has shown this process what it wrote.
    onCache(hostCache, 'none', at),
    onCache(identityCache, 'all', having),
    ...onReferredIdentity(deps, ofReferring),
    onListed(listedFor(hostCache, 'hostidentity')),
  ];
}

/**
 * Hosts that keep something for an object whose claim is not known: no slot leads to them, and no ledger names who
 * may want it. Of an attachment by selector these are in its area.
 */
function awaiting(
  object: IdentityAttachment | undefined,
  hosts: Pick<Stores['hosts'], 'keysByIndex'>,
): readonly ObjectKey[] {
  const { selector } = object?.spec.target ?? {};
  if (!selector) return [];
  return hosts.keysByIndex(INDEX.awaitingArea, hostArea(selector.subscriptionId, selector.type));
}

/** A resource was moved: the ledgers of both its ids have something to do. */
function movedBetween({ old, new: next }: StoreChange<HostIdentity>): readonly string[] {
  return (['movedTo', 'movedFrom'] as const).flatMap((field) => {
    const other = next?.status?.[field];
    return other === undefined || other === old?.status?.[field] ? [] : [other];
  });
}

/** Nothing is given before its finalizer is set, and nothing taken before its status releases it: the host waits for both. */
function isOpened({ old, new: next }: StoreChange<SystemAssignedIdentity>): boolean {
  if (!next) return false;
  if (hasFinalizer(next) && !(old && hasFinalizer(old))) return true;
  return next.status?.released === true && old?.status?.released !== true;
}

type Known = Pick<Stores, 'hosts' | 'attachments' | 'systemIdentities' | 'policies' | 'namespaces'>;

/**
 * In whose turns a host is reconciled: a HostIdentity lives in azid's own namespace, but serves the namespaces of all
 * owners in its ledger, and of all who name or select it and whom a policy allows something there. It goes in the
 * first turn that comes to one of them: so a team's thousand hosts do not hold up another team's one, and a host does
 * not wait behind the backlog of the others that share it. A namespace that may have nothing there gives it no turn,
 * which might be a long one to wait for.
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
