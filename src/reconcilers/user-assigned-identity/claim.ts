import { namesAnother, type Ownership, ownershipOf, ownerValue } from '../../azure/names/identity-marks.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type { Summary } from '../decision.ts';
import { stalledInside, stalledOutside } from '../status/summary.ts';
import type { Facts, Rival, SeenIdentity, UserAssignedIdentity } from './facts.ts';
import { isCopy, ownerOf, type Target } from './object.ts';

/** May this object keep (or make) the identity at its target? Ownership is proven, never assumed (docs/architecture.md section 6). */
type Claim =
  /** `reason` and `event` word the Event of the write that follows, if one does. */
  | { readonly granted: true; readonly reason: string; readonly event?: string }
  | { readonly granted: false; readonly summary: Summary };

/** @param identity what Azure has there, or undefined when it has nothing */
export function decideClaim(
  object: UserAssignedIdentity,
  facts: Facts,
  policy: NamespacePolicy,
  target: Target,
  identity: SeenIdentity | undefined,
): Claim {
  if (identity && isSelf(facts, identity)) {
    return refused(
      stalledInside(
        'ReservedIdentity',
        `identity ${target.id} is azid's own; it cannot be managed by an object: choose another name`,
      ),
    );
  }
  const ownership = identity ? ownershipOf(identity.tags, ownerOf(object, facts)) : undefined;
  if (ownership?.state === 'mine') {
    if (!identity || !isCopy(object, facts, target, identity)) return { granted: true, reason: 'Updated' };
    const because = `it carries the tags of this object, but it is a copy: azid has principal ${facts.lastShown} on record for the object`;
    return adopt(object, policy, target, because);
  }
  if (ownership?.state === 'otherInstallation') {
    return refused(
      stalledOutside(
        'OwnedByAnotherInstallation',
        `identity ${target.id} belongs to azid installation ${ownership.installationId}; delete its object there with deletionPolicy: Retain, then adopt it here`,
      ),
    );
  }

  // Stripped, but the marks were this object's when Azure last showed any on this very principal: proof enough to put them back. A status
  // is no proof: any identity could be taken over by writing one.
  if (identity && ownership && isLeftUnnamed(object, facts, identity, ownership)) {
    if (facts.lastShown === identity.principalId) return { granted: true, reason: 'MarksRestored' };
  }
  const first = ownerAmong(facts.rivals, identity, ownership) ?? firstRival(object, facts.rivals);
  if (first) {
    return refused(
      stalledInside(
        'OwnedByAnother',
        `identity ${target.id} is kept by UserAssignedIdentity ${first.key}; one identity has one object: delete that one, or name another identity here`,
      ),
    );
  }

  switch (ownership?.state) {
    case undefined:
      return { granted: true, reason: 'Created' };
    case 'formerlyMine':
    case 'retainedForMe':
      // Same namespace and name, and a policy allows the identity here: the object's own, back again.
      return { granted: true, reason: 'TakenBack' };
    case 'unmarked':
      return adopt(object, policy, target, whyForeign(object, identity));
    case 'partial':
      return adopt(
        object,
        policy,
        target,
        `has only ${ownership.left.join(' and ')} of the tags by which azid knows its own, and azid has its principal not on record for this object`,
      );
    case 'retained':
      return adopt(object, policy, target, `it was left by ${ownership.owner} with deletionPolicy: Retain`);
    case 'others':
      return adopt(object, policy, target, `it is marked as made for ${nameOf(ownership)}, which is gone`);
  }
}

/** No mark that is left names another object or installation. */
function isLeftUnnamed(
  object: UserAssignedIdentity,
  facts: Facts,
  { tags }: SeenIdentity,
  { state }: Ownership,
): boolean {
  const { uid } = object.metadata;
  return (
    (state === 'unmarked' || state === 'partial' || state === 'formerlyMine') &&
    !namesAnother(tags, ownerOf(object, facts), uid)
  );
}

/**
 * The living object that owns the identity: by any mark that is left; and, where too few are left to name one, by the principal that azid
 * last recorded for it.
 */
function ownerAmong(
  rivals: readonly Rival[],
  identity: SeenIdentity | undefined,
  ownership: Ownership | undefined,
): Rival | undefined {
  if (!identity || !ownership) return undefined;
  if (ownership.state === 'others' || ownership.state === 'partial') {
    const { owner, ownerUid } = ownership;
    const named = rivals.find(({ uid, key }) =>
      ownerUid === undefined ? ownerOfKey(key) === owner : uid === ownerUid,
    );
    if (named) return named;
  }
  return ownership.state === 'unmarked' || ownership.state === 'partial'
    ? rivals.find(
        ({ allowed, unseen = false, lastShown }) => (allowed || unseen) && lastShown === identity.principalId,
      )
    : undefined;
}

/** A key as the marks spell it. */
function ownerOfKey(key: string): string {
  const [namespace = '', name = ''] = key.split('/');
  return ownerValue({ namespace, name });
}

function nameOf({ owner, ownerUid }: { readonly owner?: string; readonly ownerUid?: string }): string {
  return owner ?? `the object with uid ${ownerUid}`;
}

export function isSelf(facts: Facts, identity: SeenIdentity): boolean {
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  return (
    facts.self !== undefined &&
    (same(facts.self.clientId, identity.clientId) || same(facts.self.principalId, identity.principalId))
  );
}

/** The status may be right that azid made it: the message then names what is missing, and nothing rests on it. */
function whyForeign({ status }: UserAssignedIdentity, identity: SeenIdentity | undefined): string {
  return identity !== undefined && status?.principalId === identity.principalId
    ? 'has none of the tags by which azid knows its own, nor has azid its principal on record'
    : 'azid did not make it';
}

function adopt(
  object: UserAssignedIdentity,
  policy: NamespacePolicy,
  target: Target,
  because: string,
): Claim {
  if (object.spec.adoption !== 'Adopt') {
    return refused(
      stalledOutside(
        'AlreadyExists',
        `identity ${target.id} exists and ${because}; its rights are unknown, so it is not taken over: set spec.adoption: Adopt (an IdentityPolicy must allow it), or choose another name`,
      ),
    );
  }
  const verdict = policy.allowsAdoption(target.id);
  if (!verdict.allowed) return refused(stalledInside('AdoptionDenied', verdict.message));
  return { granted: true, reason: 'Adopted', event: `adopted under policy ${verdict.policy}` };
}

/**
 * Of several objects without a mark to decide, the oldest is first that Azure does not refuse and that is not idle;
 * the uid breaks a tie the same way everywhere.
 */
function firstRival(object: UserAssignedIdentity, rivals: readonly Rival[]): Rival | undefined {
  const age = (o: { creationTimestamp: string; uid: string }) => `${o.creationTimestamp} ${o.uid}`;
  const mine = age(object.metadata);
  return rivals
    .filter((rival) => rival.allowed && rival.refused !== true && rival.idle !== true && age(rival) < mine)
    .sort((a, b) => (age(a) < age(b) ? -1 : 1))[0];
}

function refused(summary: Summary): Claim {
  return { granted: false, summary };
}
