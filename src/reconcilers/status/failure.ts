import { classify } from '../../azure/arm/classify.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { isAlreadyExists, isConflict, isNotFound, KubeError } from '../../kube/errors.ts';
import type { Failure } from '../decision.ts';

/** Azure's errors as what `decide` and the conditions need: the one place where they become words for people. */

/** Thrown by `perform` when a PUT met something that was not there a moment before. */
export class AlreadyExists extends Error {
  override readonly name = 'AlreadyExists';
}

/** No retry helps, though nothing that azid sent was refused. */
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
  const classified = classify(error);
  const answer = `Azure answers ${classified.error.code}: ${classified.error.message}`;
  const common = { ambiguous: classified.error.ambiguous, error };
  switch (classified.kind) {
    case 'aborted':
      return undefined;
    case 'throttled':
      return {
        ...common,
        kind: 'transient',
        reason: 'Throttled',
        message: answer,
        notBeforeMs: classified.retryAfterMs,
        ...(classified.error.heldBack && { heldBack: true }),
      };
    case 'transient': {
      const { retryAfterMs } = classified.error;
      return {
        ...common,
        kind: 'transient',
        reason: classified.reason,
        message: classified.remedy ? `${answer}; ${classified.remedy}` : answer,
        ...(retryAfterMs !== undefined && { notBeforeMs: retryAfterMs }),
      };
    }
    case 'stalled':
      return {
        ...common,
        kind: 'stalled',
        reason: classified.reason,
        message: `${answer}; ${classified.remedy}`,
      };
    case 'notFound':
      // It went between the read and the write: the next read shows it, and `decide` has its answer.
      if (classified.what === 'resource')
        return { ...common, kind: 'transient', reason: 'ResourceNotFound', message: answer };
      return {
        ...common,
        kind: 'stalled',
        reason: notFoundReason(classified.what),
        message: `${answer}; make it, or name another`,
      };
  }
}

function notFoundReason(what: string): string {
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}NotFound`;
}

/** Errors of the server itself, as from overload or a failing webhook, are reported from this attempt on. */
const LASTING = 3;

/**
 * What the API server refuses azid while it works for an object, for that object's status: a right that is missing, a
 * quota, a webhook. Undefined for what passes by itself and for what is not the object's: no answer, azid's own
 * token, a change that another client made meanwhile.
 *
 * @param attempt as in `ReconcileRequest`
 */
export function refusalOf(error: unknown, attempt: number): Failure | undefined {
  if (!(error instanceof KubeError) || error.status === undefined) return undefined;
  const { status, message, retryAfterMs } = error;
  const passes = isNotFound(error) || isConflict(error) || isAlreadyExists(error);
  if (passes || status === 401 || status === 410 || status === 429 || status < 400) return undefined;
  if (status >= 500 && attempt < LASTING) return undefined;
  return {
    kind: 'transient',
    reason: 'KubernetesRefused',
    message: `the Kubernetes API server refuses what azid needs: ${message}; ${remedyOf(status)}`,
    ambiguous: false,
    ...(retryAfterMs !== undefined && { notBeforeMs: retryAfterMs }),
    error,
  };
}

function remedyOf(status: number): string {
  if (status === 403)
    return 'give azid the right (deploy/kustomize/base/rbac.yaml), or mend the quota or admission policy that is named';
  return status >= 500
    ? 'see whether an admission webhook fails there'
    : 'mend what the answer names; azid tries again';
}

/**
 * Why something could not be read, as far as that is an answer. Throws what azid gave up itself, and what asks to come back later:
 * nothing was learnt.
 */
export function unreadBy(error: unknown): Failure {
  const failure = failureOf(error);
  if (!failure || failure.reason === 'Throttled') throw error;
  return failure;
}
