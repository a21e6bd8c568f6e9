import { isDeepStrictEqual } from 'node:util';
import { CONFIRM_DETACH_ANNOTATION } from '../../api/identity-attachment.ts';
import type { IdentityPolicy } from '../../api/identity-policy.ts';
import { CONFIRM_ORPHANS_ANNOTATION } from '../../api/orphan-sweep.ts';
import {
  hasFinalizer,
  type ManagedObject,
  RECONCILE_ANNOTATION,
  RELEASE_ANNOTATION,
} from '../../api/schema/common.ts';
import { DETACH_IN_USE_ANNOTATION } from '../../api/schema/host-fields.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { Namespace } from '../../kube/builtin.ts';
import type { StoreChange } from '../../kube/informer/store.ts';
import type { KubeObject } from '../../kube/types.ts';
import { factsOf, selects } from '../../policy/selection.ts';
import { isRefusedByAzure } from './refused-by-azure.ts';

/** Which changes of an object are events for its own kind, or for others. */

/** azid's own status writes are none (docs/kubernetes.md section 4, "Predicates"). */
export function isEdit<T extends KubeObject>({ old, new: next }: StoreChange<T>): boolean {
  if (!old || !next) return true;
  const a = old.metadata;
  const b = next.metadata;
  return (
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    [
      RECONCILE_ANNOTATION,
      RELEASE_ANNOTATION,
      CONFIRM_DETACH_ANNOTATION,
      CONFIRM_ORPHANS_ANNOTATION,
      DETACH_IN_USE_ANNOTATION,
    ].some((name) => a.annotations?.[name] !== b.annotations?.[name]) ||
    (hasFinalizer(old) && !hasFinalizer(next))
  );
}

/** Azure refuses what it asks for, or does no longer: whoever waits in line with it may go on. */
export function isRefusedOtherwise({ old, new: next }: StoreChange<ManagedObject>): boolean {
  return old !== undefined && next !== undefined && isRefusedByAzure(old) !== isRefusedByAzure(next);
}

export function isReady({ status }: ManagedObject): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}

/** What others read of an identity of either kind. */
export interface Principal extends KubeObject {
  readonly status?: {
    readonly id?: string | undefined;
    readonly principalId?: string | undefined;
  };
}

/** Another identity to those who refer to it: there or not, being deleted, under another id or principal. */
export function isAnotherPrincipal({ old, new: next }: StoreChange<Principal>): boolean {
  if (!old || !next) return true;
  return (
    old.metadata.deletionTimestamp !== next.metadata.deletionTimestamp ||
    old.metadata.uid !== next.metadata.uid ||
    old.status?.id !== next.status?.id ||
    old.status?.principalId !== next.status?.principalId
  );
}

/** Its place has changed, whether it is there or not. */
export function isPlacedOtherwise({ old, new: next }: StoreChange<UserAssignedIdentity>): boolean {
  return !isDeepStrictEqual(old?.status?.coordinates, next?.status?.coordinates);
}

export function selectsNow(policy: IdentityPolicy | undefined, namespace: Namespace): boolean {
  return policy !== undefined && selects(policy, factsOf(namespace));
}

export function hasSameLabels({ old, new: next }: StoreChange<Namespace>): boolean {
  return JSON.stringify(sortedLabels(old)) === JSON.stringify(sortedLabels(next));
}

function sortedLabels(namespace: Namespace | undefined): [string, string][] | undefined {
  return namespace && Object.entries(namespace.metadata.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
