import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { asciiLower } from '../../azure/names/ascii.ts';
import { armKey, identityId, parseIdentityId } from '../../azure/names/resource-id.ts';
import type { IdentityCache, IdentityObservation } from '../../cache/identities/identities.ts';
import type { How } from '../../cache/store/entry.ts';
import { MARK, ownershipOf } from '../marks.ts';

/**
 * The one answer to: which identity in Azure is this object's, and which principal has it? It is told from what Azure
 * shows, by the marks of this very object. A status says where to look, and nothing more: whatever is attached, granted,
 * trusted or taken away for an identity rests on this answer.
 */
export type ObservedIdentity =
  /** Azure shows it with this object's marks. `ageMs`: since the request behind it began. */
  | {
      readonly state: 'owned';
      readonly identity: AzureIdentity;
      readonly how: How;
      readonly ageMs: number;
    }
  /** Azure shows nothing of this object's. `shown`: what stands in its place. */
  | { readonly state: 'none'; readonly shown?: AzureIdentity; readonly id?: string }
  /** What is held does not tell: a GET of `id` does. */
  | { readonly state: 'unknown'; readonly id: string };

export interface ProofDeps {
  readonly identityCache: Pick<IdentityCache, 'observe' | 'byIndex'>;
  readonly installationId: string;
  /** Principals of identities whose marks are azid's own mistake, by uid of the object. */
  readonly disputed: ReadonlyMap<string, string>;
}

/** What is older tells nothing any more: no list shows this identity, and only Azure knows whether it is still so. */
export const STALE_MS = 3_600_000;

/** @param observe what is held of one identity; by default what the cache holds */
export function observeIdentity(
  object: UserAssignedIdentity,
  deps: ProofDeps,
  observe: (id: string) => IdentityObservation = (id) => deps.identityCache.observe(id),
): ObservedIdentity {
  let none: Extract<ObservedIdentity, { state: 'none' }> = { state: 'none' };
  let unknown: string | undefined;
  for (const id of placesOf(object)) {
    const seen = observe(id);
    switch (seen.state) {
      case 'present': {
        const { resource: identity, how, ageMs } = seen;
        // A list may leave out the ids of one that is just being made.
        if (identity.principalId === '' || ageMs > STALE_MS) unknown ??= id;
        else if (isOwn(object, identity, deps)) return { state: 'owned', identity, how, ageMs };
        else none = { state: 'none', shown: identity, id };
        break;
      }
      case 'absent':
        if (none.id === undefined) none = { state: 'none', id };
        break;
      default:
        unknown ??= id;
    }
  }
  const elsewhere = markedAs(object, deps, observe);
  if (elsewhere) return elsewhere;
  return unknown === undefined ? none : { state: 'unknown', id: unknown };
}

/** Whether the marks on it are this object's, and azid's to have set. */
export function isOwn(
  object: UserAssignedIdentity,
  { tags, principalId }: Pick<AzureIdentity, 'tags' | 'principalId'>,
  { installationId, disputed }: Pick<ProofDeps, 'installationId' | 'disputed'>,
): boolean {
  const { namespace = '', name, uid } = object.metadata;
  if (ownershipOf(tags, { installationId, namespace, name, uid }).state !== 'mine') return false;
  return disputed.get(uid) !== principalId && !isOverwritten(object, { principalId });
}

/**
 * The status names it as one that somebody else made just before azid's PUT: its marks are azid's mistake. An object that
 * has the principal for its own contradicts itself, and then the marks count.
 */
export function isOverwritten(
  { status }: UserAssignedIdentity,
  { principalId }: Pick<AzureIdentity, 'principalId'>,
): boolean {
  return status?.overwrittenPrincipalId === principalId && status.principalId !== principalId;
}

/**
 * Where the object's identity may be: what the spec says, completed by what the status remembers. The spec never changes,
 * so a memory that contradicts it is none.
 */
export function placesOf(object: UserAssignedIdentity): readonly string[] {
  const { spec, status, metadata } = object;
  const { coordinates, id } = status ?? {};
  const subscriptionId = spec.subscriptionId ?? coordinates?.subscriptionId;
  const resourceGroup = spec.resourceGroup ?? coordinates?.resourceGroup;
  const places = new Map<string, string>();
  const add = (place: string) => {
    try {
      if (isWithinSpec(object, parseIdentityId(place))) places.set(armKey(place), place);
    } catch (error) {
      // No id of an identity: somebody else wrote it.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  if (subscriptionId !== undefined && resourceGroup !== undefined)
    for (const name of new Set([spec.name ?? coordinates?.name ?? metadata.name]))
      add(identityId({ subscriptionId, resourceGroup, name }));
  if (id !== undefined) add(id);
  return [...places.values()];
}

/** By its marks, wherever it is: a status that was lost, or altered, hides nothing. */
function markedAs(
  object: UserAssignedIdentity,
  deps: ProofDeps,
  observe: (id: string) => IdentityObservation,
): Extract<ObservedIdentity, { state: 'owned' }> | undefined {
  const { installationId, identityCache } = deps;
  const [found] = identityCache.byIndex('marks', {
    [MARK.installation]: installationId,
    [MARK.ownerUid]: object.metadata.uid,
  });
  const seen = found && observe(found.id);
  if (seen?.state !== 'present' || seen.ageMs > STALE_MS) return undefined;
  const { resource: identity, how, ageMs } = seen;
  if (identity.principalId === '' || !isWithinSpec(object, identity) || !isOwn(object, identity, deps))
    return undefined;
  return { state: 'owned', identity, how, ageMs };
}

/** It is where the spec says, as far as that says anything. */
export function isWithinSpec(
  { spec }: UserAssignedIdentity,
  place: { readonly subscriptionId: string; readonly resourceGroup: string; readonly name: string },
): boolean {
  return (['subscriptionId', 'resourceGroup', 'name'] as const).every((field) => {
    const wanted = spec[field];
    return wanted === undefined || asciiLower(wanted) === asciiLower(place[field]);
  });
}
