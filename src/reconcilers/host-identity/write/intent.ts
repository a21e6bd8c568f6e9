import type { HostCapability } from '../../../azure/hosts/capabilities.ts';
import { replaceBody } from '../../../azure/hosts/write/replace.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import type { ReconcileEvent } from '../../decision.ts';
import { type Line, SYSTEM } from '../../hosts/ledger/lines.ts';
import type { Facts, ObservedHost, WriteIdentity } from '../facts.ts';
import type { Change } from '../identity/case.ts';
import type { PlannedWrite } from './write.ts';

/** A planned write as an action, and the ledger that must be saved before it begins (docs/guarantees.md G5). */

export function intended(
  lines: ReadonlyMap<string, Line>,
  { changes }: PlannedWrite,
): ReadonlyMap<string, Line> {
  const next = new Map(lines);
  for (const { key, intent } of changes) next.set(key, intent);
  return next;
}

export function writeOf(
  { delta, changes }: PlannedWrite,
  { host, model = {} }: Extract<ObservedHost, { state: 'present' }>,
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
  const say = (text: string, some: readonly Change[]) => {
    if (some.length === 0) return [];
    const more = some.length > 3 ? ` and ${some.length - 3} more` : '';
    return [
      `${text} ${some
        .slice(0, 3)
        .map(({ why }) => why)
        .join('; ')}${more}`,
    ];
  };
  const adds = changes.filter(({ what }) => what === 'add');
  const recycled = changes.filter((each) => each.recycled);
  const removes = changes.filter((each) => each.what === 'remove' && !each.recycled);
  const message = [...say('attaches', adds), ...say('renews', recycled), ...say('detaches', removes)].join(
    '; ',
  );
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
