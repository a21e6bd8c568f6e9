import type { LedgerOwner } from '../../../api/host-identity.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { type Line, SYSTEM } from '../ledger/lines.ts';
import type { Claim, Wants } from './claim.ts';

/** The claims on a host, by the identity that they are of. */
export interface ClaimsByIdentity {
  /** By key: who wants it, the denied and those without a slot included. */
  readonly wants: ReadonlyMap<string, readonly Wants[]>;
  /** By key: the objects of which it is not known yet whether they want it, or may have it. */
  readonly mayWant: ReadonlyMap<string, readonly LedgerOwner[]>;
  /** By uid. */
  readonly byOwner: ReadonlyMap<string, Claim>;
}

/** Who holds what the ledger has of one identity. */
interface Holding {
  /** Those for whom it stays, as the ledger is to name them. Empty: no object wants it. */
  readonly holders: readonly LedgerOwner[];
  /** Those of the ledger who do not want it any more. */
  readonly releasing: readonly Releasing[];
  /**
   * An object that the ledger does not name and that may want it, which is not known yet: it is not taken away, and
   * its owners stay as they are.
   */
  readonly awaited?: LedgerOwner;
}

export interface Releasing {
  readonly owner: LedgerOwner;
  /** Its object asked for it to be left in Azure. */
  readonly retain: boolean;
  /** It may be taken away now. */
  readonly hasSlot: boolean;
  /** Properties that name it, and out from under which it may be taken, by an annotation of its object. */
  readonly detachInUse: readonly string[];
  /** Key of the identity that it wants instead: it goes no earlier than that one is there. */
  readonly instead?: string;
}

export function claimsByIdentity(claims: readonly Claim[]): ClaimsByIdentity {
  // In one pass: a host has hundreds of claims, and each of its identities depends on all of them.
  const wants = new Map<string, Wants[]>();
  const mayWant = new Map<string, LedgerOwner[]>();
  for (const claim of claims) {
    if (claim.state === 'wants') append(wants, keyWanted(claim), claim);
    for (const key of keysUndetermined(claim)) append(mayWant, key, claim.owner);
  }
  return { wants, mayWant, byOwner: new Map(claims.map((claim) => [claim.owner.uid, claim])) };
}

function append<V>(lists: Map<string, V[]>, key: string, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function keyWanted({ what }: Wants): string {
  return what === 'system' ? SYSTEM : armKey(what.identityId);
}

/** Something new may be given for it: giving asks the policies every time. */
export function mayGive({ verdict, paused }: Wants): boolean {
  return verdict.allowed && !paused;
}

/**
 * @param key of the identity
 * @param line what the ledger has of it
 * @param shown it is on the host, alive: who may have it joins those that hold it without a change in Azure
 */
export function holdingOf(
  key: string,
  line: Line | undefined,
  { wants, mayWant, byOwner }: ClaimsByIdentity,
  shown: boolean,
): Holding {
  const holders: LedgerOwner[] = [];
  const releasing: Releasing[] = [];
  const known = new Set<string>();
  for (const owner of line?.owners ?? []) {
    known.add(owner.uid);
    const claim = byOwner.get(owner.uid);
    // The object is gone: its deletionPolicy, as the ledger has it, decides whether what it had stays.
    if (!claim) releasing.push({ owner, retain: owner.retain ?? false, hasSlot: true, detachInUse: [] });
    else if (claim.state === 'releases') {
      const { retain, hasSlot, detachInUse } = claim;
      releasing.push({ owner, retain, hasSlot, detachInUse });
    } else if (claim.state === 'unclear' || keyWanted(claim) === key) holders.push(claim.owner);
    // It wants another one now: as long as that may not be given, it keeps what it has.
    else if (mayGive(claim) && claim.hasSlot)
      releasing.push({
        owner,
        retain: false,
        hasSlot: true,
        detachInUse: claim.detachInUse,
        instead: keyWanted(claim),
      });
    else holders.push(owner);
  }
  const begun = line?.state === 'Attaching';
  for (const claim of wants.get(key) ?? [])
    if (!known.has(claim.owner.uid) && mayGive(claim) && (claim.hasSlot || shown || begun))
      holders.push(claim.owner);
  const awaited =
    holders.length > 0 ? undefined : (mayWant.get(key) ?? []).find(({ uid }) => !known.has(uid));
  return { holders, releasing, ...(awaited && { awaited }) };
}

/** Keys of what it may be found to want, or to be allowed, which is not known yet. */
function keysUndetermined(claim: Claim): readonly string[] {
  switch (claim.state) {
    case 'unclear':
      return claim.mayWant ?? [];
    case 'wants': {
      const isUndetermined = !claim.paused && !claim.verdict.allowed && claim.verdict.unseen === true;
      return isUndetermined ? [keyWanted(claim)] : [];
    }
    case 'releases':
      return [];
  }
}
