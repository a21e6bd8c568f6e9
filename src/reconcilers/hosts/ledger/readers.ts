import type { HostIdentity, LedgerEntry, LedgerSystem } from '../../../api/host-identity.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { StoreChange } from '../../../kube/informer/store.ts';
import type { KubeObject, ObjectKey } from '../../../kube/types.ts';
import { INDEX, type Stores } from '../../stores.ts';
import { isCrowded } from './owners.ts';

/** Who reads a host's ledger, and whose host it is: the two directions between hosts and those who have a say there. */

/**
 * The objects of one kind that read a host's ledger: the owners of what changed in it; all of them, and whoever names the
 * host, when the host as a whole stands otherwise. A host of many would else enqueue all of them at each of its writes.
 */
export function readersOf(
  kind: 'IdentityAttachment' | 'SystemAssignedIdentity',
  { old, new: next }: Pick<StoreChange<HostIdentity>, 'old' | 'new'>,
  objects: { keysByIndex(index: string, value: string): readonly ObjectKey[] },
): ReadonlySet<ObjectKey> {
  const readers = new Set<ObjectKey>();
  let all = wholeOf(old) !== wholeOf(next);
  const [before, after] = [linesOf(old), linesOf(next)];
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

/** The hosts an object names, and those in whose ledger it stands. */
export function hostsOf(
  object: KubeObject | undefined,
  resourceId: string | undefined,
  { hosts }: Pick<Stores, 'hosts'>,
): readonly ObjectKey[] {
  if (!object) return [];
  const named = resourceId === undefined ? [] : hosts.keysByIndex(INDEX.host, armKey(resourceId));
  return [...hosts.keysByIndex(INDEX.ledgerOwner, object.metadata.uid), ...named];
}

/** The ledger's lines by identity. */
function linesOf(host: HostIdentity | undefined): ReadonlyMap<string, LedgerEntry | LedgerSystem> {
  const { entries = [], systemAssigned } = host?.status ?? {};
  return new Map<string, LedgerEntry | LedgerSystem>([
    ...entries.map((entry) => [armKey(entry.identityId), entry] as const),
    ...(systemAssigned ? [['system', systemAssigned] as const] : []),
  ]);
}

/** How a host stands for all who have a say there; undefined: there is none. */
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
