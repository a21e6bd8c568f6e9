import type { HostIdentity, LedgerEntry, LedgerSystem } from '../../../api/host-identity.ts';
import type { ManagedObject } from '../../../api/schema/common.ts';
import { type Finding, findCondition } from '../../../runtime/status/conditions.ts';
import { noLonger } from '../../status/summary.ts';
import { isContested } from './contest.ts';
import { CONTESTED } from './problems.ts';

/** What a HostIdentity reports of the host as a whole to the objects that want something of it. */
export interface HostMessage {
  /** Nothing helps until someone acts. */
  readonly stalled?: { readonly reason: string; readonly message: string };
  /**
   * Why it could not be read when azid last tried, though that may pass: an object that is being deleted need not wait
   * for ever.
   */
  readonly unreadable?: { readonly reason: string; readonly message: string };
  /** What it waits for, by name: mostly the resource itself. */
  readonly waiting?: string;
  /** Another tool keeps undoing what is written for this object. */
  readonly contested: boolean;
}

/**
 * Nothing else of the status of a HostIdentity is passed on: it may be about identities of other namespaces, whose objects the
 * reader of this one may not see.
 */
export function hostMessageOf(
  { status }: HostIdentity,
  entry: LedgerEntry | LedgerSystem | undefined,
  now: number,
): HostMessage {
  const conditions = status?.conditions ?? [];
  const stalled = findCondition(conditions, 'Stalled');
  const ready = findCondition(conditions, 'Ready');
  return {
    ...(stalled?.status === 'True' && { stalled: { reason: stalled.reason, message: stalled.message } }),
    ...(status?.unreadable && { unreadable: status.unreadable }),
    ...(ready?.status === 'False' && ready.reason === 'DependencyNotReady' && { waiting: ready.message }),
    contested: entry !== undefined && isContested(entry, now),
  };
}

type Reporter = Pick<ManagedObject, 'status'>;

/**
 * `Contested`, by which an alert can watch that another actor undoes what azid writes for the object.
 *
 * @param message absent: none does, or no longer
 */
export function contestFinding(
  object: Reporter,
  message: string | undefined,
  settled: string,
): readonly Finding[] {
  if (message === undefined) return noLonger(object, CONTESTED, { reason: 'Settled', message: settled });
  return [{ type: CONTESTED, status: 'True', reason: 'TakenAway', message }];
}

/**
 * `LedgerFull`: an object that the ledger has no room to name has what the others have, but nothing binds it: a policy that
 * goes takes it away.
 *
 * @param message absent: the ledger names the object
 */
export function fullFinding(
  object: Reporter,
  message: string | undefined,
  named: string,
): readonly Finding[] {
  if (message === undefined) return noLonger(object, 'LedgerFull', { reason: 'Named', message: named });
  return [{ type: 'LedgerFull', status: 'True', reason: 'TooManyOwners', message }];
}
