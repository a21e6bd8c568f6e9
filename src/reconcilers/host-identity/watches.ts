import type { HostIdentity } from '../../api/host-identity.ts';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import { hasFinalizer } from '../../api/schema/common.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { StoreChange } from '../../kube/informer/store.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { type Source, type Watch, watch } from '../../runtime/controller/watch.ts';
import { hostsOf } from '../hosts/ledger/readers.ts';
import { INDEX, type Stores } from '../stores.ts';
import { type CacheOfAreas, listedFor } from '../watches/areas.ts';
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

export interface WatchDeps extends ReferredDeps {
  readonly stores: Pick<
    Stores,
    'hosts' | 'attachments' | 'systemIdentities' | 'identities' | 'policies' | 'namespaces'
  >;
  readonly hostCache: CacheSource & Pick<CacheOfAreas, 'onLoaded'>;
  /** Keys of resources that a rollout has come to. */
  readonly rolloutSlots: Source<string>;
}

/** What enqueues a HostIdentity: the one that writes to a resource hears of all that may want something of it. */
export function watches(deps: WatchDeps): readonly Watch[] {
  const { stores, identityCache, hostCache, rolloutSlots } = deps;
  const { hosts, attachments, systemIdentities, identities } = stores;
  const ofAttachment = (object: IdentityAttachment | undefined) =>
    hostsOf(object, object?.spec.target.resourceId, stores);
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
    onEdit(systemIdentities, (change) => ofBoth(change, ofSystemIdentity)),
    onChange(systemIdentities, (change) => (isReadyToBegin(change) ? ofSystemIdentity(change.new) : [])),
    onPrincipal(identities, (change) => [
      ...ofReferring(change.key),
      ...ofBoth(change, ({ status }) => (status?.id === undefined ? [] : having(status.id))),
    ]),
    ...onPolicy(stores, (namespace) => [
      ...attachments.byIndex(INDEX.namespace, namespace).flatMap(ofAttachment),
      ...systemIdentities.byIndex(INDEX.namespace, namespace).flatMap(ofSystemIdentity),
    ]),
    // What this process wrote itself it knows already.
    onCache(hostCache, 'none', at),
    onCache(identityCache, 'all', having),
    ...onReferredIdentity(deps, ofReferring),
    watch(rolloutSlots, at),
    onListed(listedFor(hostCache, 'hostidentity')),
  ];
}

/** A resource was moved: the ledgers of both its ids have something to do. */
function movedBetween({ old, new: next }: StoreChange<HostIdentity>): readonly string[] {
  return (['movedTo', 'movedFrom'] as const).flatMap((field) => {
    const other = next?.status?.[field];
    return other === undefined || other === old?.status?.[field] ? [] : [other];
  });
}

/** Nothing is given before its finalizer stands: it is what the host waits for. */
function isReadyToBegin({ old, new: next }: StoreChange<SystemAssignedIdentity>): boolean {
  return next !== undefined && hasFinalizer(next) && !(old && hasFinalizer(old));
}
