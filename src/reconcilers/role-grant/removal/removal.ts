import { armKey } from '../../../azure/names/resource-id.ts';
import { type Failure, RECHECK_OUTSIDE_MS, type ReconcileEvent, type Summary } from '../../decision.ts';
import { naming, refusalsOf } from '../../status/refusals.ts';
import { summaryOf } from '../../status/summary.ts';
import type { Action, Facts, Failed, OwnStatus, RoleGrant } from '../facts.ts';
import { asCoOwner, expiryOf } from '../object.ts';
import type { CoOwner, Held } from '../observed.ts';
import { awaitedBy, ownersOf, staysWithout } from '../ownership/owners.ts';
import { isOurs } from '../target/target.ts';

/**
 * What to do with assignments the object no longer asks for. Each is decided and removed by itself: one that cannot go keeps none of
 * the others.
 */
interface Removal {
  /** What can go now. */
  readonly deletions: readonly Deletion[];
  /** Ids that leave the ledger: nothing is left of them, or they are not this object's to take away. */
  readonly dropped: readonly string[];
  /** Those of them for whose end the object need not count any more. */
  readonly ended: readonly string[];
  readonly events: readonly ReconcileEvent[];
  /** Some of it stays for now: the object has to come back to it. Absent: it is done when the deletions are. */
  readonly stays?: Stays | undefined;
}

type Deletion = Extract<Action, { type: 'deleteAssignment' }>;

/** Absent, but Azure's lag or a write of a dead process may hide it; or whose it is is not known yet. */
interface Wait {
  readonly state: 'wait';
  readonly againMs: number;
  readonly message: string;
  /**
   * It stays since it is not known now whether another asks for it, or whether it is the object's: the reason for the
   * status.
   */
  readonly awaited?: { readonly reason: string };
}

export type Stays =
  | Wait
  /**
   * Whether they are there is not known, or Azure refused to delete them in this reconcile. The first failure is
   * reported.
   */
  | {
      readonly state: 'blocked';
      readonly failures: readonly [Failure, ...Failure[]];
      /** What only has to be seen gone once more. */
      readonly unconfirmed?: Wait;
    };

/**
 * Deleted is only what proves by its name that azid made it, that is proven to be or to have been this object's, and that no other
 * object asks for; a GET of this reconcile stands behind each deletion.
 *
 * @param why for the Event: what made it superfluous
 * @param failed what failed before in this reconcile: what was refused is not tried again
 */
export function remove(
  object: RoleGrant,
  facts: Facts,
  held: readonly Held[],
  why: string,
  failed: Failed | undefined,
): Removal {
  const refusals = refusalsOf(failed, 'deleteAssignment');
  const deletions: Deletion[] = [];
  const dropped: string[] = [];
  const ended: string[] = [];
  const events: ReconcileEvent[] = [];
  const failures: Failure[] = [];
  const waits: Wait[] = [];
  for (const { id, observed, coOwners, unproven = false, undetermined = false } of held) {
    switch (observed.state) {
      case 'absent':
        if (observed.conclusive) {
          dropped.push(id);
          ended.push(id);
        } else
          waits.push({
            state: 'wait',
            againMs: observed.conclusiveInMs,
            message: `Azure does not show ${id}, but it was written to a moment ago; azid reads it again before it forgets it`,
          });
        break;
      case 'loading':
        waits.push({ state: 'wait', againMs: 1_000, message: `reading ${id}` });
        break;
      case 'unreadable':
        failures.push(naming(id, observed.failure));
        break;
      case 'present':
        if (!isOurs(observed.assignment, facts)) {
          dropped.push(id);
          ended.push(id);
          // The ledger forgot it when it was reported; the record of its end names it still.
          if (facts.ends.get(armKey(id))?.mine && !isInLedger(object, id)) break;
          events.push({
            type: 'Warning',
            reason: 'LeftBehind',
            action: 'Delete',
            message: `${id} was not made by this azid; left as it is`,
          });
        } else if (unproven) {
          dropped.push(id);
          events.push(notGiven(id));
        } else if (undetermined) {
          waits.push({
            state: 'wait',
            againMs: AWAITED_MS,
            message: `${id} stays while it is not known whether it was this RoleGrant's: nothing in Azure names its owner any more, and Azure has yet to show the identity`,
            awaited: { reason: 'OwnerNotTold' },
          });
        } else if (staysWithout(asCoOwner(object), coOwners, observed.assignment.condition)) {
          dropped.push(id);
          if (isRecordedFor(coOwners, id, facts)) ended.push(id);
        } else {
          const claimant = awaitedBy(asCoOwner(object), coOwners, observed.assignment.condition);
          const refusal = refusals.get(armKey(id));
          if (claimant && !isOverdue(object, facts, id))
            waits.push({
              state: 'wait',
              againMs: AWAITED_MS,
              message: `${id} stays while it is not known whether RoleGrant ${claimant.key} asks for it: Azure has yet to show its identity or its role`,
              awaited: { reason: 'ClaimantNotTold' },
            });
          else if (refusal) failures.push(naming(id, refusal));
          else deletions.push(deletion(id, why));
        }
    }
  }
  return { deletions, dropped, ended, events, stays: staysOf(failures, waits) };
}

