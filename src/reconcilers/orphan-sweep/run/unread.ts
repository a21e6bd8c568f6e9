import type { Failure } from '../../decision.ts';
import { failureOf } from '../../status/failure.ts';

/**
 * Why something could not be read, as far as that is an answer. Throws what azid gave up itself, and what asks to come back later:
 * nothing was learnt.
 */
export function unreadBy(error: unknown): Failure {
  const failure = failureOf(error);
  if (!failure || failure.reason === 'Throttled') throw error;
  return failure;
}
