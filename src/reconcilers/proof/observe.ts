import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { MARK, namesAnother, ownershipOf } from '../../azure/names/identity-marks.ts';
import { sameText } from '../../azure/names/text.ts';
import type { IdentityCache, IdentityObservation } from '../../cache/identities.ts';
import type { How } from '../../cache/store/entry.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import { isDeclared, isWithinSpec, placesOf } from './places.ts';
import type { RecordedPrincipals } from './recorded-principals.ts';

/**
 * The one answer to: which identity in Azure is this object's, and which principal has it? It follows from what Azure
 * shows, by the marks of this very object. A status shows where to search, and nothing more: what is attached,
 * granted, trusted or taken away for an identity rests on this answer.
 */
export type ObservedIdentity =
  /** Azure shows it with this object's marks. `ageMs`: since the request behind it began. */
  | {
      readonly state: 'owned';
      readonly identity: AzureIdentity;
      readonly how: How;
      readonly ageMs: number;
    }
  /**
   * Azure shows nothing of this object's. `shown`: what stands in its place. `returns`: going by its marks the object takes that
   * back, as after a backup brought it back under another uid.
   */
  | {
      readonly state: 'none';
      readonly shown?: AzureIdentity;
      readonly id?: string;
      readonly returns?: true;
    }
  /**
   * The cache does not suffice: a GET of `id` does. `undecided`: it has the object's marks on another principal than
   * the recorded one, and whether that one is elsewhere the object's own reconcile has yet to find out.
   */
  | { readonly state: 'unknown'; readonly id: string; readonly undecided?: true };

export interface ProofDeps {
  readonly identityCache: Pick<IdentityCache, 'observe' | 'byIndex'>;
  readonly installationId: string;
  /** Principals of identities whose marks are azid's own mistake, by uid of the object. */
  readonly disputed: ReadonlyMap<string, string>;
  /** Which principal is the object's, by the record that no tenant can write, or as this process last saw it. */
  readonly principals: Pick<RecordedPrincipals, 'lastOf'>;
  /** Uids of the objects whose recorded principal was searched for wherever it may be. */
  readonly searched: ReadonlySet<string>;
  /**
   * Another process reconciles the object. What that one remembers is not known here, so besides the marks its verdict is needed: the
   * principal in the status that it writes. Absent: this one reconciles all.
   */
  readonly isAnothers?: ((key: ObjectKey) => boolean) | undefined;
}

/** What is older proves nothing any more: no list shows this identity, and only Azure knows whether it is still so. */
export const STALE_MS = 3_600_000;

/** @param observe what is held of one identity; by default what the cache holds */
export function observeIdentity(
  object: UserAssignedIdentity,
  deps: ProofDeps,
  observe: (id: string) => IdentityObservation = (id) => deps.identityCache.observe(id),
): ObservedIdentity {
  const isAnothers = deps.isAnothers?.(keyOf(object)) ?? false;
  const recorded = isAnothers ? object.status?.principalId : deps.principals.lastOf(object.metadata.uid);
  if (isAnothers && recorded === undefined) return { state: 'none' };
  const onRecord = recorded === undefined ? undefined : withPrincipal(object, recorded, deps, observe);
  if (onRecord?.state === 'owned') return onRecord;
  let none: Extract<ObservedIdentity, { state: 'none' }> = { state: 'none' };
  let unknown: Extract<ObservedIdentity, { state: 'unknown' }> | undefined = onRecord;
  for (const id of placesOf(object)) {
    const seen = observe(id);
    switch (seen.state) {
      case 'present': {
        const { resource: identity, how, ageMs } = seen;
        // A list may leave out the ids of one that is just being made.
        if (identity.principalId === '' || ageMs > STALE_MS) unknown ??= { state: 'unknown', id };
        else if (!isOwn(object, identity, deps))
          none = {
            state: 'none',
            shown: identity,
            id,
            ...(returnsTo(object, identity, deps) && { returns: true }),
          };
        else if (
          isAnothers
            ? sameText(recorded ?? '', identity.principalId)
            : isDecided(object, identity, recorded, deps)
        )
          return { state: 'owned', identity, how, ageMs };
        else unknown ??= { state: 'unknown', id, undecided: true };
        break;
      }
      case 'absent':
        if (none.id === undefined) none = { state: 'none', id };
        break;
      default:
        unknown ??= { state: 'unknown', id };
    }
  }
  if (unknown !== undefined) return unknown;
  return (recorded === undefined ? onlyMarked(object, deps, observe) : undefined) ?? none;
}

