import type { LedgerOwner } from '../../../api/host-identity.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { type Line, SYSTEM, type Wants } from '../../host-identity/facts.ts';
import type { Stance } from './claim.ts';

/** What all objects together say of each identity of the host. */
export interface Claims {
  /** By key: who wants it, the denied and those without a turn included. */
  readonly wants: ReadonlyMap<string, readonly Wants[]>;
  /** By uid. */
  readonly byOwner: ReadonlyMap<string, Stance>;
}

/** Who holds what the ledger has of one identity. */
export interface Standing {
  /** Those for whom it stays, as the ledger is to name them. Empty: nobody wants it. */
  readonly holders: readonly LedgerOwner[];
  /** Those of the ledger who do not want it any more. */
  readonly leaving: readonly Leaving[];
}

export interface Leaving {
  readonly owner: LedgerOwner;
  /** Its object asked for it to be left in Azure. */
  readonly retain: boolean;
  /** It may be taken away now. */
  readonly turn: boolean;
  /** Properties that name it, and out from under which it may be taken, as its object says. */
  readonly detachInUse: readonly string[];
  /** Key of the identity that it wants instead: it goes no earlier than that one is there. */
  readonly instead?: string;
}

export function claimsOf(stances: readonly Stance[]): Claims {
  const wants = new Map<string, Wants[]>();
  for (const stance of stances)
    if (stance.state === 'wants')
      wants.set(keyWanted(stance), [...(wants.get(keyWanted(stance)) ?? []), stance]);
  return { wants, byOwner: new Map(stances.map((stance) => [stance.owner.uid, stance])) };
}

export function keyWanted({ what }: Wants): string {
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
export function standingOf(
  key: string,
  line: Line | undefined,
  { wants, byOwner }: Claims,
  shown: boolean,
): Standing {
  const holders: LedgerOwner[] = [];
  const leaving: Leaving[] = [];
  const known = new Set<string>();
  for (const owner of line?.owners ?? []) {
    known.add(owner.uid);
    const stance = byOwner.get(owner.uid);
    // Gone without a word: its policy of old says whether what it had stays.
    if (!stance) leaving.push({ owner, retain: owner.retain ?? false, turn: true, detachInUse: [] });
    else if (stance.state === 'releases') {
      const { retain, turn, detachInUse } = stance;
      leaving.push({ owner, retain, turn, detachInUse });
    } else if (stance.state === 'unclear' || keyWanted(stance) === key) holders.push(stance.owner);
    // It wants another one now: as long as that may not be given, it keeps what it has.
    else if (mayGive(stance) && stance.turn)
      leaving.push({
        owner,
        retain: false,
        turn: true,
        detachInUse: stance.detachInUse,
        instead: keyWanted(stance),
      });
    else holders.push(owner);
  }
  const begun = line?.state === 'Attaching';
  for (const stance of wants.get(key) ?? [])
    if (!known.has(stance.owner.uid) && mayGive(stance) && (stance.turn || shown || begun))
      holders.push(stance.owner);
  return { holders, leaving };
}
