import { type IdentityAttachment, MAX_LISTED_TARGETS } from '../../../api/identity-attachment.ts';
import { hasFinalizer } from '../../../api/schema/common.ts';
import { capabilityOf, hostTypeIfAny } from '../../../azure/hosts/capabilities.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { StoreChange } from '../../../kube/informer/store.ts';
import { CONTESTED } from '../ledger/problems.ts';

/**
 * Which hosts may be changed now for an attachment, read off the object alone: its own reconcile has written the
 * rollout slots into its status, and a host's own reconcile goes by these. Slots permit a change, so only those that
 * this process wrote count (`src/api/schema/remembered.ts`), and set the pace alone: what may be given is asked of spec
 * and policies each time.
 */
export interface RolloutSlots {
  /** Keys of hosts. */
  readonly attach: ReadonlySet<string>;
  readonly detach: ReadonlySet<string>;
}

const NO_SLOTS: RolloutSlots = { attach: new Set(), detach: new Set() };

/** Reasons that an attachment gives for a host before any attempt: found anew at each reconcile. */
export const FOUND_ANEW: ReadonlySet<string> = new Set([
  'PolicyDenied',
  'ResourceNotFound',
  'IdentityNotReady',
  'IdentityLeaving',
]);

const read = new WeakMap<IdentityAttachment, RolloutSlots>();

/** Slots that were given for another edit are void: a target that was edited must not be left at the pace of the one before. */
export function rolloutSlotsOf(object: IdentityAttachment): RolloutSlots {
  const { metadata, status } = object;
  const { rolloutSlots } = status ?? {};
  if (!rolloutSlots || rolloutSlots.generation !== metadata.generation) return NO_SLOTS;
  const known = read.get(object);
  if (known) return known;
  const slots = {
    attach: new Set((rolloutSlots.attach ?? []).map(armKey)),
    detach: new Set((rolloutSlots.detach ?? []).map(armKey)),
  };
  read.set(object, slots);
  return slots;
}

/**
 * The finalizer is set, and a rollout has come to the host. An attachment by id waits for no rollout, except where
 * attaching restarts the resource: then its status must have announced that before.
 */
export function mayAttach(object: IdentityAttachment, hostKey: string): boolean {
  if (!hasFinalizer(object)) return false;
  const { selector, resourceId } = object.spec.target;
  if (selector) return rolloutSlotsOf(object).attach.has(hostKey);
  if (resourceId === undefined || armKey(resourceId) !== hostKey) return false;
  return !restarts(resourceId) || isListed(object, hostKey);
}

export function mayDetach(object: IdentityAttachment, hostKey: string): boolean {
  return rolloutSlotsOf(object).detach.has(hostKey);
}

/**
 * It asks for the host, and its own reconcile has yet to decide when, which it does within that reconcile. Of a
 * selector whose status lists the host as waiting nothing more is due.
 */
export function isDue(object: IdentityAttachment, hostKey: string): boolean {
  if (mayAttach(object, hostKey)) return false;
  const { target } = object.spec;
  if (!target.selector) return true;
  const { metadata, status } = object;
  if (!status || status.observedGeneration !== metadata.generation) return true;
  if (isListed(object, hostKey)) return false;
  // Targets beyond the limit of the list are in no status, so no write waits for them.
  return (status.targets?.length ?? 0) < MAX_LISTED_TARGETS;
}

/** Its status lists the host as one that is to be changed. */
function isListed({ spec, status }: IdentityAttachment, hostKey: string): boolean {
  const shown = status?.targets?.find(({ resourceId }) => armKey(resourceId) === hostKey);
  if (!shown || (shown.reason !== undefined && FOUND_ANEW.has(shown.reason))) return false;
  // A host by a selector that had it needs a slot to have it again.
  return shown.state !== 'Attached' || shown.reason === CONTESTED || spec.target.selector === undefined;
}

/** Keys of the hosts that a change lets be changed from now on. */
export function openedBy({ old, new: next }: StoreChange<IdentityAttachment>): readonly string[] {
  if (!next) return [];
  const now = rolloutSlotsOf(next);
  const before = old ? rolloutSlotsOf(old) : NO_SLOTS;
  const { resourceId } = next.spec.target;
  const may = (object: IdentityAttachment | undefined, key: string) =>
    object !== undefined && mayAttach(object, key);
  const asked = [...now.attach, ...(resourceId === undefined ? [] : [armKey(resourceId)])];
  return [
    ...asked.filter((key) => may(next, key) && !may(old, key)),
    ...[...now.detach].filter((key) => !before.detach.has(key)),
  ];
}

/** An id of no known type belongs to no rule: the object's own reconcile reports it. */
function restarts(resourceId: string): boolean {
  const type = hostTypeIfAny(resourceId);
  return type === undefined || (capabilityOf(type)?.restarts ?? false);
}
