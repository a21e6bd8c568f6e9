import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import { NOT_LISTED } from '../../../cache/lists/listing.ts';
import type { ObservedArea } from '../../../orphans/observed.ts';
import type { SweptScope } from '../scopes.ts';

export interface AreasDeps {
  readonly identityCache: Pick<IdentityCache, 'areaState' | 'loading'>;
  readonly assignmentCache: Pick<AssignmentCache, 'areaState' | 'loading'>;
}

/** What is concluded from absence must be younger than that: four times what lies between two lists, ms. */
export const STALE_AREA_MS = 40 * 60_000;

/** How far what is known of a scope may be believed: by the rules of the caches themselves. */
export function areaOf({ scope, subscriptionId }: SweptScope, deps: AreasDeps): ObservedArea {
  const parts = [
    [deps.identityCache, subscriptionId, 'identities'],
    [deps.assignmentCache, `/subscriptions/${subscriptionId}`, 'role assignments'],
  ] as const;
  for (const [cache, area, what] of parts) {
    const state = cache.areaState(area);
    switch (state.state) {
      case 'unknown': {
        const loading = cache.loading(area);
        const why = `the ${what} of subscription ${subscriptionId} ${loading ? 'are being listed for the first time' : 'could not be listed yet; the log says why'}`;
        return { scope, state: loading ? 'loading' : 'incomplete', why };
      }
      case 'gone':
        return {
          scope,
          state: 'incomplete',
          why: `Azure says that subscription ${subscriptionId} is not there`,
        };
      case 'known':
        // It came, and whether it may be believed is still found out.
        if (state.completeness === NOT_LISTED)
          return {
            scope,
            state: 'loading',
            why: `whether the list of ${what} of subscription ${subscriptionId} holds everything is being found out`,
          };
        if (state.completeness.state === 'partial')
          return {
            scope,
            state: 'incomplete',
            why: `the list of ${what} of subscription ${subscriptionId} may lack something: ${state.completeness.reason}`,
          };
        if (state.ageMs > STALE_AREA_MS)
          return {
            scope,
            state: 'incomplete',
            why: `the ${what} of subscription ${subscriptionId} were last listed ${Math.round(state.ageMs / 60_000)} min ago`,
          };
        break;
      default:
        state satisfies never;
    }
  }
  return { scope, state: 'complete' };
}
