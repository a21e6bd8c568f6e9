import { MAX_CREDENTIALS } from '../../azure/federated-credentials.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { RECHECK_OUTSIDE_MS, type Summary } from '../decision.ts';
import { otherThan, refusalsOf } from '../status/refusals.ts';
import { notAllowed, ownStatusOf, stalledInside, stalledOutside, summaryOf } from '../status/summary.ts';
import { decideDeletion } from './deletion.ts';
import { stepAside } from './exchange.ts';
import type {
  CredentialDecision,
  Facts,
  Failed,
  FederatedIdentityCredential,
  ObservedCredentials,
  OwnedIdentity,
  SeenCredential,
} from './facts.ts';
import { ageOf, identityKey, nameOf, whoseIs } from './object.ts';
import { placeOf } from './place.ts';
import { type Request, requestOf } from './request.ts';
import { resolveTrust, subjectFindings } from './trust.ts';
import { keep, satisfiedBy } from './write/keep.ts';
import { write } from './write/put.ts';
import { type Stuck, withoutUnproven } from './write/stale.ts';

/**
 * From what is known to what to do, for one FederatedIdentityCredential. Pure: the controller performs the actions,
 * observes again and asks again until nothing is left to do.
 *
 * @param failed the action that failed just before, if one did
 */
export function decide(
  object: FederatedIdentityCredential,
  facts: Facts,
  failed?: Failed,
): CredentialDecision {
  if (object.metadata.deletionTimestamp) return decideDeletion(object, facts, failed);
  // What is asked for may be in place although something it replaced cannot be removed.
  const stuck = refusalsOf(failed, 'deleteCredential');
  const other = otherThan(failed, 'deleteCredential');
  const decision = decideLife(object, facts, stuck);
  // What was refused may have an explanation that the read after it shows: no room left, the same pair made by
  // another tool, the identity gone. Without one, the refusal itself is reported.
  const again = decision.actions.flatMap((action) =>
    action.type === 'deleteCredential' ? (stuck.get(armKey(action.id)) ?? []) : [],
  );
  const [unexplained] = other && decision.actions.length > 0 ? [other.failure] : again;
  const decided = unexplained ? stopping(object)(summaryOf(unexplained)) : decision;
  return withFindings(object, facts, withoutUnproven(object, facts, decided));
}

/** Findings about the subject, with every decision: a policy that refuses it may be about the same. */
function withFindings(
  object: FederatedIdentityCredential,
  { clusterIssuer, defaultAudience }: Facts,
  decision: CredentialDecision,
): CredentialDecision {
  const resolution = resolveTrust(object, clusterIssuer, defaultAudience);
  if (!resolution.resolved) return decision;
  const found = subjectFindings(object, resolution.trust);
  return found.length === 0
    ? decision
    : { ...decision, conditions: [...(decision.conditions ?? []), ...found] };
}

function decideLife(object: FederatedIdentityCredential, facts: Facts, stuck: Stuck): CredentialDecision {
  const stop = stopping(object);
  const { policy } = facts;
  if (policy.unseen) return stop(notAllowed(object, policy.unseen));
  const request = requestOf(object, facts, policy);
  if (!request.granted) return stop(request.summary);

  const { identity } = facts;
  switch (identity.state) {
    case 'waiting':
      return stop(waitingForIdentity(object, identity.why));
    case 'loading':
      return stop({
        state: 'waiting',
        for: `the first list of subscription ${identity.subscriptionId}`,
        message: `waiting for the first list of the identities of subscription ${identity.subscriptionId}`,
        recheckMs: 10_000,
        keep: true,
      });
    case 'unreadable':
      return stop(summaryOf(identity.failure));
    case 'owned': {
      const verdict = policy.allowsIdentity(identity.id);
      if (!verdict.allowed) return stop(notAllowed(object, verdict));
      const credentials = readable(object, facts.credentials);
      if ('summary' in credentials) return stop(credentials.summary);
      return fitIn(object, facts, identity, request, credentials.credentials, stuck);
    }
  }
}

