import type { CredentialCache } from '../../../cache/credentials/credentials.ts';
import { readConfirmation } from '../../../orphans/confirmation.ts';
import type { RetainedRecords } from '../../../orphans/records/retained.ts';
import type { SweepView } from '../../../orphans/view.ts';
import type { Baseline } from '../facts.ts';

/** What the records of retained things need to be true of what a run sees: which are still to be made, and which are over. */

type Records = Pick<RetainedRecords, 'hasBaseline' | 'within' | 'isUnproven' | 'of'>;

/** Of scopes that are known completely, once each: what has no object then may have been retained before there were records. */
export function baselinesOf(
  view: SweepView,
  credentialCache: Pick<CredentialCache, 'content'>,
  retained: Records,
): readonly Baseline[] {
  return view.areas.flatMap(({ scope, state }) => {
    if (state !== 'complete') return [];
    const here = <T extends { readonly scope: string }>(all: readonly T[]) =>
      all.filter((each) => each.scope === scope);
    const ownerless = (
      all: readonly SweepView['assignments'][number][] | readonly SweepView['credentials'][number][],
    ) => all.filter(({ owner }) => owner.state === 'unknown').map(({ id }) => id);
    // Credentials have no list of their own: not before those of every identity were read.
    const isRead = here(view.identities).every(({ key }) => credentialCache.content(key).state !== 'unknown');
    const assignments = { kind: 'assignments', scope, ids: ownerless(here(view.assignments)) } as const;
    const credentials = { kind: 'credentials', scope, ids: ownerless(here(view.credentials)) } as const;
    return [assignments, ...(isRead ? [credentials] : [])].filter(
      ({ kind }) => !retained.hasBaseline(kind, scope),
    );
  });
}

/**
 * Those that have an object again, and those without a proof that a person, having seen them listed, says are orphans: by the
 * annotation that confirms, for what was listed until then.
 *
 * @param listed by key: since when it is listed, wall ms
 */
export function settledIn(
  view: SweepView,
  confirmed: string | undefined,
  listed: (key: string) => number | undefined,
  retained: Records,
): readonly string[] {
  const confirmation = readConfirmation(confirmed, view.now);
  const until = confirmation.state === 'until' ? confirmation.until : Number.NEGATIVE_INFINITY;
  const owners = new Map(
    [...view.assignments, ...view.credentials].map(({ key, owner }) => [key, owner.state]),
  );
  const keys = view.areas.flatMap(({ scope }) => retained.within(scope));
  return [...new Set(keys)].filter((key) => {
    if (owners.get(key) === 'living') return true;
    return retained.isUnproven(key) && (listed(key) ?? Number.POSITIVE_INFINITY) <= until;
  });
}
