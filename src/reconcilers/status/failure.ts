import { classify } from '../../azure/arm/classify.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import type { Failure } from '../decision.ts';

/** Azure's errors as what `decide` and the conditions need: the one place where they become words for people. */

/** Thrown by `perform` when a PUT met something that was not there a moment before. */
export class AlreadyExists extends Error {
  override readonly name = 'AlreadyExists';
}

/** No retry helps, whatever was asked: nothing that azid sent was refused. */
export function stalled(reason: string, message: string): Failure {
  return { kind: 'stalled', reason, message, ambiguous: false, error: undefined };
}

/** Undefined: not an error of Azure's, or a call azid itself gave up; the reconciler lets it pass. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof AlreadyExists) {
    return {
      kind: 'alreadyExists',
      reason: 'AlreadyExists',
      message: error.message,
      ambiguous: false,
      error,
    };
  }
  if (!(error instanceof AzureError)) return undefined;
  const meaning = classify(error);
  const answer = `Azure answers ${meaning.error.code}: ${meaning.error.message}`;
  const common = { ambiguous: meaning.error.ambiguous, error };
  switch (meaning.kind) {
    case 'aborted':
      return undefined;
    case 'throttled':
      return {
        ...common,
        kind: 'transient',
        reason: 'Throttled',
        message: answer,
        notBeforeMs: meaning.retryAfterMs,
        ...(meaning.error.heldBack && { heldBack: true }),
      };
    case 'transient': {
      const { retryAfterMs } = meaning.error;
      return {
        ...common,
        kind: 'transient',
        reason: meaning.reason,
        message: meaning.remedy ? `${answer}; ${meaning.remedy}` : answer,
        ...(retryAfterMs !== undefined && { notBeforeMs: retryAfterMs }),
      };
    }
    case 'stalled':
      return { ...common, kind: 'stalled', reason: meaning.reason, message: `${answer}; ${meaning.remedy}` };
    case 'notFound':
      // It went between the read and the write: the next read shows it, and `decide` has its answer.
      if (meaning.what === 'resource')
        return { ...common, kind: 'transient', reason: 'ResourceNotFound', message: answer };
      return {
        ...common,
        kind: 'stalled',
        reason: notFoundReason(meaning.what),
        message: `${answer}; make it, or name another`,
      };
  }
}

function notFoundReason(what: string): string {
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}NotFound`;
}
