/**
 * A report from Azure that something may have changed: an event of Event Grid, or a record of the Activity Log. It may be
 * late, doubled or forged, so nothing is decided from it: it causes a read, and shows people who it was (docs/architecture.md section 2).
 */

/** Whom Azure names as the caller. Nothing else of a token's claims is kept. */
export interface HintCaller {
  /** A user's name as they sign in, such as `alice@contoso.com`. */
  readonly name?: string;
  /** Of the principal in the directory. */
  readonly objectId?: string;
  /** Client id of the application. */
  readonly appId?: string;
}

export interface Hint {
  readonly source: 'event' | 'record';
  /** ARM id of what may have changed, in whatever spelling: what extends a resource (its tags) stands for the resource. */
  readonly id: string;
  /** As Azure spells it: `Microsoft.ManagedIdentity/userAssignedIdentities/write`. */
  readonly operation: string;
  readonly change: 'write' | 'delete' | 'action';
  readonly result: 'Succeeded' | 'Failed' | 'Canceled';
  /** When it happened, by Azure's clock, wall ms. */
  readonly at: number;
  /** Shared by all records and events of one call, and in the header of its answer. */
  readonly correlationId?: string;
  readonly caller?: HintCaller;
}

/**
 * What became of a hint: `read` soon, `list` of all that is near instead of many reads, nothing since it was azid's `own` call, or
 * since it is `irrelevant`: of a kind that azid does not read, or of where nobody needs anything.
 */
export type HintEffect = 'read' | 'list' | 'own' | 'irrelevant';

/** Where hints go. Takes any number of them at once: they cost reads, bounded ones, and nothing else. */
export interface HintSink {
  take(hint: Hint): HintEffect;
}
