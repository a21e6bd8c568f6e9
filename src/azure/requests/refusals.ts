import { AzureError, LOCAL_CODES } from '../arm/errors.ts';

/** What the scheduler answers instead of making the call. */

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
