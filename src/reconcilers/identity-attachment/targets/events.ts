import { capabilityOf } from '../../../azure/hosts/capabilities.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Drift, ReconcileEvent } from '../../decision.ts';
import type { ObservedAttachedIdentity } from '../../hosts/claims/identity-of.ts';
import type { ObservedHost, ReconcileEvents, ReportedState } from '../facts.ts';
import { named, resources } from '../status.ts';
import { isFree, type Target } from './target.ts';

/**
 * Events of a reconcile: one for each thing that happened, with a count and up to three names, never one for each of
 * 200 hosts. What was reported is kept by the process alone: Events live an hour, and a new process begins with what
 * it finds.
 */
export function reconcileEventsOf(targets: readonly Target[]): ReconcileEvents {
  return new Map(targets.map((target) => [target.host.key, reportedOf(target)]));
}

function reportedOf({ state, contested, reason, host }: Target): ReportedState {
  if (contested) return 'Contested';
  if (reason === 'ResourceNotFound') return 'Gone';
  if (state === 'Attached') return reason === 'ExistsUnmanaged' ? reason : 'Attached';
  // What another tool attached is released, not detached.
  return state === 'Detaching' && host.claim === 'unwanted' && !isFree(host.ledger) ? state : 'other';
}

export function eventsOf(
  targets: readonly Target[],
  before: ReconcileEvents | undefined,
  identity: ObservedAttachedIdentity,
): readonly ReconcileEvent[] {
  if (!before) return [];
  const now = reconcileEventsOf(targets);
  const became = (state: ReportedState, not: readonly ReportedState[] = []) =>
    targets
      .filter(({ host: { key } }) => {
        const was = before.get(key);
        return now.get(key) === state && was !== state && !(was && not.includes(was));
      })
      .map(({ host }) => host);
  const detached = [...before]
    .filter(([key, was]) => was === 'Detaching' && !now.has(key))
    .map(([key]) => ({ id: key }));
  const lost = became('Gone').filter(
    ({ key, type }) => before.get(key) === 'Attached' && !isKnownAgain(type),
  );
  const what = identity.state === 'known' ? `identity ${identity.id}` : 'the identity';
  const attached = became('Attached', ['Contested']);
  const [only, ...more] = attached;
  const part = identity.state === 'known' ? armKey(identity.id) : undefined;
  // Of several, each may have been taken away by another tool: `status.activity` names them.
  const drift: Drift | undefined =
    only && more.length === 0 && part !== undefined
      ? { id: only.id, how: 'written', parts: [part], isRepaired: true }
      : undefined;
  return [
    ...event(attached, 'Normal', 'IdentityAttached', 'Attach', `${what} is attached to`).map((each) =>
      drift ? { ...each, drift } : each,
    ),
    ...event(
      became('ExistsUnmanaged'),
      'Normal',
      'ExistsUnmanaged',
      'Observe',
      `${what} was there before azid, and is left alone, on`,
    ),
    ...event(detached, 'Normal', 'IdentityDetached', 'Detach', 'the identity is detached from'),
    ...event(
      lost,
      'Warning',
      'HostGone',
      'Observe',
      `${what} went with what does not exist any more. Should it have been moved, it is attached there still, and stays: of this type azid cannot see that it is the same:`,
    ),
    ...event(
      became('Contested'),
      'Warning',
      'Contested',
      'Observe',
      `somebody keeps taking ${what} away, and azid gives it back with growing pauses, on`,
    ),
  ];
}

/** Types whose resources azid knows again under another id: see `isUniqueInstance`. */
function isKnownAgain(type: string): boolean {
  return (capabilityOf(type)?.instance ?? []).some((path) => /\.(vmId|uniqueId)$/.test(path));
}

function event(
  hosts: readonly Pick<ObservedHost, 'id'>[],
  type: ReconcileEvent['type'],
  reason: string,
  action: string,
  text: string,
): ReconcileEvent[] {
  if (hosts.length === 0) return [];
  return [{ type, reason, action, message: `${text} ${resources(hosts.length)}: ${named(hosts)}` }];
}
