import { sameText } from '../../azure/names/ascii.ts';
import type { Call, CallResult } from './call.ts';

/** One call is told of by its answer, its event and its records, in any order. */

/**
 * A deployment has one correlation id for all that it does; of azid's own, each call has one. A client may send any, one of azid's
 * too: what azid did and what others did are never one call.
 */
export function isSame(left: Call, right: Call): boolean {
  if (left.own !== right.own) return false;
  if (left.correlationId !== undefined && right.correlationId !== undefined)
    return (
      sameText(left.correlationId, right.correlationId) &&
      (left.own || sameText(left.operation, right.operation))
    );
  const sameId = left.correlationId === right.correlationId;
  return sameId && !left.own && left.at === right.at && left.operation === right.operation;
}

/**
 * Of one call told twice: what azid knows of its own stands; else the first, with a name in place of an id, and as it ended. The same
 * value where nothing is new.
 */
export function merged(known: Call, told: Call): Call {
  // Shared with the entries of the parts of a resource: each learns it from the one that was told of.
  const at = known.azure.at ?? told.azure.at;
  if (at !== undefined) for (const { azure } of [known, told]) azure.at ??= at;
  if (known.own)
    return told.repaired !== undefined && known.repaired === undefined
      ? { ...known, repaired: told.repaired }
      : known;
  const better =
    told.caller !== undefined && (known.caller === undefined || (told.isNamed && !known.isNamed));
  const blamed = told.blamed ?? known.blamed;
  if (!better && told.result === known.result && blamed === known.blamed) return known;
  return {
    ...known,
    ...(better && { caller: told.caller, isNamed: told.isNamed }),
    result: resultOf(known, told),
    blamed,
  };
}

/** The later of both tells how it ended. */
function resultOf(known: Call, told: Call): CallResult {
  return told.at >= known.at ? told.result : known.result;
}
