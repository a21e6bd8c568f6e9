import { type AssignmentMark, assignmentMark } from '../../../azure/names/assignment-name.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Facts, OwnStatus, RoleGrant } from '../facts.ts';
import { asCoOwner } from '../object.ts';
import type { CoOwner } from '../observed.ts';
import { isOurs } from '../target/target.ts';

/**
 * Several objects may ask for one assignment: equal scope, role and principal. They share it as long as they ask for the
 * same condition; the oldest decides, and the last to go takes it along.
 */

/** Those that count as owners, the oldest first: allowed and not refused by Azure, or proven to have it (`holdsIt`). */
export function ownersOf(coOwners: readonly CoOwner[]): readonly CoOwner[] {
  return coOwners
    .filter(({ allowed, refused = false, holds }) => (allowed && !refused) || holds)
    .toSorted((a, b) => (age(a) < age(b) ? -1 : 1));
}

/** All owners, the object itself among them. */
export function asOwners(object: RoleGrant, coOwners: readonly CoOwner[]): readonly CoOwner[] {
  return ownersOf([...coOwners, asCoOwner(object)]);
}

/** The older owner whose condition stands against this object's, or undefined. */
export function conflictWith(me: CoOwner, coOwners: readonly CoOwner[]): CoOwner | undefined {
  const [first] = ownersOf([...coOwners, me]);
  return first && first.uid !== me.uid && !sameCondition(first.condition, me.condition) ? first : undefined;
}

/**
 * Whether the assignment stays when `me` goes: others own it, and the condition in Azure is what the oldest of them
 * asks for. Where it is not, it goes, so that no wider right outlives its owner; the others make their own at once.
 *
 * @param condition the assignment's, as Azure shows it
 */
export function staysWithout(
  me: CoOwner,
  coOwners: readonly CoOwner[],
  condition: string | undefined,
): boolean {
  const [next] = ownersOf(coOwners);
  if (!next) return false;
  return age(next) < age(me) || sameCondition(next.condition, condition);
}

/** One whose claim is not known yet, and for whom the assignment would stay when `me` goes, if it asks for it. */
export function awaitedBy(
  me: CoOwner,
  coOwners: readonly CoOwner[],
  condition: string | undefined,
): CoOwner | undefined {
  const owners = ownersOf(coOwners);
  return coOwners.find(
    (each) => each.awaited && staysWithout(me, [...owners, { ...each, holds: true }], condition),
  );
}

/** The oldest owner's text, then who made it and for whom: an assignment has no tags that could say so. */
export function descriptionOf(installationId: string, owners: readonly CoOwner[]): string {
  const [first] = owners;
  const more = owners.length > 1 ? ` and ${owners.length - 1} more` : '';
  const mark = `[azid ${installationId}: ${first?.key ?? ''}${more}]`;
  const text = first?.description?.trim();
  return text ? `${text} ${mark}` : mark;
}

export type Mark = Omit<AssignmentMark, 'installationId'>;

/** Whom an assignment's description names, in azid's own words of this installation. */
export function markOf(description: string | undefined, installationId: string): Mark | undefined {
  const mark = assignmentMark(description);
  return mark?.installationId === installationId ? { key: mark.key, alone: mark.alone } : undefined;
}

/** Conditions are code: only their spacing may differ, and not within a text, where it is a part of what is compared. */
export function sameCondition(a: string | undefined, b: string | undefined): boolean {
  return plainCondition(a) === plainCondition(b);
}

/** Texts of a condition stand between single quotes; a quote within is escaped by a backslash. */
const TEXT = /('(?:[^'\\]|\\.)*')/s;

function plainCondition(condition = ''): string {
  return condition
    .split(TEXT)
    .map((part, at) => (at % 2 === 1 ? part : part.replaceAll(/[ \t\r\n]+/g, ' ')))
    .join('')
    .replaceAll(/^ | $/g, '');
}

function age({ creationTimestamp, uid }: CoOwner): string {
  return `${creationTimestamp} ${uid}`;
}

/**
 * Which assignments this process saw an object have, as it asked for them and a policy allowed: proof of the time before its identity
 * was made again, for which nothing else may be left. A status says the same, but anybody may have written it before the start.
 */
export class GrantedHere {
  readonly #byUid = new Map<string, ReadonlySet<string>>();

  has({ metadata: { uid } }: RoleGrant, id: string): boolean {
    return this.#byUid.get(uid)?.has(armKey(id)) ?? false;
  }

  /** Known for as long as the ledger names it. The target is considered only for an object that is allowed it. */
  decided(
    { metadata: { uid } }: RoleGrant,
    facts: Pick<Facts, 'target' | 'azure' | 'installationId'>,
    { ledger = [] }: Pick<OwnStatus, 'ledger'>,
  ): void {
    const { target, azure } = facts;
    const known = new Set(this.#byUid.get(uid));
    if (target && azure?.state === 'present' && isOurs(azure.assignment, facts)) known.add(armKey(target.id));
    const kept = new Set(ledger.map(armKey)).intersection(known);
    if (kept.size > 0) this.#byUid.set(uid, kept);
    else this.#byUid.delete(uid);
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }
}
