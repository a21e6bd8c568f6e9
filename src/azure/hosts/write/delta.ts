/**
 * What to send so that a host's `identity` becomes what is wished: pure, from what a read of this reconcile shows. Sends own
 * adds and removals and nothing that was read; the type is computed as a set (docs/guarantees.md G3, G4; docs/azure-facts.md section 7).
 */
import { armKey } from '../../names/resource-id.ts';
import { type HostCapability, inVariant } from '../capabilities.ts';
import type {
  AttachedIdentity,
  HostIdentityValue,
  IdentityBody,
  IdentityDelta,
  IdentityWish,
} from '../host.ts';
import { UNREADABLE } from '../read/read-host.ts';

/** By key: what the host shows, each in every spelling it has there. */
type Shown = ReadonlyMap<string, readonly AttachedIdentity[]>;

interface Change {
  /** Key to id as wished. */
  readonly adds: ReadonlyMap<string, string>;
  readonly removes: readonly string[];
  /** Wished total. */
  readonly system: boolean;
}

/**
 * - An identity that is attached and alive, and the removal of one that is not there, are no difference.
 * - One that is attached but dead (no principal) is not added over: that does nothing in Azure. To have it alive, the
 *   caller removes it in a write of its own first; wished both removed and added, it is removed, and added by the next delta.
 * - Otherwise an add beats a removal of the same identity.
 * - A refusal concerns the identities in `keys`, or, when empty, the system-assigned identity or the host as a whole:
 *   the rest may be wished again without them (docs/guarantees.md G7).
 * - Where one request cannot name all, this is the first of several: adds before removals. The type of each fits what is
 *   attached after it.
 *
 * @param capability of the host's type
 * @param variant of the host, for what its type cannot do in it
 */
export function identityDelta(
  capability: HostCapability,
  variant: string | undefined,
  current: HostIdentityValue,
  wish: IdentityWish,
): IdentityDelta {
  const able = inVariant(capability, variant);
  const shown = byKey(current.userAssigned);
  const whole = changeOf(current, shown, wish);
  // What cannot be read proves no absence: "not there" would end a ledger entry (docs/guarantees.md G6).
  const blind = current.unknownType === UNREADABLE && !isEmpty(wish);
  if (!blind && !differs(whole, current)) return { kind: 'none' };
  const refused = refusal(able, current, shown, whole);
  if (refused) return refused;
  const change = firstPart(able, whole);
  const left = new Set([...shown.keys(), ...change.adds.keys()]);
  for (const key of change.removes) left.delete(key);
  const system = change.system === current.system ? 'keep' : change.system ? 'on' : 'off';
  return {
    kind: 'write',
    identity: bodyOf(able, shown, change, left.size),
    adds: [...change.adds.keys()],
    removes: change.removes,
    system,
  };
}

function changeOf(current: HostIdentityValue, shown: Shown, wish: IdentityWish): Change {
  const wanted = new Map<string, string>();
  // The same id twice by letter case is one: Azure refuses both (docs/azure-facts.md section 7).
  for (const id of wish.add) if (!wanted.has(armKey(id))) wanted.set(armKey(id), id);
  const adds = new Map([...wanted].filter(([key]) => !shown.has(key)));
  const removes = [...new Set(wish.remove.map(armKey))].filter((key) => {
    const entries = shown.get(key);
    return entries !== undefined && (!wanted.has(key) || entries.every(isDead));
  });
  const system = wish.system === 'keep' ? current.system : wish.system === 'on';
  return { adds, removes, system };
}

function differs({ adds, removes, system }: Change, current: HostIdentityValue): boolean {
  return adds.size > 0 || removes.length > 0 || system !== current.system;
}

function isEmpty({ add, remove, system }: IdentityWish): boolean {
  return add.length === 0 && remove.length === 0 && system === 'keep';
}

