/**
 * Why a candidate is kept, and why a run deletes nothing: one word each for tables, metrics and tests. docs/orphans.md explains all of
 * them, which a test checks.
 */
import type { Doubt } from './view.ts';

/** Why something is kept although it looks like an orphan, when it is judged or directly before its deletion. */
export type KeepReason =
  /** An area of the sweep is not known completely. */
  | 'AreaIncomplete'
  /** Whose it is cannot be told. */
  | 'OwnerUnknown'
  /** An object of this cluster has it, or may want it. */
  | 'OwnerLives'
  | 'Retained'
  | 'OtherInstallation'
  /** Its name does not prove, directly before the deletion, that azid made it. */
  | 'NotProven'
  /** A resource, a role assignment, a credential or an object that is not an orphan itself hangs on it. */
  | 'InUse'
  /** What hangs on it was not read to the end. */
  | 'UseUnknown'
  /** Role assignments of it that azid made go first, and may not go yet. */
  | 'LeftoversFirst'
  | 'PrincipalSoftDeleted'
  | 'PrincipalUnknown'
  /** Azure shows no principal, or no other trait, by which it would be known again. */
  | 'InstanceUnknown'
  /** It is another one than was judged: made again under the same id. */
  | 'InstanceChanged'
  /** The end that had passed is a later one now. */
  | 'EndMoved'
  /** It is azid's own, or what azid itself may do. */
  | 'AzidItself'
  /** It could not be read directly before the deletion. */
  | 'Unreadable'
  /** The reads directly before the deletion took too long to be believed together. */
  | 'ReadsTooOld'
  /** What stops the run came up after it was judged. */
  | 'Stopped'
  /** It is not due any more: the mode, the grace period or its being listed changed. */
  | 'NotDue'
  | 'LimitReached';

export type StopReason =
  | Doubt['reason']
  /** More owners went at once than `limits.maxShare` allows, or all of them. A person confirms. */
  | 'OwnersVanished';