const stopping =
  (object: FederatedIdentityCredential) =>
  (summary: Summary): CredentialDecision => ({ actions: [], status: ownStatusOf(object), summary });

function fitIn(
  object: FederatedIdentityCredential,
  facts: Facts,
  identity: OwnedIdentity,
  { trust, policy }: Extract<Request, { granted: true }>,
  credentials: readonly SeenCredential[],
  stuck: Stuck,
): CredentialDecision {
  const stop = stopping(object);
  const me = { age: ageOf(object.metadata), name: nameOf(object, facts.installationId) };
  const place = placeOf(me, trust, credentials, facts.siblings);
  const pair = `issuer ${trust.issuer} and subject ${trust.subject}`;
  // The object that it waits for may wait for it in turn.
  if (place.state === 'releasing' || place.state === 'full') {
    const aside = stepAside(object, facts, trust, credentials);
    if (aside) return aside;
  }
  switch (place.state) {
    case 'satisfied':
      return satisfiedBy(object, facts, identity, place.by, stuck);
    case 'conflict':
      return stop(
        stalledOutside(
          'CredentialConflict',
          `identity ${identity.id} already has credential ${place.with.name} with ${pair}, ${whoseIs(place.with.name, facts)}, and its audience is ${place.with.audience}, expected ${trust.audience}; Azure allows one per pair: delete that one, or use its audience`,
        ),
      );
    case 'taken':
      return stop(
        stalledInside(
          'OwnedByAnother',
          `${pair} on identity ${identity.id} belong to FederatedIdentityCredential ${place.by.key}; Azure allows one credential per pair: delete one of the two objects, or change it`,
        ),
      );
    case 'releasing':
      return stop({
        state: 'waiting',
        for: `FederatedIdentityCredential ${place.by.key}`,
        message: `FederatedIdentityCredential ${place.by.key} still holds ${pair} on identity ${identity.id}, and gives them up as soon as ${place.by.deleting ? 'it is gone' : 'it has what it is declared to have now'}`,
        recheckMs: RECHECK_OUTSIDE_MS,
      });
    case 'held':
      return stop(
        stalledInside(
          'OwnedByAnother',
          `${pair} on identity ${identity.id} are still held by FederatedIdentityCredential ${place.by.key}, which keeps what it has while azid makes nothing else for it: it is suspended, denied or refused as it is declared now; Azure allows one credential per pair: mend or delete that object, or change this one`,
        ),
      );
    case 'full':
      return stop(
        stalledOutside(
          'CredentialLimit',
          // The names last: a long message is cut.
          `identity ${identity.id}: expected room for one more federated credential, got ${place.holders.length} of at most ${MAX_CREDENTIALS}; delete one, or use another identity: ${place.holders.join(', ')}`,
        ),
      );
    case 'free':
    case 'own': {
      const own = place.state === 'own' ? place.credential : undefined;
      const change = write(object, facts, identity, trust, policy, own, stuck);
      if (!change) return keep(object, facts, identity, trust, own, stuck);
      return identity.deleting ? stop(waitingForIdentity(object, 'is being deleted')) : change;
    }
  }
}

function readable(
  object: FederatedIdentityCredential,
  observed: Facts['credentials'],
): Extract<ObservedCredentials, { state: 'known' }> | { readonly summary: Summary } {
  switch (observed?.state) {
    case 'known':
      return observed;
    case 'unreadable':
      return { summary: summaryOf(observed.failure) };
    case undefined:
    case 'identityGone':
      return { summary: waitingForIdentity(object, 'has no identity in Azure') };
  }
}

function waitingForIdentity(object: FederatedIdentityCredential, why: string): Summary {
  const key = identityKey(object);
  return {
    state: 'waiting',
    for: `UserAssignedIdentity ${key}`,
    message: `UserAssignedIdentity ${key} ${why}; azid goes on as soon as it is ready`,
    // Its object and the cache enqueue this one; Azure may know before either.
    recheckMs: RECHECK_OUTSIDE_MS,
  };
}
