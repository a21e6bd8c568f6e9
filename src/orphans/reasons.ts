/**
 * Why something is listed, why it is kept, and why a run deletes nothing: one word each for tables, metrics and tests. docs/orphans.md
 * explains all of them, which a test checks.
 */

/** Why something is listed: shown in `status.candidates` and by `azid orphans`. */
export const ORPHAN_REASONS = [
  /** It is this installation's, by its marks or its name, and the object that it names is gone. */
  'OwnerGone',
  /** It is this installation's, and whose cannot be determined. Reported only. */
  'OwnerUnknown',
  /** A role assignment that azid made, whose principal is gone, and its object, too. */
  'PrincipalGone',
  /** The end that was given with it has passed: goes before all others. */
  'Ended',
  /** An identity that nothing uses. Reported only. */
  'Unused',
  /** Not azid's, and of a principal that is gone. Reported only. */
  'ForeignPrincipalGone',
] as const;

export type OrphanReason = (typeof ORPHAN_REASONS)[number];

/** To be of one of these is the same as regards the owner, so that time counts on. An unused identity has a living owner: of it nothing carries over. */
export const WITHOUT_OWNER: ReadonlySet<OrphanReason> = new Set(['OwnerGone', 'PrincipalGone', 'Ended']);

/** Why something is kept although it seems to be an orphan, when it is evaluated or directly before its deletion. */
export const KEEP_REASONS = [
  /** An area of the sweep is not known completely. */
  'AreaIncomplete',
  /** Whose it is cannot be determined. */
  'OwnerUnknown',
  /** An object of this cluster has it, or may want it. */
  'OwnerLives',
  'Retained',
  'OtherInstallation',
  /** Another principal than azid's own made or kept it: another cluster may act as this installation. */
  'MadeElsewhere',
  /** Azure does not show as whom azid made it. */
  'MakerUnknown',
  /** Its name does not prove, directly before the deletion, that azid made it. */
  'NotProven',
  /** A resource, a role assignment, a credential or an object that is not an orphan itself hangs on it. */
  'InUse',
  /** What hangs on it was not read to the end. */
  'UseUnknown',
  /** Role assignments of it that azid made go first, and may not go yet. */
  'LeftoversFirst',
  /** The status has no room to list it, and what is not listed cannot be confirmed. */
  'NotListed',
  'PrincipalSoftDeleted',
  'PrincipalUnknown',
  /** Azure shows no principal, or no other trait, by which it would be known again. */
  'InstanceUnknown',
  /** It is another one than was evaluated: made again under the same id. */
  'InstanceChanged',
  /** The end that had passed is a later one now. */
  'EndMoved',
  /** It is azid's own, or what azid itself may do. */
  'AzidItself',
  /** It could not be read directly before the deletion. */
  'Unreadable',
  /** The reads directly before the deletion took too long to be believed together. */
  'ReadsTooOld',
  /** What stops the run came up after it was evaluated. */
  'Stopped',
  /** It is not due any more: the mode, the grace period or its being listed changed. */
  'NotDue',
  'LimitReached',
] as const;

export type KeepReason = (typeof KEEP_REASONS)[number];

/** What makes it unsafe to conclude from what is not there: found while observing. */
const DOUBTS = [
  /** The stores are not known to hold all that the API server has. */
  'StoresNotSynced',
  /** azid does not know its own identity, or cannot write the claim on it. */
  'ClaimUnknown',
  /** The claim is another cluster's. */
  'ClaimedElsewhere',
  /** This cluster's record of the claim is older than the claim in Azure: it was restored from a backup. */
  'ClusterRestored',
  /** The claim is too young: another cluster may still renew its own. */
  'ClaimTooYoung',
  /** A part of Azure that has to be read was not. */
  'IncompleteRead',
] as const;

export type DoubtReason = (typeof DOUBTS)[number];

/** Why a run deletes nothing at all. */
export const STOP_REASONS = [
  ...DOUBTS,
  /** More owners are gone at once than `limits.maxShare` allows, or all of them. A person confirms. */
  'OwnersVanished',
] as const;

export type StopReason = (typeof STOP_REASONS)[number];
