/**
 * What one reconcile to a key came to. A value, not control flow: the controller loop turns it into queue actions,
 * metrics and logs in one place, and reconcilers never choose a back-off themselves (docs/architecture.md section 5).
 */
export type Outcome =
  /** Nothing left to do. `nextMs`: reconcile again after that long (the loop adds jitter); absent = only when enqueued. */
  | { readonly type: 'done'; readonly nextMs?: number }
  /** Progress was made or must be awaited; come back after exactly this long. Not a failure. */
  | { readonly type: 'again'; readonly afterMs: number; readonly why: string }
  /** Waits for something named that will enqueue the key by an index; `recheckMs` is the safety net. */
  | { readonly type: 'waiting'; readonly for: string; readonly recheckMs: number }
  /** No retry helps until someone acts; reconciled again all the same, since they may act outside the cluster. */
  | { readonly type: 'stalled'; readonly reason: string; readonly recheckMs: number }
  /** A closed rate-limit scope held it back: come back when that opens. Neither a success nor a failure of the key. */
  | { readonly type: 'heldBack'; readonly reason: string; readonly notBeforeMs: number }
  /** Failed for now: back off per key. `notBeforeMs`: the server's own wait (`Retry-After`). */
  | {
      readonly type: 'retry';
      readonly reason: string;
      readonly error: unknown;
      readonly notBeforeMs?: number;
    };

/** The class a key waits in. An edit overtakes an event, an event overtakes a resync. */
export type Priority = 'edit' | 'event' | 'resync';

/** From most to least urgent. */
export const PRIORITIES: readonly Priority[] = ['edit', 'event', 'resync'];
