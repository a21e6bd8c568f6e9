import type { HostCapability } from '../../../azure/hosts/capabilities.ts';
import type { AzureHost, IdentityDelta } from '../../../azure/hosts/host.ts';
import { identityDelta } from '../../../azure/hosts/write/delta.ts';
import { hiddenSecrets, replaceBody } from '../../../azure/hosts/write/replace.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import type { ReconcileEvent } from '../../decision.ts';
import { type Line, SYSTEM } from '../../hosts/ledger/lines.ts';
import type { Trouble } from '../../hosts/ledger/problems.ts';
import type { Facts, ObservedHost, WriteIdentity } from '../facts.ts';
import type { Change } from '../identity/case.ts';

/**
 * The next write to a host out of all that is to change: one request for everybody's adds and removes, of one credential,
 * within the limit of its type. What the host cannot have is left out and named; the rest goes through.
 */
export interface WritePlan {
  readonly write?: PlannedWrite;
  /** By key: what the host cannot have. */
  readonly troubles: ReadonlyMap<string, Trouble>;
  /** Nothing at all can be written to this host. */
  readonly refused?: Trouble;
}

interface PlannedWrite {
  readonly delta: Extract<IdentityDelta, { kind: 'write' }>;
  /** What it carries out. */
  readonly changes: readonly Change[];
}

type Present = Extract<ObservedHost, { state: 'present' }>;
type Refused = Extract<IdentityDelta, { kind: 'refused' }>;

export function planWrite(
  changes: readonly Change[],
  { host, model }: Present,
  capability: HostCapability,
  { batchLimit }: Pick<Facts, 'batchLimit'>,
): WritePlan {
  const troubles = new Map<string, Trouble>();
  const hidden = capability.write === 'replace' ? hiddenSecrets(host.type, model ?? {}) : [];
  const able = changes.filter((change) => {
    const trouble = capability.write === 'replace' ? replaceTrouble(change, host, hidden) : undefined;
    if (trouble) troubles.set(change.key, trouble);
    return trouble === undefined;
  });
  for (const group of Map.groupBy(able, ({ credential }) => credential).values()) {
    const healthy = group.filter(({ alone }) => !alone);
    // Those that failed before come last, each in a write of its own.
    const attempts = [
      limited(healthy, batchLimit),
      ...group.filter(({ alone }) => alone).map((each) => [each]),
    ];
    for (const attempt of attempts) {
      const planned = planOne(attempt, host, capability, troubles);
      if ('reason' in planned) return { troubles, refused: planned };
      if (planned.write) return { troubles, write: planned.write };
    }
  }
  return { troubles };
}

/** After a failure that named no identity: fewer adds, and nothing else beside them. */
function limited(changes: readonly Change[], limit: number | undefined): readonly Change[] {
  if (limit === undefined) return changes;
  const adds = changes.filter(({ what }) => what === 'add').slice(0, limit);
  return adds.length > 0 ? adds : changes;
}

function planOne(
  changes: readonly Change[],
  host: AzureHost,
  capability: HostCapability,
  troubles: Map<string, Trouble>,
): { readonly write?: PlannedWrite } | Trouble {
  for (let left = changes; ; ) {
    const now = withoutWaiting(left, host);
    const delta = deltaOf(now, host, capability);
    if (delta.kind === 'none') return {};
    if (delta.kind === 'write') return { write: { delta, changes: carriedOut(now, delta) } };
    const refused = refusedKeys(delta, now);
    if (refused.length === 0) return { reason: delta.reason, message: delta.message };
    const { reason, message } = delta;
    for (const key of refused) troubles.set(key, { reason, message });
    left = now.filter(({ key }) => !refused.includes(key));
  }
}

function deltaOf(changes: readonly Change[], { variant, identity }: AzureHost, capability: HostCapability) {
  const ids = (what: Change['what']) =>
    changes.filter((each) => each.what === what && each.key !== SYSTEM).map(({ id }) => id);
  const own = changes.find(({ key }) => key === SYSTEM);
  const system = own ? (own.what === 'add' ? 'on' : 'off') : 'keep';
  return identityDelta(capability, variant, identity, { add: ids('add'), remove: ids('remove'), system });
}

/** Old goes no earlier than new is there, or comes by the same write. */
function withoutWaiting(changes: readonly Change[], { identity }: AzureHost): readonly Change[] {
  const there = new Set(
    identity.userAssigned.filter(({ principalId }) => principalId !== undefined).map(({ key }) => key),
  );
  for (const { what, key } of changes) if (what === 'add') there.add(key);
  return changes.filter(({ after = [] }) => after.every((key) => there.has(key)));
}

