import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { armKey, ifParsed } from '../../azure/names/resource-id.ts';
import { keyOf } from '../../kube/types.ts';
import type { Finding } from '../../runtime/status/conditions.ts';
import type { Summary } from '../decision.ts';
import type { Keeping } from '../retained.ts';
import { ownStatusOf } from '../status/summary.ts';
import type { Action, Facts, GrantDecision, OwnStatus, RoleGrant } from './facts.ts';
import type { CoOwner, Held, ObservedAssignment, Target } from './observed.ts';

/** What every branch of a decision reads off the object and its facts, and what a decision without actions leaves in the status. */

/** Wall ms; undefined: never; NaN: it is no time, so nothing is given. */
export function expiryOf(object: RoleGrant): number | undefined {
  const { expiresAt } = object.spec;
  return expiresAt === undefined ? undefined : Date.parse(expiresAt);
}

export function isExpired(object: RoleGrant, now: number): boolean {
  const expiry = expiryOf(object);
  // What is no time counts as over, never as endless.
  return expiry !== undefined && !(expiry > now);
}

/** The last end that is still to come, wall ms: what the object has now ends then, also where its spec has another end. */
export function comingEnd({ ends, now }: Pick<Facts, 'ends' | 'now'>): number | undefined {
  const coming = [...ends.values()].flatMap(({ mine }) =>
    mine?.endsAt !== undefined && mine.endsAt > now ? mine.endsAt : [],
  );
  return coming.length > 0 ? Math.min(...coming) : undefined;
}

/**
 * When the object must be reconciled again to the moment, wall ms: at its expiry, and at the end that it was given,
 * in any state, and when what was granted is known to act. Rechecks are spread by chance, which the end
 * of a grant must not be.
 */
export function nextMoment(
  object: RoleGrant,
  { grantedAt }: OwnStatus,
  { now, ends }: Pick<Facts, 'now' | 'ends'>,
): number | undefined {
  if (object.metadata.deletionTimestamp) return undefined;
  const propagatedAt = grantedAt === undefined ? undefined : Date.parse(grantedAt) + PROPAGATION_MS;
  const moments = [expiryOf(object), comingEnd({ now, ends }), propagatedAt].filter(
    (at) => at !== undefined && at > now,
  );
  return moments.length > 0 ? Math.min(...moments.map(Number)) : undefined;
}

/** The ledger's ids, as far as they are any. */
export function ledgerOf({ status }: RoleGrant): readonly string[] {
  return (status?.ledger ?? []).filter(isAssignmentId);
}

/** What is no id of an assignment was never azid's, and must not keep an object for ever. */
export function isAssignmentId(id: string): boolean {
  return ifParsed(() => parseAssignmentId(id).name !== '') ?? false;
}

/** Ids of one ledger, each once in any spelling. */
export function withEntry(ledger: readonly string[] | undefined, id: string): string[] {
  const kept = (ledger ?? []).filter((each) => armKey(each) !== armKey(id));
  return [...kept, id];
}

export function withoutEntries(ledger: readonly string[] | undefined, gone: readonly string[]): string[] {
  const keys = new Set(gone.map(armKey));
  return (ledger ?? []).filter((each) => !keys.has(armKey(each)));
}

/** The object as its co-owners see it. */
export function asCoOwner(object: RoleGrant): CoOwner {
  const { condition, description } = object.spec;
  return {
    key: keyOf(object),
    uid: object.metadata.uid,
    creationTimestamp: object.metadata.creationTimestamp,
    ...(condition && { condition: condition.expression }),
    ...(description !== undefined && { description }),
    allowed: true,
    holds: true,
  };
}

/** Everything azid may have made for the object, the target included, for when all of it is to go. */
export function everything({ held, target, azure, coOwners }: Facts): readonly Held[] {
  return target && azure ? [...held, { id: target.id, observed: azure, coOwners }] : held;
}

/** For messages: `role 'Reader' on /subscriptions/…`. */
export function describe({ roleName, scope, principalId }: Target): string {
  return `role '${roleName}' on ${scope} for principal ${principalId}`;
}

/** What counts as the object's where it says `Retain`: the ledger has it before it is made, and may name what never was. */
export const kept: Keeping<RoleGrant, Facts, Action, OwnStatus> = {
  ids: (_, { held }, { status: { ledger = [] } }) => {
    const doubtful = held.filter(({ unproven, undetermined }) => unproven || undetermined);
    return withoutEntries(
      ledger,
      doubtful.map(({ id }) => id),
    );
  },
  gives: ({ type }) => type === 'putAssignment',
};

/** Nothing to do, or nothing that may be done: the status as it stands, less what is proven gone. */
export function stop(
  object: RoleGrant,
  facts: Facts,
  summary: Summary,
  change: Partial<OwnStatus> = {},
): GrantDecision {
  const own = { ...ownStatusOf(object), ...change };
  return {
    actions: [],
    status: { ...own, ledger: withoutEntries(own.ledger, provenGone(facts)) },
    summary,
    conditions: propagated(own, facts.now, object),
  };
}

/** The ledger loses an entry only when a read proved it gone (docs/guarantees.md G6). */
export function provenGone({ held, azure, target }: Facts): string[] {
  const gone = held.filter(({ observed }) => isGone(observed)).map(({ id }) => id);
  return target && azure && isGone(azure) ? [...gone, target.id] : gone;
}

function isGone(observed: ObservedAssignment): boolean {
  return observed.state === 'absent' && observed.conclusive;
}

/** `Granted` and `Propagated` are two statements: what Azure has stored acts only after a while. */
export function propagated(
  { assignmentId, grantedAt }: OwnStatus,
  now: number,
  object: RoleGrant,
): Finding[] {
  if (assignmentId === undefined || grantedAt === undefined) return notGranted(object);
  const leftMs = Date.parse(grantedAt) + PROPAGATION_MS - now;
  return [
    leftMs > 0
      ? {
          type: 'Propagated',
          status: 'False',
          reason: 'Propagating',
          message: `granted at ${grantedAt}; Azure needs up to ${PROPAGATION_MS / 60_000} minutes until it acts everywhere`,
        }
      : {
          type: 'Propagated',
          status: 'True',
          reason: 'Propagated',
          message: `granted at ${grantedAt}, more than ${PROPAGATION_MS / 60_000} minutes ago`,
        },
  ];
}

/** A condition about an assignment that is gone must not stay. */
export function notGranted({ status }: RoleGrant): Finding[] {
  return (status?.conditions ?? [])
    .filter(({ type }) => type === 'Propagated')
    .map(({ type }) => ({
      type,
      status: 'False',
      reason: 'NotGranted',
      message: 'there is no assignment whose effect could be awaited',
    }));
}

/** A grant acts after up to 10 minutes (docs/azure-facts.md section 5, "propagation"). */
const PROPAGATION_MS = 10 * 60_000;
