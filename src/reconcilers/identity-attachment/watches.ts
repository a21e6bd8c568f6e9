import { hostTypeOf } from '../../azure/hosts/capabilities.ts';
import { armKey, parseIdentityIdIfAny } from '../../azure/names/resource-id.ts';
import { type HostArea, hostArea, parseHostArea } from '../../cache/hosts/area.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { type Watch, watch } from '../../runtime/controller/watch.ts';
import { placesOf } from '../hosts/claims/spec.ts';
import { readersOf } from '../hosts/ledger/lines.ts';
import { INDEX, type Stores } from '../stores.ts';
import { type CacheOfAreas, listedFor } from '../watches/areas.ts';
import {
  type CacheSource,
  onCache,
  onChange,
  onListed,
  onPolicy,
  onPrincipal,
  onReferredIdentity,
  onSelf,
  type ReferredDeps,
} from '../watches/watches.ts';

interface WatchDeps extends ReferredDeps {
  readonly stores: Pick<Stores, 'attachments' | 'hosts' | 'identities' | 'policies' | 'namespaces'>;
  readonly hostCache: CacheSource & Pick<CacheOfAreas, 'onLoaded' | 'onSettled'>;
  /** Of the identities: those that are attached by their ARM id are listed, too. */
  readonly identityCache: ReferredDeps['identityCache'] & Pick<CacheOfAreas, 'use'>;
}

/** What enqueues an IdentityAttachment. */
export function watches(deps: WatchDeps): readonly Watch[] {
  const { stores, identityCache, hostCache } = deps;
  const { attachments, hosts, identities } = stores;
  const selecting = ({ subscriptionId, type }: HostArea) =>
    attachments.keysByIndex(INDEX.selectorArea, hostArea(subscriptionId, type));
  const referring = (identity: ObjectKey) => attachments.keysByIndex(INDEX.identityRef, identity);
  return [
    onSelf(attachments),
    onChange(hosts, (change) => readersOf('IdentityAttachment', change, attachments)),
    onPrincipal(identities, ({ key }) => referring(key)),
    ...onPolicy(stores, (namespace) => attachments.keysByIndex(INDEX.namespace, namespace)),
    // The write's own answer has shown this process what it wrote.
    onCache(hostCache, 'none', (hostKey) => [
      ...attachments.keysByIndex(INDEX.host, hostKey),
      ...placesOf(hostKey, hostTypeOf(hostKey)).flatMap((place) => [
        ...attachments.keysByIndex(INDEX.selectorPlace, place),
      ]),
    ]),
    onCache(identityCache, 'all', (identityId) =>
      attachments.keysByIndex(INDEX.identityId, armKey(identityId)),
    ),
    ...onReferredIdentity(deps, referring),
    onListed(listedFor(hostCache, 'identityattachment')),
    // What a list does not show changes nothing in the cache, but a selector's object may now say that nothing was missed.
    watch(
      { onChange: (listener: (area: string) => void) => hostCache.onSettled(listener) },
      (area) => selecting(parseHostArea(area)),
      () => 'resync',
    ),
    identitiesInUse(deps),
  ];
}

/** Recycling of an identity that no object of azid manages shows in the list of its subscription alone. */
function identitiesInUse({ stores: { attachments }, identityCache }: WatchDeps): Watch {
  const useSubscription = (key: ObjectKey) => {
    const identityId = attachments.get(key)?.spec.identityId;
    // That it is no id of an identity is reported by the object's own reconcile.
    const subscription = parseIdentityIdIfAny(identityId ?? '')?.subscriptionId;
    identityCache.use(`attachment ${key}`, subscription === undefined ? [] : [subscription]);
  };
  return {
    start() {
      for (const key of attachments.keys()) useSubscription(key);
      return attachments.onChange(({ key }) => useSubscription(key));
    },
  };
}
