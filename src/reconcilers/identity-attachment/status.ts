import { type AttachmentTarget, MAX_LISTED_TARGETS, MAX_SLOTS } from '../../api/identity-attachment.ts';
import { armKey, parseResourceId } from '../../azure/names/resource-id.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { cut } from '../../runtime/status/message.ts';
import { ownStatusOf } from '../status/summary.ts';
import type { Facts, IdentityAttachment, OwnStatus } from './facts.ts';
import type { RolloutPlan } from './rollout.ts';
import type { Target } from './targets/target.ts';

/** With what the selector may miss, as it is now: this is reported even while nothing else may be. */
export function stillStatus(object: IdentityAttachment, facts: Pick<Facts, 'mayMissUntil'>): OwnStatus {
  const { mayMissUntil: _, ...own } = ownStatusOf(object);
  return { ...own, ...mayMissOf(facts) };
}

function mayMissOf({ mayMissUntil }: Pick<Facts, 'mayMissUntil'>): Pick<OwnStatus, 'mayMissUntil'> {
  return mayMissUntil === undefined ? {} : { mayMissUntil: timestamp(mayMissUntil) };
}

/** Those that need attention come first, so that they are listed when there are too many to list all. */
const RANKS = ['Failed', 'Contested', 'Waiting', 'Detaching', 'Attaching', 'Pending', 'Attached'] as const;

function rankOf({ state, contested }: Target): number {
  return RANKS.indexOf(contested && state !== 'Failed' ? 'Contested' : state);
}

export function statusWith(
  object: IdentityAttachment,
  facts: Pick<Facts, 'identity' | 'now' | 'mayMissUntil'>,
  targets: readonly Target[],
): OwnStatus {
  const { identity, now } = facts;
  const own = stillStatus(object, facts);
  const before = new Map((own.targets ?? []).map((target) => [armKey(target.resourceId), target] as const));
  const listed = targets
    .toSorted((left, right) => rankOf(left) - rankOf(right) || (left.host.key < right.host.key ? -1 : 1))
    .slice(0, MAX_LISTED_TARGETS)
    .map((target) => entryOf(target, before.get(target.host.key), now));
  const count = (test: (target: Target) => boolean) => targets.filter(test).length;
  const wanted = count(({ host }) => host.claim === 'wanted' || host.claim === 'unclear');
  return {
    ...own,
    ...(identity.state === 'known' && {
      identityId: identity.id,
      principalId: identity.principalId ?? principalIn(targets),
    }),
    matched: wanted,
    attached: count(({ attached, host }) => attached && host.claim !== 'unwanted' && host.claim !== 'gone'),
    pending: count(({ state }) => state === 'Pending' || state === 'Attaching' || state === 'Waiting'),
    failed: count(({ state }) => state === 'Failed'),
    detaching: count(({ state, host }) => state === 'Detaching' && host.claim !== 'wanted'),
    targets: listed,
  };
}

function entryOf(
  { host, state, reason, message, since }: Target,
  before: AttachmentTarget | undefined,
  now: number,
): AttachmentTarget {
  const same = before?.state === state ? before.lastChange : undefined;
  return {
    resourceId: host.id,
    state,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message: cut(message) }),
    lastChange: since ?? same ?? timestamp(now),
  };
}

/** Of an identity by its ARM id no object shows the principal; the ledgers record it. */
function principalIn(targets: readonly Target[]): string | undefined {
  return targets.find(({ host }) => host.ledger?.entry?.principalId !== undefined)?.host.ledger?.entry
    ?.principalId;
}

/** Up to three hosts by their short names, and how many more. */
export function named(hosts: readonly { readonly id: string }[]): string {
  const names = hosts.slice(0, 3).map(({ id }) => shortName(id));
  const more = hosts.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

/** `vm1`; of a slot `app/staging`. */
function shortName(id: string): string {
  return parseResourceId(id)
    .path.map(({ name }) => name)
    .join('/');
}

export function resources(count: number): string {
  return count === 1 ? '1 resource' : `${count} resources`;
}

type Written = OwnStatus['rolloutSlots'];

/** The slots of a plan as the status has them, for the hosts to go by (`hosts/claims/slots.ts`). */
export function withSlots(
  object: IdentityAttachment,
  status: OwnStatus,
  { slots }: RolloutPlan,
  all: readonly Target[],
): OwnStatus {
  const { rolloutSlots: _, ...rest } = status;
  // In the order of the targets, which stays. Beyond so many are only those that are being changed already.
  const idsOf = (keys: ReadonlySet<string>) =>
    all
      .filter(({ host }) => keys.has(host.key))
      .slice(0, MAX_SLOTS)
      .map(({ host }) => host.id);
  // One that is named by its id waits for no other.
  const attach = object.spec.target.selector ? idsOf(slots.attach) : [];
  const detach = idsOf(slots.detach);
  if (attach.length + detach.length === 0) return rest;
  return {
    ...rest,
    rolloutSlots: {
      generation: object.metadata.generation ?? 0,
      ...(attach.length > 0 && { attach }),
      ...(detach.length > 0 && { detach }),
    },
  };
}

/** Some host has its slot from now on, or for another edit. */
export function opensMore(next: Written, before: Written): boolean {
  if (!next) return false;
  if (next.generation !== before?.generation) return true;
  const isNew = (ids: readonly string[] = [], had: readonly string[] = []) => {
    const known = new Set(had);
    return ids.some((id) => !known.has(id));
  };
  return isNew(next.attach, before.attach) || isNew(next.detach, before.detach);
}
