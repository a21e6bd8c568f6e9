/** A call that is to be made through the request scheduler, and the errors with which the scheduler refuses it. */
import type { Waits } from '../../runtime/controller/workers.ts';
import type { Priority } from '../../runtime/outcome.ts';
import type { TokenBucket } from '../../runtime/token-bucket.ts';
import { AzureError, LOCAL_CODES } from '../arm/errors.ts';
import type { CallKind } from '../limits.ts';

/** A call that is to be made: what it counts in, on whose behalf, and how it may wait. */
export interface ScheduledRequest {
  readonly tenantId: string;
  /** Absent for calls at tenant or management-group scope. */
  readonly subscriptionId?: string;
  /** Names the caller: each has its own buckets at Resource Manager. Not a secret. */
  readonly credential: string;
  /** Where the provider counts per resource: an ARM id, any spelling. */
  readonly resourceId?: string;
  /**
   * Calls of one key never run at the same time, whatever their scope: Azure refuses a second write beneath one identity
   * (docs/azure-facts.md section 4). Those that wait for it take no token and no slot, and start by priority.
   */
  readonly exclusive?: string;
  readonly kind: CallKind;
  /** Resource provider namespace, e.g. `Microsoft.ManagedIdentity`. */
  readonly provider: string;
  readonly priority: Priority;
  /** A scope that a 429 closed for longer than this, ms, refuses the call at once. Absent: it waits as long as it takes. */
  readonly patienceMs?: number | undefined;
  /** The namespace on whose behalf it is made, '' for resources that no object names; absent for what all wait for: azid's own lists. */
  readonly turn?: string | undefined;
  /** Called while the call waits. */
  readonly waits?: Waits | undefined;
  /**
   * Asked when a write's turn has come. If what it was decided on is stale the call is refused with the code `DecideAgain`,
   * and its turn is kept for the next call of the same kind to the same resource that the same reconcile makes: nothing is
   * written on a decision that waited too long, and no call goes to the end of the line for it.
   */
  readonly isStale?: (() => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A call that waits. */
export interface Waiter {
  readonly priority: Priority;
  /** The namespace whose turn it uses, or one of azid's own (`slots.ts`). */
  readonly turn: string;
  /** Arrival order over all scopes. */
  readonly order: number;
  /** Monotonic ms. */
  readonly since: number;
  /** The provider's bucket of this one resource. */
  readonly resource?: TokenBucket;
  /** Waits while another call of the same key runs. */
  readonly exclusive?: string;
  /** It is to be let through to a place (`places.ts`) and takes neither token nor slot. */
  readonly forPlace?: true;
  start(): Promise<void>;
  /** As in `ScheduledRequest`. */
  readonly patienceMs?: number;
  /** Ends the waiting with an error. */
  refuse(error: AzureError): void;
  /** It is this call's turn, but what it rests on has changed meanwhile. */
  readonly isStale?: () => boolean;
  /** The turn is kept for the same call, decided anew. */
  reserve(): void;
}

export function decideAgain(): AzureError {
  return new AzureError({
    code: LOCAL_CODES.decideAgain,
    message: 'what the call was decided on has changed while it waited for its turn',
  });
}

/** A write that was not sent: its turn came, and what it was decided on may not hold any more. */
export function isDecideAgain(error: unknown): boolean {
  return error instanceof AzureError && error.code === LOCAL_CODES.decideAgain;
}

export function closed(forMs: number): AzureError {
  return new AzureError({
    code: 'TooManyRequests',
    message: `calls of this kind to this subscription wait ${Math.ceil(forMs / 1000)} s, as Azure asked`,
    retryAfterMs: forMs,
    heldBack: true,
  });
}

export function givenUp(): AzureError {
  return new AzureError({
    code: LOCAL_CODES.aborted,
    message: 'given up while the call waited for its turn',
  });
}
