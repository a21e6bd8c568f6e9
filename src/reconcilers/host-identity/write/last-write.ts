import { retryAfterFromText } from '../../../azure/arm/error-text.ts';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { Hosts } from '../../../azure/hosts/hosts.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { Elapsed } from '../../../runtime/time/elapsed.ts';
import { type Line, linesOf, SYSTEM } from '../../hosts/ledger/lines.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { LateWrites } from '../../own-writes.ts';
import { failureOf } from '../../status/failure.ts';
import { ownStatusOf } from '../../status/summary.ts';
import type {
  Accepted,
  Asked,
  HostIdentity,
  ObservedHost,
  ObservedOperation,
  OwnStatus,
  WriteWindow,
} from '../facts.ts';
import { recycledSince, shownOn } from '../identity/case.ts';
import type { HostMemory } from './memory.ts';

/**
 * What became of the last write: the operation by which Azure carries it out, until when it may still take effect, and what
 * Azure took without showing it yet.
 */

export interface PollDeps {
  readonly hosts: Pick<Hosts, 'poll'>;
  readonly clock: Clock;
  readonly elapsed: Pick<Elapsed, 'since'>;
  readonly memory: HostMemory;
}

const FIRST_MS = 2_000;
const LONGEST_MS = 15_000;
/**
 * A VM PATCH takes 16 min at most (docs/azure-facts.md section 7); after an hour nothing is learnt from an operation
 * that still runs.
 */
const ENDLESS_MS = 3_600_000;

/** Asks, when it is due, for the state of the operation in the ledger. Its result is kept in the memory. */
export async function pollOperation(
  object: HostIdentity,
  context: ReconcileContext,
  { hosts, clock, elapsed, memory }: PollDeps,
): Promise<ObservedOperation | undefined> {
  const own = ownStatusOf(object);
  const { uid } = object.metadata;
  const { operation, writeStartedAt } = own;
  if (!operation) return undefined;
  const { url, style, startedAt } = operation;
  const waitMs = dueIn(own, memory.of(uid).poll, clock);
  if (waitMs > 0) return { state: 'running', againMs: waitMs };
  const isEndless = () => elapsed.since(uid, startedAt) > ENDLESS_MS;
  try {
    const state = await hosts.poll({ url, style }, own.hostId ?? object.spec.resourceId, context);
    switch (state.state) {
      case 'running': {
        if (isEndless()) return { state: 'over' };
        const count = memory.of(uid).poll?.count ?? 0;
        const againMs = state.retryAfterMs ?? Math.min(LONGEST_MS, FIRST_MS * 1.5 ** Math.min(count, 10));
        memory.polled(uid, url, clock.monotonic() + againMs);
        return { state: 'running', againMs };
      }
      case 'succeeded':
        memory.end(uid, writeStartedAt);
        memory.accept(uid, askedOf(own, memory.of(uid).running), clock.monotonic());
        return { state: 'over' };
      case 'failed': {
        memory.end(uid, writeStartedAt);
        // As if the write itself had been answered so; only the text holds how long to wait.
        const retryAfterMs = retryAfterFromText(state.message);
        const given = retryAfterMs === undefined ? {} : { retryAfterMs };
        const failure = failureOf(new AzureError({ ...state, ...given, status: 409 }));
        const asked = askedOf(own, memory.of(uid).running);
        if (failure) memory.refuse(uid, { asked, failure }, context.reconcileId, clock.monotonic());
        return { state: 'over' };
      }
      case 'unknown':
        return { state: 'over' };
    }
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    // An operation that azid may not poll is as good as unknown: a read of the host shows the result.
    return failure.kind === 'transient' && !isEndless()
      ? { state: 'unreadable', failure }
      : { state: 'over' };
  }
}

/** In memory rather than in the status: a write for each poll would cost more than one poll too many at a restart. */
function dueIn(
  { operation }: OwnStatus,
  poll: { readonly url: string; readonly dueAt: number } | undefined,
  clock: Clock,
): number {
  if (poll && poll.url === operation?.url) return poll.dueAt - clock.monotonic();
  const given = operation?.nextPollAt;
  return given === undefined ? 0 : Math.min(Date.parse(given) - clock.now(), LONGEST_MS * 4);
}

/** What the write asked for; a new process reads it off the ledger, where each line that the write is about is owned. */
function askedOf(own: OwnStatus, running: Asked | undefined): Asked {
  if (running) return running;
  const lines = [...linesOf(own)].filter(([key, { owned }]) => key !== SYSTEM && owned);
  const keys = (is: (line: Line) => boolean) => lines.filter(([, line]) => is(line)).map(([key]) => key);
  const isRecycled = (line: Line) => line.state === 'Attaching' && line.principalId !== undefined;
  const system = own.systemAssigned?.state;
  return {
    adds: keys((line) => line.state === 'Attaching' && !isRecycled(line)),
    removes: keys((line) => line.state === 'Detaching' || isRecycled(line)),
    system: system === 'Attaching' ? 'on' : system === 'Detaching' ? 'off' : 'keep',
    fresh: [],
  };
}

export interface WindowDeps {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly memory: HostMemory;
  readonly azureLagMs: number;
  readonly lateWrites: Pick<LateWrites, 'openMs'>;
}

/** What the ledger and this process together know of the last write's end. */
export function windowOf(
  { metadata: { uid }, status }: HostIdentity,
  { clock, memory, azureLagMs, lateWrites }: WindowDeps,
): WriteWindow {
  const { begun, unclearAt } = memory.of(uid);
  const unclearMs = Math.max(0, unclearAt + azureLagMs - clock.monotonic());
  const at = status?.writeStartedAt;
  if (at === undefined) return { blockedMs: 0, openMs: unclearMs };
  const limitMs = lateWrites.openMs(uid, at);
  if (begun?.at !== at) return { blockedMs: limitMs, openMs: Math.max(limitMs, unclearMs) };
  return { blockedMs: 0, openMs: begun.phase === 'sent' ? Math.max(limitMs, unclearMs) : unclearMs };
}

/**
 * What Azure took is remembered until a read shows it, or shows that the resource is another one or gone: a later change is
 * not of that write.
 */
export function readBack(object: HostIdentity, observed: ObservedHost | undefined, memory: HostMemory): void {
  const { uid } = object.metadata;
  if (observed?.state === 'absent' && observed.conclusive) memory.forgetAccepted(uid);
  if (observed?.state !== 'present' || !observed.live) return;
  const { host } = observed;
  if (recycledSince(ownStatusOf(object), host)) memory.forgetAccepted(uid);
  for (const [key, { wanted }] of memory.of(uid).accepted) {
    const shown = shownOn(host, key);
    if (wanted === 'present' ? shown?.principalId !== undefined : shown === undefined)
      memory.forgetAccepted(uid, key);
  }
}

/** As times of this reconcile: what passed since is counted by the monotonic clock, since the wall clock may have been set. */
export function acceptedUntil(
  accepted: ReadonlyMap<string, Omit<Accepted, 'until'>>,
  now: number,
  { clock, azureLagMs }: Pick<WindowDeps, 'clock' | 'azureLagMs'>,
): ReadonlyMap<string, Accepted> {
  const monotonic = clock.monotonic();
  return new Map(
    [...accepted].map(([key, { wanted, at: acceptedAt }]) => {
      const at = now - (monotonic - acceptedAt);
      return [key, { wanted, at, until: at + azureLagMs }];
    }),
  );
}
