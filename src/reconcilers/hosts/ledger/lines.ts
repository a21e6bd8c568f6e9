import type { HostIdentity, HostIdentityStatus, LedgerSystem } from '../../../api/host-identity.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { StoreChange } from '../../../kube/informer/store.ts';
import type { KubeObject, ObjectKey } from '../../../kube/types.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import { INDEX, type Stores } from '../../stores.ts';

/** The ledger of a host as lines, one for each identity: whom they name, and which objects a change of them concerns. */

/** Stands for the resource's own identity wherever identities go by key. */
export const SYSTEM = 'system';

/** An entry of the ledger, of a user-assigned identity or, without `identityId`, of the resource's own. */
export type Line = LedgerSystem & { readonly identityId?: string };

/** The ledger by key, the resource's own identity under `SYSTEM`. */
export function linesOf({
  entries = [],
  systemAssigned,
}: Pick<HostIdentityStatus, 'entries' | 'systemAssigned'>): ReadonlyMap<string, Line> {
  const lines = new Map<string, Line>(entries.map((entry) => [armKey(entry.identityId), entry]));
  if (systemAssigned) lines.set(SYSTEM, systemAssigned);
  return lines;
}

/** A line in another state; `since` is when it last changed. */
export function withState(line: Line, state: Line['state'], now: number): Line {
  return line.state === state ? line : { ...line, state, since: timestamp(now) };
}

/** For people: the name of an identity without its place, `system-assigned identity` for the resource's own. */
export function shortName(key: string, line?: Pick<Line, 'identityId'>): string {
  if (key === SYSTEM) return 'the system-assigned identity';
  return (line?.identityId ?? key).split('/').at(-1) ?? key;
}

/**
 * So many objects are named for one identity: a ledger too big for the API server could not be saved, and one namespace
 * with hundreds of equal attachments would stop the host for all others.
 */
export const MAX_OWNERS = 50;

/** The ledger names the object. */
export function isOwner({ owners }: Pick<Line, 'owners'>, uid: string): boolean {
  return owners.some((owner) => owner.uid === uid);
}

/** As many as there is room for are named: others may want it as well. */
export function isCrowded({ owners }: Pick<Line, 'owners'>): boolean {
  return owners.length >= MAX_OWNERS;
}

/**
 * The objects of one kind that read a host's ledger: the owners of what changed in it; all of them, and the objects that name the
 * host, when its status as a whole has changed. A host of many would else enqueue all of them at each of its writes.
 */
export function readersOf(
  kind: 'IdentityAttachment' | 'SystemAssignedIdentity',
  { old, new: next }: Pick<StoreChange<HostIdentity>, 'old' | 'new'>,
  objects: { keysByIndex(index: string, value: string): readonly ObjectKey[] },
): ReadonlySet<ObjectKey> {
  const readers = new Set<ObjectKey>();
  let all = wholeOf(old) !== wholeOf(next);
  const [before, after] = [linesOf(old?.status ?? {}), linesOf(next?.status ?? {})];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const lines = [before.get(key), after.get(key)];
    if (!all && JSON.stringify(lines[0]) === JSON.stringify(lines[1])) continue;
    all ||= lines.some((line) => line !== undefined && isCrowded(line));
    for (const owner of lines.flatMap((line) => line?.owners ?? []))
      if (owner.kind === kind) readers.add(`${owner.namespace}/${owner.name}`);
  }
  const host = next ?? old;
  if (all && host)
    for (const key of objects.keysByIndex(INDEX.host, armKey(host.spec.resourceId))) readers.add(key);
  return readers;
}

/** The hosts an object names, and those whose ledger names it. */
export function hostsOf(
  object: KubeObject | undefined,
  resourceId: string | undefined,
  { hosts }: Pick<Stores, 'hosts'>,
): readonly ObjectKey[] {
  if (!object) return [];
  const named = resourceId === undefined ? [] : hosts.keysByIndex(INDEX.host, armKey(resourceId));
  return [...hosts.keysByIndex(INDEX.ledgerOwner, object.metadata.uid), ...named];
}

/** The status of a host as a whole, as it concerns all its owners; undefined: there is no HostIdentity. */
function wholeOf(host: HostIdentity | undefined): string | undefined {
  if (!host) return undefined;
  const { conditions = [], unproven, hostId } = host.status ?? {};
  const stalled = conditions.some(({ type }) => type === 'Stalled');
  const reported = conditions.map(({ type, status, reason, message }) => [
    type,
    status,
    reason,
    stalled || reason === 'DependencyNotReady' ? message : '',
  ]);
  return JSON.stringify([hostId, unproven, host.metadata.deletionTimestamp, reported]);
}
