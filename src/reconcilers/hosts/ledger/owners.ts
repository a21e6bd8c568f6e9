import type { LedgerEntry, LedgerSystem } from '../../../api/host-identity.ts';

/**
 * So many objects are named for one identity: a ledger too big for the API server could not be saved, and one namespace
 * with hundreds of equal attachments would stop the host for all others.
 */
export const MAX_OWNERS = 50;

type Line = Pick<LedgerEntry | LedgerSystem, 'owners'>;

/** The ledger names the object. */
export function isOwner({ owners }: Line, uid: string): boolean {
  return owners.some((owner) => owner.uid === uid);
}

/** As many as there is room for are named: others may want it as well. */
export function isCrowded({ owners }: Line): boolean {
  return owners.length >= MAX_OWNERS;
}