function refusal(
  able: HostCapability,
  current: HostIdentityValue,
  shown: Shown,
  { adds, removes, system }: Change,
): (IdentityDelta & { kind: 'refused' }) | undefined {
  const refuse = (reason: string, message: string, keys: readonly string[] = []) =>
    ({ kind: 'refused', reason, message, keys }) as const;
  const { unknownType } = current;
  if (unknownType !== undefined)
    return refuse(
      'UnknownIdentityType',
      `expected identity.type to name SystemAssigned, UserAssigned or None, got "${unknownType}": azid writes nothing that it may misread; a newer azid may know it`,
    );
  const gains = adds.size > 0 || (system && !current.system);
  if (able.impossible && gains)
    return refuse(able.impossible.reason, able.impossible.message, [...adds.keys()]);
  if (system && !current.system && !able.system)
    return refuse(
      'SystemAssignedNotSupported',
      `expected a resource that can have an identity of its own, got a ${able.type} that cannot; attach a user-assigned identity instead`,
    );
  const kept = [...shown.keys()].filter((key) => !removes.includes(key));
  if (able.maxTotal !== undefined && adds.size > 0 && kept.length + adds.size > able.maxTotal)
    return refuse(
      'TooManyIdentities',
      `expected at most ${able.maxTotal} user-assigned identity on a ${able.type}, got ${adds.size} to attach${thereAre(shown, kept)}`,
      [...adds.keys()],
    );
  const combines = system && kept.length + adds.size > 0;
  // Taking away needs no combined type, whatever is left.
  if (combines && !able.both && gains)
    return refuse(
      'CombinedNotSupported',
      `expected one kind of identity, which is all a ${able.type} can have at once, got a system-assigned identity and ${adds.size} to attach${thereAre(shown, kept)}`,
      [...adds.keys()],
    );
  return undefined;
}

function thereAre(shown: Shown, kept: readonly string[]): string {
  if (kept.length === 0) return '';
  const names = kept.slice(0, 3).map((key) => shown.get(key)?.[0]?.id ?? key);
  const more = kept.length > names.length ? ` and ${kept.length - names.length} more` : '';
  return `, besides ${names.join(', ')}${more} that ${kept.length === 1 ? 'is' : 'are'} there`;
}

/** A PUT names everything anyway: only PATCHes are split. */
function firstPart({ write, maxPerRequest }: HostCapability, change: Change): Change {
  if (write === 'replace') return change;
  const adds = new Map([...change.adds].slice(0, maxPerRequest));
  return { ...change, adds, removes: change.removes.slice(0, Math.max(0, maxPerRequest - adds.size)) };
}

/**
 * `SystemAssigned` alone and `None` drop what is left, so they go out only when this write's own removals leave nothing
 * (docs/guarantees.md mistakes 1 and 3). Without entries to name there is no map: an empty one beside `UserAssigned` is
 * refused (`MissingIdentityIds`), and unnamed identities stay.
 */
function bodyOf(
  able: HostCapability,
  shown: Shown,
  { adds, removes, system }: Change,
  left: number,
): IdentityBody {
  const type = typeOf(able, system, left > 0);
  if (left === 0) return removes.length > 0 && system ? { type, userAssignedIdentities: null } : { type };
  const entries: [string, Record<string, never> | null][] = [...adds.values()].map((id) => [id, {}]);
  // Azure wants its own spelling back, all of them if it shows one identity twice.
  for (const key of removes) for (const { id } of shown.get(key) ?? []) entries.push([id, null]);
  return entries.length === 0 ? { type } : { type, userAssignedIdentities: Object.fromEntries(entries) };
}

function typeOf({ combined }: HostCapability, system: boolean, user: boolean): string {
  if (system) return user ? (combined ?? 'SystemAssigned, UserAssigned') : 'SystemAssigned';
  return user ? 'UserAssigned' : 'None';
}

function byKey(entries: readonly AttachedIdentity[]): Shown {
  const found = new Map<string, AttachedIdentity[]>();
  for (const entry of entries) found.set(entry.key, [...(found.get(entry.key) ?? []), entry]);
  return found;
}

/** Azure shows no principal for one that was deleted or made again (docs/azure-facts.md section 6). */
function isDead({ principalId }: AttachedIdentity): boolean {
  return principalId === undefined;
}
