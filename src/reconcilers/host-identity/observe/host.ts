import type { Hosts } from '../../../azure/hosts/hosts.ts';
import { areaOfHost } from '../../../cache/hosts/area.ts';
import type { HostCache } from '../../../cache/hosts/hosts.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { LateWrites } from '../../own-writes.ts';
import { failureOf } from '../../status/failure.ts';
import type { HostIdentity, ObservedHost, WriteWindow } from '../facts.ts';
import type { HostMemory } from '../write/memory.ts';

/** A host as the cache holds it, or as Azure says now. */

export interface ObservedDeps {
  readonly hosts: Pick<Hosts, 'get'>;
  readonly hostCache: Pick<HostCache, 'observe' | 'loading'>;
  readonly clock: Clock;
  readonly memory: HostMemory;
  readonly azureLagMs: number;
  readonly lateWrites: Pick<LateWrites, 'openMs'>;
}

/** From the cache; undefined where only Azure can answer. */
export function cachedHost(
  { spec: { resourceId } }: HostIdentity,
  { priority }: ReconcileContext,
  { hostCache }: ObservedDeps,
): ObservedHost | undefined {
  const seen = hostCache.observe(resourceId);
  switch (seen.state) {
    case 'present':
      return { state: 'present', host: seen.resource, live: false };
    case 'absent':
      return { state: 'absent', live: false, conclusive: true, conclusiveInMs: 0 };
    case 'suspectAbsent':
      return undefined;
    case 'unknown':
      // At start-up the list brings hundreds at once; only what somebody waits for is read alone.
      return priority === 'resync' && hostCache.loading(areaOfHost(resourceId))
        ? { state: 'loading' }
        : undefined;
  }
}

export async function liveHost(
  { spec: { resourceId } }: HostIdentity,
  apiVersion: string | undefined,
  { openMs }: WriteWindow,
  context: ReconcileContext,
  { hosts, hostCache, azureLagMs }: ObservedDeps,
): Promise<ObservedHost> {
  try {
    const got = await hosts.get(resourceId, context, { apiVersion });
    if (got.found) return { state: 'present', host: got.host, live: true, model: got.model };
    // Within the lag of an own write the cache does not take a 404 for proof; and a late PUT makes the resource again.
    const proven = hostCache.observe(resourceId).state === 'absent';
    const conclusiveInMs = proven ? openMs : Math.max(openMs, azureLagMs);
    return { state: 'absent', live: true, conclusive: conclusiveInMs === 0, conclusiveInMs };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}

/** What the ledger and this process together know of the last write's end. */
export function windowOf(
  { metadata: { uid }, status }: HostIdentity,
  {
    clock,
    memory,
    azureLagMs,
    lateWrites,
  }: Pick<ObservedDeps, 'memory' | 'azureLagMs' | 'lateWrites'> & {
    readonly clock: Pick<Clock, 'monotonic'>;
  },
): WriteWindow {
  const { begun, unclearAt } = memory.of(uid);
  const unclearMs = Math.max(0, unclearAt + azureLagMs - clock.monotonic());
  const at = status?.writeStartedAt;
  if (at === undefined) return { blockedMs: 0, openMs: unclearMs };
  const limitMs = lateWrites.openMs(uid, at);
  if (begun?.at !== at) return { blockedMs: limitMs, openMs: Math.max(limitMs, unclearMs) };
  return { blockedMs: 0, openMs: begun.phase === 'sent' ? Math.max(limitMs, unclearMs) : unclearMs };
}
