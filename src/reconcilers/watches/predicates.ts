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
import { findCondition } from '../../runtime/status/conditions.ts';

/** Which changes of an object are events for its own kind, or for others; and what others read off an object. */

/** By these people ask azid for something. */
const REQUESTS = [
  RECONCILE_ANNOTATION,
  RELEASE_ANNOTATION,
  CONFIRM_DETACH_ANNOTATION,
  CONFIRM_ORPHANS_ANNOTATION,
] as const;

/** azid's own status writes are none (docs/kubernetes.md section 4, "Predicates"). */
export function isEdit<T extends KubeObject>({ old, new: next }: StoreChange<T>): boolean {
  if (!old || !next) return true;
  const a = old.metadata;
  const b = next.metadata;
  return (
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    [...REQUESTS, DETACH_IN_USE_ANNOTATION].some((name) => a.annotations?.[name] !== b.annotations?.[name]) ||
    (hasFinalizer(old) && !hasFinalizer(next))
  );
}

/**
 * What people change of an object: another text after each edit, deletion or request, and for a namesake. azid's own writes
 * (status, finalizer) leave it as it is.
 */
export function editionOf({ metadata }: KubeObject): string {
  const { uid, generation, deletionTimestamp, annotations = {} } = metadata;
  return JSON.stringify([uid, generation, deletionTimestamp, ...REQUESTS.map((name) => annotations[name])]);
}

/** Azure refuses what it asks for, or does no longer: objects that wait in line with it may go on. */
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

/** Stalled by azid itself, in favour of another object: with that one gone, its turn comes by its age. */
const IN_LINE: ReadonlySet<string> = new Set(['ConflictingGrant', 'CredentialLimit', 'OwnedByAnother']);

/**
 * Only what stands, or can stand, in Azure goes before others: an object that Azure refuses as it is declared now
 * holds no place, no pair and no name against those that come later. What it has already stands in its ledger.
 */
export function isRefusedByAzure({ metadata, status }: ManagedObject): boolean {
  const stalled = findCondition(status?.conditions ?? [], 'Stalled');
  return (
    stalled?.status === 'True' &&
    // An edit may have mended it: it is in the running again until Azure was asked.
    stalled.observedGeneration === metadata.generation &&
    !IN_LINE.has(stalled.reason)
  );
}

/** azid lets another object go before it, for as long as that one has what it asks for, or may have it. */
export function isInLine({ status }: ManagedObject): boolean {
  const stalled = findCondition(status?.conditions ?? [], 'Stalled');
  return stalled?.status === 'True' && IN_LINE.has(stalled.reason);
}
