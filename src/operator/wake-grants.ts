import type { RoleGrant } from '../api/role-grant.ts';
import { armKey } from '../azure/names/resource-id.ts';
import type { StoreChange } from '../kube/informer/store.ts';
import type { ObjectKey } from '../kube/types.ts';
import { type Grantees, grantsOfPrincipal, type PeerEyes } from '../reconcilers/role-grant/peers.ts';
import { INDEX, referredIdentity, referredSystemIdentity, type Stores } from '../reconcilers/stores.ts';
import type { Priority } from '../runtime/outcome.ts';
import {
  isAnother,
  isStalledOtherwise,
  isWorthALook,
  type Principal,
  sameLabels,
  selectsNow,
} from './wake.ts';
import { type WakeGoing, type WatchedForGoing, wakeGoingOnKubernetes } from './wake-going.ts';

/** From what changed to the RoleGrants it touches, and to the identities that wait for what hangs on them to go. */
export interface WakeGrants extends WakeGoing {
  grant(key: ObjectKey, priority: Priority): void;
  /** Of an AssignmentExpiry. */
  expiry(key: ObjectKey, priority: Priority): void;
}

type Watched = Pick<Stores, 'grants' | 'systemIdentities' | 'policies' | 'namespaces' | 'expiries'> &
  WatchedForGoing;

export interface GrantsDeps extends Grantees {
  readonly stores: Watched;
  readonly proofs: Grantees['proofs'] & Pick<PeerEyes['proofs'], 'known'>;
  readonly systemProofs: Grantees['systemProofs'] & Pick<PeerEyes['systemProofs'], 'known'>;
}

/** Connects the stores to the queues until disposed. */
export function wakeGrantsOnKubernetes(deps: GrantsDeps, wake: WakeGrants): Disposable {
  const { stores } = deps;
  const subscriptions = new DisposableStack();
  const inNamespace = (name: string) => {
    for (const key of stores.grants.keysByIndex(INDEX.namespace, name)) wake.grant(key, 'event');
  };
  subscriptions.use(
    stores.grants.onChange((change) => {
      if (change.new && isWorthALook(change)) wake.grant(change.key, change.initial ? 'resync' : 'event');
      if (!change.new) wake.grant(change.key, 'event');
      if (change.initial || !(isWorthALook(change) || isStalledOtherwise(change))) return;
      const { uid } = (change.new ?? change.old)?.metadata ?? {};
      if (uid !== undefined && isWorthALook(change))
        for (const key of stores.expiries.keysByIndex(INDEX.expiryOwner, uid)) wake.expiry(key, 'event');
      // Objects that share an assignment with it, or wait for it: whoever has the same principal may.
      for (const key of sharers(deps, change)) if (key !== change.key) wake.grant(key, 'event');
    }),
  );
  subscriptions.use(
    stores.expiries.onChange((change) => {
      if (!isWorthALook(change)) return;
      wake.expiry(change.key, change.initial ? 'resync' : 'event');
      const { spec } = change.new ?? change.old ?? {};
      // A record that comes wants to know who else has the assignment; one that was removed is made again.
      if (change.initial || (change.old && change.new) || !spec) return;
      for (const key of stores.grants.keysByIndex(INDEX.assignment, armKey(spec.assignmentId)))
        wake.grant(key, 'event');
    }),
  );
  const onIdentity = (index: string) => (change: StoreChange<Principal>) => {
    if (change.initial || !isAnother(change)) return;
    for (const key of stores.grants.keysByIndex(index, change.key)) wake.grant(key, 'event');
  };
  subscriptions.use(stores.identities.onChange(onIdentity(INDEX.identityRef)));
  subscriptions.use(stores.systemIdentities.onChange(onIdentity(INDEX.systemIdentityRef)));
  subscriptions.use(
    stores.policies.onChange((change) => {
      if (change.initial || !isWorthALook(change)) return;
      for (const namespace of stores.namespaces.values())
        if (selectsNow(change.old, namespace) || selectsNow(change.new, namespace))
          inNamespace(namespace.metadata.name);
    }),
  );
  subscriptions.use(
    stores.namespaces.onChange((change) => {
      if (!change.initial && !sameLabels(change)) inNamespace(change.key);
    }),
  );
  subscriptions.use(wakeGoingOnKubernetes(stores, wake));
  return subscriptions;
}

/** An assignment changed in Azure, or is suspected to have gone: whoever has it in its status or ledger looks. */
export function wakeOnAssignment(stores: Stores, wake: WakeGrants, key: string, priority: Priority): void {
  for (const each of stores.grants.keysByIndex(INDEX.assignment, key)) wake.grant(each, priority);
}

/** A role was edited, renamed or removed. */
export function wakeOnRole(stores: Watched, wake: WakeGrants, guid: string): void {
  for (const key of stores.grants.keysByIndex(INDEX.role, guid.toLowerCase())) wake.grant(key, 'event');
}

function sharers(deps: GrantsDeps, { old, new: next }: StoreChange<RoleGrant>): ReadonlySet<ObjectKey> {
  const principals = new Set<string>();
  for (const grant of [old, next]) {
    if (!grant) continue;
    const { spec, status } = grant;
    const referred = [
      ...referredIdentity(grant).map((key) => deps.proofs.known(key)),
      ...referredSystemIdentity(grant).map((key) => deps.systemProofs.known(key)),
    ];
    const ofReferred = referred.map((identity) => identity?.principalId);
    for (const id of [spec.principal.id, status?.principalId, ...ofReferred])
      if (id !== undefined) principals.add(id.toLowerCase());
  }
  return new Set([...principals].flatMap((principal) => [...grantsOfPrincipal(principal, deps)]));
}
