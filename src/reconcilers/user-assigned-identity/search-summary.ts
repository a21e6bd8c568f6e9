import type { Failure, Summary } from '../decision.ts';
import { stalled } from '../status/failure.ts';
import { stalledOutside } from '../status/summary.ts';
import type { Search, UserAssignedIdentity } from './facts.ts';

/**
 * The object's identity may be somewhere that neither its spec nor its status names. Nothing is made until the search
 * is over, so that no object has two, and what is not found is reported
 * (docs/design/2026-11-29-lost-and-copied-identities.md).
 */

/** The summary of a living object while it is so. */
export function whileSearched(object: UserAssignedIdentity, search: Search): Summary {
  const keep = object.status?.observedGeneration === object.metadata.generation;
  switch (search.state) {
    case 'loading':
      return {
        ...waitingForList(search.subscriptionId),
        // The list enqueues the objects whose identity it shows; this is for the others.
        recheckMs: LIST_RECHECK_MS,
        keep,
      };
    case 'incomplete':
      return {
        state: 'waiting',
        for: `a complete list of subscription ${search.subscriptionId}`,
        message: `${mayBeLeftOut(search)}; it is looked for before anything is made`,
        recheckMs: LIST_RECHECK_MS,
      };
    case 'notFound':
      return stalledOutside(
        'IdentityNotFound',
        `${lost(search.principalId)}, and no list shows it (${listed(search.subscriptions)}), so no second one is made; if it exists, name its subscription in identities.scopes of an IdentityPolicy, so that azid lists it; if it is gone, delete this object and make it again`,
      );
    case 'ambiguous':
      return stalledOutside(
        'AmbiguousIdentity',
        `${both(search.ids)}; take tag azid-owner-uid off the copies, or set spec.subscriptionId, spec.resourceGroup and spec.name in a new object`,
      );
  }
}

export function waitingForList(subscriptionId: string): Extract<Summary, { state: 'waiting' }> {
  return {
    state: 'waiting',
    for: `the first list of subscription ${subscriptionId}`,
    message: `waiting for the first list of the identities of subscription ${subscriptionId}`,
    recheckMs: 60_000,
  };
}

/** A deletion waits for the lists of a search, for as long as for a refusal, and reports what stays in Azure. */
type DeletionSearch =
  | { readonly state: 'waiting'; readonly message: string }
  | { readonly state: 'blocked'; readonly what: string; readonly failure: Failure }
  | { readonly state: 'left'; readonly message: string };

export function searchOfDeleted(search: Search): DeletionSearch {
  switch (search.state) {
    case 'loading':
      return { state: 'waiting', message: waitingForList(search.subscriptionId).message };
    case 'incomplete':
      return {
        state: 'blocked',
        what:
          search.principalId === undefined
            ? 'an identity with the tags of this object, if there is one,'
            : `the identity with principal ${search.principalId}`,
        failure: stalled('IdentityNotFound', mayBeLeftOut(search)),
      };
    case 'notFound':
      return {
        state: 'left',
        message: `${lost(search.principalId)}, and no list shows it (${listed(search.subscriptions)}); if it exists, it stays in Azure`,
      };
    case 'ambiguous':
      return { state: 'left', message: `${both(search.ids)}; all are left as they are` };
  }
}

/** A list that failed, or became complete, enqueues no object. */
export const LIST_RECHECK_MS = 10_000;

function mayBeLeftOut({
  principalId,
  subscriptionId,
  because,
}: Extract<Search, { state: 'incomplete' }>): string {
  const list = `the list of subscription ${subscriptionId} may leave it out: ${because}`;
  return principalId === undefined
    ? `this object may have an identity, and ${list}`
    : `this object has an identity with principal ${principalId}, as azid has on record, but it is not shown where the object says, and ${list}`;
}

function lost(principalId: string): string {
  return `this object has an identity with principal ${principalId}, as azid has on record, but the status no longer says where`;
}

function listed(subscriptions: readonly string[]): string {
  return subscriptions.length === 0
    ? 'no policy names a subscription'
    : `looked for in ${subscriptions.join(', ')}`;
}

function both(ids: readonly string[]): string {
  return `${ids.join(' and ')} carry the tags of this object, and azid has no record of which is its own and which a copy`;
}