function staysOf([first, ...more]: readonly Failure[], waits: readonly Wait[]): Stays | undefined {
  if (!first) return nextOf(waits);
  const unconfirmed = nextOf(waits.filter(({ awaited }) => !awaited));
  return { state: 'blocked', failures: [first, ...more], ...(unconfirmed && { unconfirmed }) };
}

/** What may hold it for long is reported before what passes by itself; of several, what comes first. */
function nextOf(waits: readonly Wait[]): Wait | undefined {
  const awaited = waits.filter((each) => each.awaited !== undefined);
  const [first] = awaited.length > 0 ? awaited : waits.toSorted((a, b) => a.againMs - b.againMs);
  return first && { ...first, againMs: Math.min(...waits.map(({ againMs }) => againMs)) };
}

/** A change that settles another grant's claim enqueues that grant alone, so this one comes back by itself, ms. */
const AWAITED_MS = 15_000;

/** An end binds: a claim that is still not known long after it does not count. */
function isOverdue(object: RoleGrant, { now, releaseAfterMs, ends }: Facts, id: string): boolean {
  const times = [expiryOf(object), ends.get(armKey(id))?.mine?.endsAt].filter((time) => time !== undefined);
  return times.some((time) => !(now < time + releaseAfterMs));
}

export function notGiven(id: string): ReconcileEvent {
  return {
    type: 'Warning',
    reason: 'LeftBehind',
    action: 'Delete',
    message: `${id} is in the ledger, but nothing in Azure shows that it was ever given to this RoleGrant; left as it is`,
  };
}

/**
 * The owner that keeps the assignment stands in the record of its end, with what was allowed. Else the end of the one that leaves still binds:
 * one that only asks for it, suspended or not, may ask for ever the moment after.
 */
function isRecordedFor(coOwners: readonly CoOwner[], id: string, { ends }: Facts): boolean {
  const { others = [] } = ends.get(armKey(id)) ?? {};
  return ownersOf(coOwners).some(({ uid }) => others.includes(uid));
}

export function isInLedger({ status }: RoleGrant, id: string): boolean {
  return (status?.ledger ?? []).some((each) => armKey(each) === armKey(id));
}

function deletion(id: string, why: string): Deletion {
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

/** What stays for now, as the summary of an object that lives. */
export function summaryOfStays(stays: Stays): Summary {
  return stays.state === 'blocked'
    ? summaryOf(stays.failures[0])
    : {
        state: 'progressing',
        reason: 'Revoking',
        message: stays.message,
        againMs: Math.min(Math.max(stays.againMs, 0), RECHECK_OUTSIDE_MS),
      };
}

/** Reported once: the ledger forgets first, or the next round would report again. */
export function reportActions(status: OwnStatus, events: readonly ReconcileEvent[]): Action[] {
  if (events.length === 0) return [];
  return [
    { type: 'saveStatus', status, why: 'what is left as it is leaves the ledger' },
    ...events.map((event): Action => ({ type: 'recordEvent', event })),
  ];
}