/** The recorded principal is the object's wherever it is: a status that was lost, or altered, hides nothing. */
function withPrincipal(
  object: UserAssignedIdentity,
  recorded: string,
  deps: ProofDeps,
  observe: (id: string) => IdentityObservation,
): Extract<ObservedIdentity, { state: 'owned' | 'unknown' }> | undefined {
  for (const { id } of deps.identityCache.byIndex('principal', recorded)) {
    const seen = observe(id);
    if (seen.state !== 'present') continue;
    const { resource: identity, how, ageMs } = seen;
    if (!sameText(identity.principalId, recorded) || !isWithinSpec(object, identity)) continue;
    if (ageMs > STALE_MS) return { state: 'unknown', id };
    if (isOwn(object, identity, deps)) return { state: 'owned', identity, how, ageMs };
  }
  return undefined;
}

/**
 * Where the spec says, an identity with the marks is the object's: it was made again. Where only a status says so, the recorded
 * principal must not be elsewhere: what the status names may be a copy.
 */
function isDecided(
  object: UserAssignedIdentity,
  { id, principalId }: AzureIdentity,
  recorded: string | undefined,
  { searched }: ProofDeps,
): boolean {
  if (recorded === undefined || sameText(recorded, principalId)) return true;
  return isDeclared(object, id) || searched.has(object.metadata.uid);
}

/** Whether the marks on it are this object's, and azid's to have set. */
export function isOwn(
  object: UserAssignedIdentity,
  { tags, principalId }: Pick<AzureIdentity, 'tags' | 'principalId'>,
  { installationId, disputed, principals }: Pick<ProofDeps, 'installationId' | 'disputed' | 'principals'>,
): boolean {
  const { namespace = '', name, uid } = object.metadata;
  if (ownershipOf(tags, { installationId, namespace, name, uid }).state !== 'mine') return false;
  // The record is made of what Azure showed, so it wins over the status and over an answer to a PUT.
  if (principals.lastOf(uid) === principalId) return true;
  return disputed.get(uid) !== principalId && !isOverwritten(object, { principalId });
}

/** Its marks name the object of the same name that lived before, or no object while it has the object's own principal. */
function returnsTo(
  { metadata: { namespace = '', name, uid } }: UserAssignedIdentity,
  { tags, principalId }: AzureIdentity,
  { installationId, principals }: ProofDeps,
): boolean {
  const me = { installationId, namespace, name, uid };
  const { state } = ownershipOf(tags, me);
  if (state === 'formerlyMine' || state === 'retainedForMe') return true;
  return principals.lastOf(uid) === principalId && !namesAnother(tags, me, uid);
}

/**
 * The status names it as one that another client made just before azid's PUT: its marks are azid's mistake. An object that
 * has the principal for its own contradicts itself, and then the marks count.
 */
export function isOverwritten(
  { status }: UserAssignedIdentity,
  { principalId }: Pick<AzureIdentity, 'principalId'>,
): boolean {
  return status?.overwrittenPrincipalId === principalId && status.principalId !== principalId;
}

/**
 * By its marks alone, where an earlier version of azid made no record. Of two that have them one is a copy, and nothing says
 * which.
 */
function onlyMarked(
  object: UserAssignedIdentity,
  deps: ProofDeps,
  observe: (id: string) => IdentityObservation,
): Extract<ObservedIdentity, { state: 'owned' }> | undefined {
  const [found, ...copies] = markedFor(object, deps);
  const seen = found && copies.length === 0 ? observe(found.id) : undefined;
  if (seen?.state !== 'present' || seen.ageMs > STALE_MS) return undefined;
  const { resource: identity, how, ageMs } = seen;
  if (identity.principalId === '' || !isOwn(object, identity, deps)) return undefined;
  return { state: 'owned', identity, how, ageMs };
}

/** Identities with the object's own marks, the copies of its own among them, as far as its spec allows them to be its. */
export function markedFor(
  object: UserAssignedIdentity,
  { installationId, identityCache }: Pick<ProofDeps, 'installationId' | 'identityCache'>,
): readonly AzureIdentity[] {
  const { uid } = object.metadata;
  const marks = { [MARK.installation]: installationId, [MARK.ownerUid]: uid };
  return identityCache.byIndex('marks', marks).filter((each) => isWithinSpec(object, each));
}
