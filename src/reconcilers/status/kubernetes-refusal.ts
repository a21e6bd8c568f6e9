import { isAlreadyExists, isConflict, isNotFound, KubeError } from '../../kube/errors.ts';
import type { Failure } from '../decision.ts';

/** Errors of the server itself, as from overload or a failing webhook, are reported from this attempt on. */
const LASTING = 3;

/**
 * What the API server refuses azid while it works for an object, for that object's status: a right that is missing, a
 * quota, a webhook. Undefined for what passes by itself and for what is not the object's: no answer, azid's own
 * token, a change that somebody else made meanwhile.
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
