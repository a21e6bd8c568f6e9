import { NOT_RETAINED_ANNOTATION } from '../../../api/orphan-sweep.ts';
import type { CredentialCache } from '../../../cache/credentials.ts';
import type { ObservedOwner, SweepObservation } from '../../../orphans/observed.ts';
import type { RetainedRecords } from '../../../orphans/records/retained.ts';
import { isUnproven, type RetainedEntry } from '../../../orphans/records/retained-index.ts';
import { readConfirmation } from '../../../orphans/spec.ts';
import type { Baseline } from '../facts.ts';
import type { SweptScope } from '../settings.ts';

/**
 * The records of retained things, compared with what a run observes: which entries are still to be made, and which are no longer true.
 */

type Records = Pick<RetainedRecords, 'hasBaseline' | 'within'>;

/**
 * Of scopes that are known completely, once each: what has no object then may have been retained before there were records. What of a
 * scope is left to older sweeps comes first, since it is not observed here.
 */
export function baselinesOf(
  observed: SweepObservation,
  swept: readonly SweptScope[],
  credentialCache: Pick<CredentialCache, 'areaState'>,
  retained: Records,
): readonly Baseline[] {
  return observed.areas.flatMap(({ scope, state }) => {
    if (state !== 'complete') return [];
    const within = swept.find((each) => each.scope === scope)?.without ?? [];
    const isDue = (kind: Baseline['kind']) =>
      !retained.hasBaseline(kind, scope) && within.every((each) => retained.hasBaseline(kind, each));
    const here = <T extends { readonly scope: string }>(all: readonly T[]) =>
      all.filter((each) => each.scope === scope);
    const ownerless = (kind: 'assignments' | 'credentials') =>
      here<SweepObservation[typeof kind][number]>(observed[kind])
        .filter(({ owner }) => owner.state === 'unknown')
        .map(({ id }) => id);
    // Credentials have no list of their own: not before those of every identity were read.
    const isRead = () =>
      here(observed.identities).every(({ key }) => credentialCache.areaState(key).state !== 'unknown');
    const due = [
      ...(isDue('assignments') ? (['assignments'] as const) : []),
      ...(isDue('credentials') && isRead() ? (['credentials'] as const) : []),
    ];
    return due.map((kind) => ({ kind, scope, ids: ownerless(kind) }));
  });
}

/**
 * The entries that are no longer true: what is gone from Azure; and of unproven ones what has an object, or what a person, having seen it
 * listed, confirms was not retained. That takes an annotation of its own, since a person who confirms that owners are gone confirms
 * nothing of these. Entries of a living object are kept up to date by its own reconcile (`src/reconcilers/retained.ts`), and those of an
 * object that is gone hold, even where another object shares the thing.
 *
 * @param listed by key: since when it is listed, wall ms
 * @param gone   as Azure itself answered, twice
 */
export function settledIn(
  observed: SweepObservation,
  confirmed: string | undefined,
  listed: (key: string) => number | undefined,
  retained: Records,
  gone: ReadonlySet<RetainedEntry>,
): readonly RetainedEntry[] {
  const confirmation = readConfirmation(confirmed, observed.now, NOT_RETAINED_ANNOTATION);
  const until = confirmation.state === 'until' ? confirmation.until : Number.NEGATIVE_INFINITY;
  const owners = new Map<string, ObservedOwner>(
    [...observed.assignments, ...observed.credentials].map(({ key, owner }) => [key, owner]),
  );
  const entries = new Set(observed.areas.flatMap(({ scope }) => retained.within(scope)));
  return [...entries].filter((entry) => {
    if (gone.has(entry)) return true;
    if (!isUnproven(entry)) return false;
    const owner = owners.get(entry.key);
    // One that is being deleted may be what retains it.
    if (owner?.state === 'living') return owner.deleting !== true;
    const since = listed(entry.key);
    // A person confirms a time that a status shows, and those are in whole seconds.
    return since !== undefined && since - (since % 1_000) <= until;
  });
}
