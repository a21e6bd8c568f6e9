import { hasPendingEdit, isReconcileRequested } from '../../../api/schema/common.ts';
import { sharedContext } from '../../../azure/arm/arm-calls.ts';
import type { Identities } from '../../../azure/identities.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { SingleFlight } from '../../../cache/calls/single-flight.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { ReconcileContext } from '../../kind.ts';
import { failureOf } from '../../status/failure.ts';
import { ownStatusOf } from '../../status/summary.ts';
import type { Facts, HostDecision, HostIdentity, ObservedHost, ObservedIdentity } from '../facts.ts';
import { sameStatus } from '../status.ts';

/** What Azure itself is asked before a write: the resource, then each identity that the write names. */

/** The resource itself, among what is to be read live; all else are the ids of identities that a write names. */
export const HOST = 'host';

/** The resource first: only it shows which identities a write would name. */
export function needsLive(object: HostIdentity, facts: Facts, decision: HostDecision): readonly string[] {
  const { problem, started, deleted, operation, host, capability } = facts;
  if (problem !== undefined || started || deleted) return [];
  if (operation && operation.state !== 'over') return [];
  // No object wants anything of it, and nothing of it is azid's: Azure need not be asked.
  if (decision.actions.some(({ type }) => type === 'deleteSelf')) return [];
  if (!isLive(host)) {
    // A write that waits for its batch is observed live when it goes; only a requested reconcile is observed live at
    // once.
    const isEdit = hasPendingEdit(object) && (!decision.isHeld || isReconcileRequested(object));
    if (host?.state === 'loading' && !isEdit) return [];
    // A type of which nothing is known cannot be read either.
    if (capability && (host === undefined || isEdit || restsOnIt(object, decision))) return [HOST];
  }
  return decision.actions
    .flatMap((action) => (action.type === 'writeIdentity' ? action.checks : []))
    .filter((id) => !isLiveIdentity(facts.identities.get(armKey(id))));
}

/** A write, a line that ends, an Event: all rest on what Azure itself answered just now. */
function restsOnIt(object: HostIdentity, { actions, status, restsOnHost = false }: HostDecision): boolean {
  return restsOnHost || actions.length > 0 || !sameStatus(status, ownStatusOf(object));
}

function isLive(observed: ObservedHost | undefined): boolean {
  return (
    observed?.state === 'unreadable' ||
    ((observed?.state === 'present' || observed?.state === 'absent') && observed.live)
  );
}

export function isLiveIdentity(observed: ObservedIdentity | undefined): boolean {
  return observed !== undefined && (observed.state !== 'present' || observed.live);
}

export interface IdentityDeps {
  readonly identities: Pick<Identities, 'get'>;
  readonly identityCache: Pick<IdentityCache, 'observe'>;
  readonly clock: Clock;
}

/** A read that is younger will do: Azure allows one every two seconds for each identity (docs/azure-facts.md section 9). */
const FRESH_MS = 60_000;

/**
 * Identities that are about to be attached: each is read before a write names it, since one that is gone fails the whole
 * (docs/guarantees.md mistake 13). Hundreds of hosts may ask for the same one at once: they share a read.
 */
export class ObservedIdentities {
  readonly #deps: IdentityDeps;
  readonly #reads = new SingleFlight<ObservedIdentity>();

  constructor(deps: IdentityDeps) {
    this.#deps = deps;
  }

  /** From memory; what is not there is nothing to go by. */
  cached(id: string): ObservedIdentity | undefined {
    const seen = this.#deps.identityCache.observe(id);
    if (seen.state !== 'present' || seen.resource.principalId === '') return undefined;
    return { state: 'present', principalId: seen.resource.principalId, live: false };
  }

  /** @param since monotonic ms: what was read before is not to be trusted any more */
  async live(id: string, since: number, context: ReconcileContext): Promise<ObservedIdentity> {
    const { identityCache, clock } = this.#deps;
    const seen = identityCache.observe(id);
    if (seen.state === 'present' && seen.how !== 'list') {
      const { ageMs, resource } = seen;
      if (ageMs <= FRESH_MS && clock.monotonic() - ageMs > since)
        return { state: 'present', principalId: resource.principalId, live: true };
    }
    return this.#reads.join(armKey(id), context, () => this.#read(id, context));
  }

  async #read(id: string, context: ReconcileContext): Promise<ObservedIdentity> {
    const { identities, identityCache } = this.#deps;
    try {
      const got = await identities.get(id, sharedContext(context));
      if (got.found) return { state: 'present', principalId: got.identity.principalId, live: true };
      // Made by azid a moment ago: Azure's answer is older.
      const seen = identityCache.observe(id);
      return seen.state === 'present'
        ? { state: 'present', principalId: seen.resource.principalId, live: true }
        : { state: 'absent' };
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      return { state: 'unreadable', failure };
    }
  }
}
