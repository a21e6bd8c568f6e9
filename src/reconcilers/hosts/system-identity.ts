import type { HostIdentity, LedgerOwner, LedgerSystem } from '../../api/host-identity.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { CallContext } from '../../azure/arm/arm-calls.ts';
import { hostTypeOf } from '../../azure/hosts/capabilities.ts';
import { isUniqueInstance } from '../../azure/hosts/host.ts';
import type { Hosts } from '../../azure/hosts/hosts.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import { type PolicySources, policyFor } from '../../policy/evaluate.ts';
import type { Verdict } from '../../policy/verdict.ts';
import { INDEX, type Stores } from '../stores.ts';
import { apiVersionOf, type ClaimStores } from './api-version.ts';
import { askedHostOf, systemAssignedAsked } from './claims/spec.ts';
import { isCrowded, isOwner } from './ledger/lines.ts';

/**
 * A resource's own identity: which objects have a part in it, by the ledger, which no tenant can write; where the resource is,
 * and what Azure answers of the identity.
 */

/** Of the ledger, towards one object. */
interface OwnedLine {
  readonly entry: LedgerSystem;
  /** The ledger is full, and names others: the object counts for as long as a policy allows it. */
  readonly unnamed: boolean;
}

/**
 * The ledger's line of the resource's own identity, if the object has a part in it. A full ledger proves nothing of an
 * object that it does not name (anyone may make an object), unless a policy allows the object what it would be named
 * for; and then nothing is left for it to let go of.
 */
export function lineOf(
  holder: Pick<HostIdentity, 'status'> | undefined,
  object: SystemAssignedIdentity,
  policies: PolicySources,
): OwnedLine | undefined {
  const entry = holder?.status?.systemAssigned;
  if (!entry) return undefined;
  if (isOwner(entry, object.metadata.uid)) return { entry, unnamed: false };
  const isGoing = object.metadata.deletionTimestamp !== undefined;
  return isCrowded(entry) && !isGoing && systemVerdict(object, policies).allowed
    ? { entry, unnamed: true }
    : undefined;
}

/**
 * Ledgers that name the object for a resource's own identity, that of the resource which it names first. The ledger of a resource
 * that was moved goes with it, so one may be of another id, and another resource may be at the old id by now.
 */
export function holdersOf(
  { metadata: { uid }, spec }: SystemAssignedIdentity,
  { hosts }: Pick<Stores, 'hosts'>,
): readonly HostIdentity[] {
  const key = armKey(spec.resourceId);
  const isNamed = (holder: HostIdentity) => armKey(holder.spec.resourceId) === key;
  const naming = hosts
    .byIndex(INDEX.ledgerOwner, uid)
    .filter(({ status }) => status?.systemAssigned && isOwner(status.systemAssigned, uid));
  return [...naming.filter(isNamed), ...naming.filter((holder) => !isNamed(holder))];
}

/** Whether the policies allow the object the identity of its resource, now. */
export function systemVerdict(object: SystemAssignedIdentity, policies: PolicySources): Verdict {
  const asked = systemAssignedAsked(object, askedHostOf(object.spec.resourceId));
  return policyFor(object, policies).allowsSystemAssigned(asked);
}

/** Whether the identity stays on when the object releases it. */
interface Others {
  /** Uids of those whom the ledger names, and who release it as well, to be switched off. */
  readonly releasing: readonly string[];
  /** One that the ledger does not name wants it, and a policy allows that. */
  readonly wanted: boolean;
}

/**
 * As the host decides: it is switched off when no object wants it any more, and none that is being deleted, or is gone,
 * retains it.
 *
 * @param hostId of the ledger's resource; it may have been moved there since the object was made
 */
export function othersOf(
  entry: LedgerSystem,
  object: SystemAssignedIdentity,
  stores: PolicySources & Pick<Stores, 'systemIdentities'>,
  hostId = object.spec.resourceId,
): Others {
  const { systemIdentities } = stores;
  const isReleasing = ({ namespace, name, uid, retain }: LedgerOwner): boolean => {
    const other = systemIdentities.get(`${namespace}/${name}`);
    if (other?.metadata.uid !== uid) return retain !== true;
    return other.metadata.deletionTimestamp !== undefined && other.spec.deletionPolicy === 'Delete';
  };
  const wants = (other: SystemAssignedIdentity): boolean => {
    const { uid, deletionTimestamp } = other.metadata;
    if (uid === object.metadata.uid || deletionTimestamp || other.spec.suspend || isOwner(entry, uid))
      return false;
    const verdict = systemVerdict(other, stores);
    return verdict.allowed || verdict.unseen === true;
  };
  return {
    releasing: entry.owners.filter(isReleasing).map(({ uid }) => uid),
    wanted: systemIdentities.byIndex(INDEX.host, armKey(hostId)).some(wants),
  };
}

/**
 * The id of a resource that was moved from where its object names it; undefined: not known. By the ledger that went
 * with it; else by what distinguishes it from any other resource, as its HostIdentity remembers it.
 */
export function currentIdOf(
  object: SystemAssignedIdentity,
  {
    stores,
    hostCache,
  }: { readonly stores: Pick<Stores, 'hosts'>; readonly hostCache: Pick<HostCache, 'byIndex'> },
): string | undefined {
  const key = armKey(object.spec.resourceId);
  const there = holdersOf(object, stores).find(
    ({ status }) => status?.movedFrom !== undefined && armKey(status.movedFrom) === key,
  );
  if (there) return there.status?.hostId ?? there.spec.resourceId;
  const [holder] = stores.hosts.byIndex(INDEX.host, key);
  const { instance } = holder?.status ?? {};
  if (!isUniqueInstance(instance)) return undefined;
  return hostCache.byIndex('instance', instance).find((each) => each.key !== key)?.id;
}

/** What a resource's own identity is, as Azure says now. */
export type ObservedSystemIdentity =
  | { readonly found: true; readonly principalId: string }
  /**
   * The resource has none, or is not there. `conclusive`: neither Azure's lag after a write nor an answer that says
   * nothing (a bare 404, a missing right) explains it.
   */
  | { readonly found: false; readonly conclusive: boolean };

interface SystemIdentityDeps {
  readonly hosts: Pick<Hosts, 'get'>;
  readonly hostCache: Pick<HostCache, 'observe'>;
  readonly stores: ClaimStores;
}

/** As Azure answers now; whether the identity's absence is proven follows from the cache. */
export async function systemIdentityNow(
  hostId: string,
  context: CallContext,
  { hosts, hostCache, stores }: SystemIdentityDeps,
): Promise<ObservedSystemIdentity> {
  const apiVersion = apiVersionOf(hostTypeOf(hostId), stores);
  const got = await hosts.get(hostId, context, { apiVersion });
  if (!got.found) return { found: false, conclusive: hostCache.observe(hostId).state === 'absent' };
  const { system, principalId } = got.host.identity;
  if (principalId !== undefined) return { found: true, principalId };
  // While a write is under way it may just be coming.
  const [ledger] = stores.hosts.byIndex(INDEX.host, armKey(hostId));
  const { operation, writeStartedAt } = ledger?.status ?? {};
  return { found: false, conclusive: !system && operation === undefined && writeStartedAt === undefined };
}
