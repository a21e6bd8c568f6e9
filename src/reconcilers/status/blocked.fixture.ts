import type { Condition } from '../../kube/types.ts';

/** On an object whose deletion Azure has refused since then. */
export function deletionBlocked(since: number | string, reason = 'ScopeLocked'): Condition {
  const lastTransitionTime = new Date(since).toISOString();
  return { type: 'DeletionBlocked', status: 'True', reason, message: '', lastTransitionTime };
}