/** The adds of a split write come first, so what goes for their sake may go with any part of it but the first. */
function carriedOut(changes: readonly Change[], delta: PlannedWrite['delta']): readonly Change[] {
  return changes.filter(({ what, key }) => {
    if (key === SYSTEM) return delta.system !== 'keep';
    return (what === 'add' ? delta.adds : delta.removes).includes(key);
  });
}

/** Whom `identityDelta` refuses, before anything is sent; empty: the host as a whole. */
function refusedKeys({ keys, reason }: Refused, changes: readonly Change[]): readonly string[] {
  const named = changes.filter(({ what, key }) => what === 'add' && keys.includes(key)).map(({ key }) => key);
  // Where too many are wanted, those that fit are attached.
  if (named.length > 0) return reason === 'TooManyIdentities' ? named.slice(-1) : named;
  // Without names it is about the resource's own identity, if that is to be switched on.
  return keys.length === 0 && changes.some(({ what, key }) => what === 'add' && key === SYSTEM)
    ? [SYSTEM]
    : [];
}

/** Where only the whole resource can be put back (docs/guarantees.md G16). */
function replaceTrouble(
  { replaceAllowed }: Change,
  { id, type }: AzureHost,
  hidden: readonly string[],
): Trouble | undefined {
  if (!replaceAllowed)
    return {
      reason: 'ReplaceNotAllowed',
      message: `the identities of a ${type} can only be changed by putting the whole resource back; set spec.allowReplace: true if that may be done to ${id}`,
    };
  if (hidden.length === 0) return undefined;
  const names = hidden.slice(0, 3).join(', ');
  const more = hidden.length > 3 ? ` and ${hidden.length - 3} more` : '';
  return {
    reason: 'HiddenSecrets',
    message: `to change its identities ${id} would have to be put back as a whole, and Azure hides ${names}${more}, which would be lost: attach the identity where the resource is deployed`,
  };
}

/** The ledger that must be saved before the write begins (docs/guarantees.md G5). */
export function intended(
  lines: ReadonlyMap<string, Line>,
  { changes }: PlannedWrite,
): ReadonlyMap<string, Line> {
  const next = new Map(lines);
  for (const { key, intent } of changes) next.set(key, intent);
  return next;
}

/** A planned write as an action. */
export function writeOf(
  { delta, changes }: PlannedWrite,
  { host, model = {} }: Present,
  capability: HostCapability,
  lines: ReadonlyMap<string, Line>,
  { now, apiVersion }: Facts,
): WriteIdentity {
  const gains = changes.filter(({ what, recycled = false }) => what === 'add' || recycled);
  const fresh = gains.filter(({ key }) => lines.get(key)?.owned !== true).map(({ key }) => key);
  return {
    type: 'writeIdentity',
    hostId: host.id,
    ...(apiVersion !== undefined && !capability.known && { apiVersion }),
    identity: delta.identity,
    ...(capability.ifMatch && host.etag !== undefined && { ifMatch: host.etag }),
    ...(capability.write === 'replace' && { replace: replaceBody(capability, model, delta.identity) }),
    asked: { adds: delta.adds, removes: delta.removes, system: delta.system, fresh },
    begun: timestamp(now),
    checks: gains.filter(({ key }) => key !== SYSTEM).map(({ id }) => id),
    event: eventOf(changes, host.id),
  };
}

function eventOf(changes: readonly Change[], hostId: string): ReconcileEvent {
  const adds = changes.filter(({ what }) => what === 'add');
  const recycled = changes.filter((each) => each.recycled);
  const removes = changes.filter((each) => each.what === 'remove' && !each.recycled);
  const parts = [
    ['attaches', adds],
    ['renews', recycled],
    ['detaches', removes],
  ] as const;
  const message = parts
    .filter(([, some]) => some.length > 0)
    .map(([text, some]) => {
      const whys = some.slice(0, 3).map(({ why }) => why);
      return `${text} ${whys.join('; ')}${some.length > 3 ? ` and ${some.length - 3} more` : ''}`;
    })
    .join('; ');
  return {
    type: 'Normal',
    reason: reasonOf(adds, recycled, removes),
    action: removes.length === changes.length ? 'Detach' : 'Attach',
    message: `${hostId}: ${message}`,
  };
}

function reasonOf(adds: readonly Change[], recycled: readonly Change[], removes: readonly Change[]): string {
  const kinds = [adds, recycled, removes].filter((some) => some.length > 0);
  if (kinds.length > 1) return 'IdentitiesChanged';
  const isSystem = kinds[0]?.every(({ key }) => key === SYSTEM) ?? false;
  if (recycled.length > 0) return 'IdentityRecycled';
  if (adds.length > 0) return isSystem ? 'SystemIdentityOn' : 'IdentityAttached';
  return isSystem ? 'SystemIdentityOff' : 'IdentityDetached';
}
