import { armKey } from '../../../azure/names/resource-id.ts';
import { type Failure, RECHECK_OUTSIDE_MS, type ReconcileEvent, type Summary } from '../../decision.ts';
import { summaryOf } from '../../status/summaries.ts';
import type { Action, CoOwner, Facts, Held, OwnStatus, RoleGrant } from '../facts.ts';
import { asCoOwner, expiryOf } from '../own.ts';
import { awaitedBy, ownersOf, staysWithout } from '../ownership/owners.ts';
import { isOurs } from '../target/target.ts';

/** What to do with assignments the object no longer asks for. */
export type Removal =
  /**
   * Nothing is left of them, or it is not this object's to take away. `dropped`: ids that leave the ledger; `ended`: those of
   * them for whose end the object need not count any more.
   */
  | {
      readonly state: 'done';
      readonly dropped: readonly string[];
      readonly ended: readonly string[];
      readonly events: readonly ReconcileEvent[];
    }
  | { readonly state: 'act'; readonly action: Action }
  /** Absent, but Azure's lag or a write of a dead process may hide it. */
  | {
      readonly state: 'wait';
      readonly againMs: number;
      readonly message: string;
      /** It stays since it cannot be told now whether another asks for it, or whether it is the object's: the reason for the status. */
      readonly awaited?: { readonly reason: string };
    }
  /** Whether it is there could not be told. */
  | { readonly state: 'blocked'; readonly failure: Failure };

/**
 * One at a time, in the ledger's order. Deleted is only what proves by its name that azid made it, that is proven to be or to
 * have been this object's, and that no other object asks for; a GET of this reconcile stands behind each deletion.
 *
 * @param why for the Event: what made it superfluous
 */
export function remove(object: RoleGrant, facts: Facts, held: readonly Held[], why: string): Removal {
  const dropped: string[] = [];
  const ended: string[] = [];
  const events: ReconcileEvent[] = [];
  let wait: Extract<Removal, { state: 'wait' }> | undefined;
  for (const { id, view, coOwners, unproven = false, untold = false } of held) {
    switch (view.state) {
      case 'absent':
        if (view.conclusive) {
          dropped.push(id);
          ended.push(id);
        } else if (!wait || (!wait.awaited && view.conclusiveInMs < wait.againMs))
          wait = {
            state: 'wait',
            againMs: view.conclusiveInMs,
            message: `Azure does not show ${id}, but it was written to a moment ago; azid looks again before it forgets it`,
          };
        break;
      case 'loading':
        wait = { ...wait, state: 'wait', againMs: 1_000, message: `reading ${id}` };
        break;
      case 'unreadable':
        return { state: 'blocked', failure: view.failure };
      case 'present':
        if (!isOurs(view.assignment, facts)) {
          dropped.push(id);
          ended.push(id);
          // The ledger forgot it when it was told; the record of its end names it still.
          if (isToldOf(object, facts, id)) break;
          events.push({
            type: 'Warning',
            reason: 'LeftBehind',
            action: 'Delete',
            message: `${id} was not made by this azid; left as it is`,
          });
        } else if (unproven) {
          dropped.push(id);
          events.push(notGiven(id));
        } else if (untold) {
          wait = {
            state: 'wait',
            againMs: Math.min(wait?.againMs ?? AWAITED_MS, AWAITED_MS),
            message: `${id} stays while it cannot be told whether it was this RoleGrant's: nothing in Azure names its owner any more, and Azure has yet to tell of the identity`,
            awaited: { reason: 'OwnerNotTold' },
          };
        } else if (staysWithout(asCoOwner(object), coOwners, view.assignment.condition)) {
          dropped.push(id);
          if (isRecordedFor(coOwners, id, facts)) ended.push(id);
        } else {
          const claimant = awaitedBy(asCoOwner(object), coOwners, view.assignment.condition);
          if (!claimant || isOverdue(object, facts, id)) return { state: 'act', action: deletion(id, why) };
          wait = {
            state: 'wait',
            againMs: Math.min(wait?.againMs ?? AWAITED_MS, AWAITED_MS),
            message: `${id} stays while it cannot be told whether RoleGrant ${claimant.key} asks for it: Azure has yet to tell of its identity or its role`,
            awaited: { reason: 'ClaimantNotTold' },
          };
        }
    }
  }
  return wait ?? { state: 'done', dropped, ended, events };
}

/** What tells of another grant enqueues that one alone, ms. */
const AWAITED_MS = 15_000;

/** An end binds: who cannot be told for long after it does not count. */
function isOverdue(object: RoleGrant, { now, releaseAfterMs, ends }: Facts, id: string): boolean {
  const times = [expiryOf(object), ends.get(armKey(id))?.mine?.endsAt].filter((time) => time !== undefined);
  return times.some((time) => !(now < time + releaseAfterMs));
}

/** Entries of the ledger of an object that keeps what it has, and that was never given these. */
export function unproven(
  object: RoleGrant,
  { held }: Facts,
): { dropped: readonly string[]; events: readonly ReconcileEvent[] } {
  const dropped = held
    .filter(
      ({ id, view, unproven = false }) => unproven && view.state === 'present' && isInLedger(object, id),
    )
    .map(({ id }) => id);
  return { dropped, events: dropped.map(notGiven) };
}

function notGiven(id: string): ReconcileEvent {
  return {
    type: 'Warning',
    reason: 'LeftBehind',
    action: 'Delete',
    message: `${id} is in the ledger, but nothing in Azure tells that it was ever given to this RoleGrant; left as it is`,
  };
}

/**
 * Whoever keeps the assignment stands in the record of its end, with what was allowed. Else the end of whoever leaves still binds:
 * one that only asks for it, suspended or not, may ask for ever the moment after.
 */
function isRecordedFor(coOwners: readonly CoOwner[], id: string, { ends }: Facts): boolean {
  const { others = [] } = ends.get(armKey(id)) ?? {};
  return ownersOf(coOwners).some(({ uid }) => others.includes(uid));
}

function isToldOf(object: RoleGrant, { ends }: Facts, id: string): boolean {
  return ends.get(armKey(id))?.mine !== undefined && !isInLedger(object, id);
}

function isInLedger({ status }: RoleGrant, id: string): boolean {
  return (status?.ledger ?? []).some((each) => armKey(each) === armKey(id));
}

function deletion(id: string, why: string): Action {
  return {
    type: 'deleteAssignment',
    id,
    event: {
      type: 'Normal',
      reason: 'Revoked',
      action: 'Delete',
      message: `deleted role assignment ${id}: ${why}`,
    },
  };
}

/** Everything azid may have made for the object, the target included, for when all of it is to go. */
export function everything({ held, target, azure, coOwners }: Facts): readonly Held[] {
  return target && azure ? [...held, { id: target.id, view: azure, coOwners }] : held;
}

/** A removal under way or refused, as the summary of an object that lives. */
export function summaryOfRemoval(removal: Exclude<Removal, { state: 'done' | 'act' }>): Summary {
  return removal.state === 'blocked'
    ? summaryOf(removal.failure)
    : {
        state: 'progressing',
        reason: 'Revoking',
        message: removal.message,
        againMs: Math.min(Math.max(removal.againMs, 0), RECHECK_OUTSIDE_MS),
      };
}

/** Told once: the ledger forgets first, or the next round would tell again. */
export function told(status: OwnStatus, events: readonly ReconcileEvent[]): Action[] {
  if (events.length === 0) return [];
  return [
    { type: 'saveStatus', status, why: 'what is left as it is leaves the ledger' },
    ...events.map((event): Action => ({ type: 'recordEvent', event })),
  ];
}
