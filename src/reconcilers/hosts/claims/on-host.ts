import type { HostIdentity, LedgerOwner } from '../../../api/host-identity.ts';
import type { IdentityAttachment } from '../../../api/identity-attachment.ts';
import type { SystemAssignedIdentity } from '../../../api/system-assigned-identity.ts';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { INDEX, type Stores } from '../../stores.ts';
import { type Line, linesOf } from '../ledger/lines.ts';
import { type Claim, type ClaimDeps, claimOfAttachment, claimOfSystemIdentity } from './claim.ts';
import { placesOf, selectsHost } from './spec.ts';

export interface HostClaimsDeps extends Omit<ClaimDeps, 'lines'> {
  readonly stores: ClaimDeps['stores'] & Pick<Stores, 'attachments' | 'systemIdentities'>;
}

interface HostClaims {
  readonly claims: readonly Claim[];
  /** As one of the objects gives it, also one that is being deleted. */
  readonly apiVersion?: string;
}

/**
 * All claims on a host: of objects that name it, that select it, and that its ledger names, though they may name
 * another host by now.
 *
 * @param seen as last seen; absent, no selector finds it; not known, any whose area it is in may
 */
export function claimsOnHost(
  object: HostIdentity,
  type: string,
  seen: AzureHost | 'absent' | undefined,
  deps: HostClaimsDeps,
  lines: ReadonlyMap<string, Line> = linesOf(object.status ?? {}),
): HostClaims {
  const { resourceId } = object.spec;
  const { attachments, systemIdentities } = deps.stores;
  const key = armKey(resourceId);
  const attaching = new Map<string, IdentityAttachment>();
  const own = new Map<string, SystemAssignedIdentity>();
  for (const each of attachments.byIndex(INDEX.host, key)) attaching.set(each.metadata.uid, each);
  for (const each of systemIdentities.byIndex(INDEX.host, key)) own.set(each.metadata.uid, each);
  const host = seen === 'absent' ? undefined : seen;
  if (seen !== 'absent')
    for (const place of placesOf(resourceId, type))
      for (const each of attachments.byIndex(INDEX.selectorPlace, place)) {
        const { selector } = each.spec.target;
        if (selector && (!host || selectsHost(selector, host))) attaching.set(each.metadata.uid, each);
      }
  const gone: Claim[] = [];
  for (const owner of ownersOf(lines)) {
    const store = owner.kind === 'IdentityAttachment' ? attachments : systemIdentities;
    const found = store.get(`${owner.namespace}/${owner.name}`);
    if (found?.metadata.uid !== owner.uid) gone.push(ofGone(owner, store.synced));
    else if (owner.kind === 'IdentityAttachment') attaching.set(owner.uid, found as IdentityAttachment);
    else own.set(owner.uid, found as SystemAssignedIdentity);
  }
  const claims = [
    ...[...attaching.values()]
      .toSorted(byAge)
      .map((each) => claimOfAttachment(each, resourceId, host, { ...deps, lines })),
    ...[...own.values()].toSorted(byAge).map((each) => claimOfSystemIdentity(each, deps)),
  ];
  // Other objects do not decide how the resource is read and written: it may be another team's.
  const owners = new Set([...ownersOf(lines)].map(({ uid }) => uid));
  const decides = (claim: Claim) =>
    owners.has(claim.owner.uid) || (claim.state === 'wants' && claim.verdict.allowed);
  const [version] = claims
    .filter(decides)
    .flatMap(({ owner: { uid } }) => (attaching.get(uid) ?? own.get(uid))?.spec.apiVersion ?? []);
  return { claims: [...claims, ...gone], ...(version !== undefined && { apiVersion: version }) };
}

/** Who vanished releases what it had, as it had asked for; but not before its kind has been listed. */
function ofGone(owner: LedgerOwner, synced: boolean): Claim {
  if (!synced) return { state: 'unclear', owner, why: 'its kind was not listed yet' };
  return { state: 'releases', owner, retain: owner.retain ?? false, hasSlot: true, detachInUse: [] };
}

function ownersOf(lines: ReadonlyMap<string, Line>): Iterable<LedgerOwner> {
  const owners = [...lines.values()].flatMap((line) => line.owners);
  return new Map(owners.map((owner) => [owner.uid, owner])).values();
}

/** Where not all can have what they want, the older object has it. */
function byAge(
  { metadata: a }: IdentityAttachment | SystemAssignedIdentity,
  { metadata: b }: IdentityAttachment | SystemAssignedIdentity,
): number {
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp ? -1 : 1;
  return a.uid < b.uid ? -1 : 1;
}
