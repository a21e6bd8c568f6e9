import { CONFIRM_DETACH_ANNOTATION } from '../../api/identity-attachment.ts';
import { CONFIRM_ORPHANS_ANNOTATION } from '../../api/orphan-sweep.ts';
import { RECONCILE_ANNOTATION, RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import type { KubeObject } from '../../kube/types.ts';

/**
 * What people change of an object: another text after each edit, deletion or request, and for a namesake. azid's own writes
 * (status, finalizer) leave it as it is.
 */
export function editionOf({ metadata }: KubeObject): string {
  const { uid, generation, deletionTimestamp, annotations = {} } = metadata;
  const asked = [
    RECONCILE_ANNOTATION,
    RELEASE_ANNOTATION,
    CONFIRM_DETACH_ANNOTATION,
    CONFIRM_ORPHANS_ANNOTATION,
  ];
  return JSON.stringify([uid, generation, deletionTimestamp, ...asked.map((name) => annotations[name])]);
}
