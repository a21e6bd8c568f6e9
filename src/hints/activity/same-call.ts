import { sameText } from '../../azure/names/ascii.ts';
import type { Call, CallResult } from './call.ts';

/** One call may be reported by its answer, its event and its records, in any order. */

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
 * Two reports of one call: azid's own knowledge of its calls wins; else the first report, with a name in place of an
 * id, and the result of the later. The same value where nothing is new.
 */
export function merged(known: Call, other: Call): Call {
  // Shared with the entries of the parts of a resource, so that a time learnt for one holds for all.
  const at = known.azure.at ?? other.azure.at;
  if (at !== undefined) for (const { azure } of [known, other]) azure.at ??= at;
  if (known.own)
    return other.repaired !== undefined && known.repaired === undefined
      ? { ...known, repaired: other.repaired }
      : known;
  const better =
    other.caller !== undefined && (known.caller === undefined || (other.isNamed && !known.isNamed));
  const blamed = other.blamed ?? known.blamed;
  if (!better && other.result === known.result && blamed === known.blamed) return known;
  return {
    ...known,
    ...(better && { caller: other.caller, isNamed: other.isNamed }),
    result: resultOf(known, other),
    blamed,
  };
}

/** The later report has the result. */
function resultOf(known: Call, other: Call): CallResult {
  return other.at >= known.at ? other.result : known.result;
}
