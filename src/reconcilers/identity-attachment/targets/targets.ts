import type { LedgerEntry } from '../../../api/host-identity.ts';
import type { AttachmentTarget } from '../../../api/identity-attachment.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { NamespacePolicy } from '../../../policy/evaluate.ts';
import type { Verdict } from '../../../policy/verdict.ts';
import { cut } from '../../../runtime/status/message.ts';
import { FOUND_ANEW } from '../../hosts/claims/slots.ts';
import { attachmentAsked, selectorScope } from '../../hosts/claims/spec.ts';
import { CONTESTED, IDENTITY_NOT_FOUND, IDENTITY_RECYCLED, TAKEN_AWAY } from '../../hosts/ledger/problems.ts';
import type { Facts, IdentityAttachment, ObservedHost } from '../facts.ts';
import { detaching, isKept, kept, type Target } from './target.ts';

/** The status of each host for the object: for its own status, and for the rollout. */

export interface Targets {
  readonly all: readonly Target[];
  /**
   * The selector covers more than any policy allows. It follows from the selector alone, never from the
   * resources that exist: a team must not learn from its own object whether resources of other teams have a tag.
   */
  readonly tooWide: boolean;
}

/** For a resource that has to wait for its slot and will be restarted. */
export const RESTARTS = 'RestartsOnAttach';

/** Neither failed nor under way: what the host waits for before it goes on by itself. */
const NOT_FAILED: Readonly<Record<string, Target['state']>> = {
  [IDENTITY_NOT_FOUND]: 'Waiting',
  // For its slot.
  [IDENTITY_RECYCLED]: 'Pending',
  [TAKEN_AWAY]: 'Pending',
  [CONTESTED]: 'Attaching',
};

export function targetsOf(object: IdentityAttachment, facts: Facts, policy: NamespacePolicy): Targets {
  const all: Target[] = [];
  const before = failuresReported(object);
  for (const host of facts.hosts) {
    const { ledger } = host;
    const mine = ledger?.entry !== undefined || (ledger?.former.length ?? 0) > 0;
    if (host.claim !== 'wanted') {
      if (mine) all.push(isKept(host) ? kept(host) : detaching(host));
      continue;
    }
    const verdict = verdictOn(object, facts, policy, host);
    if (verdict.allowed || mine || !object.spec.target.selector)
      all.push(wanted(host, verdict, facts, before.get(host.key)));
  }
  return { all, tooWide: isTooWide(object, facts, policy) };
}

function isTooWide({ spec }: IdentityAttachment, { type }: Facts, policy: NamespacePolicy): boolean {
  const { selector } = spec.target;
  return (
    selector !== undefined &&
    !policy.coversSelector({ scope: selectorScope(selector), type: type.name, known: type.known })
  );
}

function verdictOn(
  object: IdentityAttachment,
  { identity, type }: Facts,
  policy: NamespacePolicy,
  { id }: ObservedHost,
): Verdict {
  const request = identity.state === 'known' ? identity.request : undefined;
  return policy.allowsAttachment(
    attachmentAsked(object, { hostId: id, type: type.name, known: type.known }, request),
  );
}

function wanted(
  host: ObservedHost,
  verdict: Verdict,
  facts: Facts,
  before: AttachmentTarget | undefined,
): Target {
  const { ledger, id } = host;
  const entry = ledger?.entry;
  const contested = ledger?.contested ?? false;
  const common = {
    host,
    attached: entry?.state === 'Attached',
    contested,
    ...(entry && { since: entry.since }),
  };
  const say = (state: Target['state'], open: boolean, reason?: string, message?: string): Target => ({
    ...common,
    state,
    open,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  });

  if (!verdict.allowed)
    return say('Failed', false, 'PolicyDenied', `${verdict.message}; what stands is kept`);
  if (host.absent) return say('Waiting', false, 'ResourceNotFound', missing(id, facts));
  // Its ledger does not show it yet: the resource was made again, or another tool took the identity off.
  if (entry?.state === 'Attached' && host.lacking && !contested)
    return say(
      'Attaching',
      true,
      'ReadingBack',
      `${id} does not show the identity any more; azid checks why`,
    );
  if (entry?.state === 'Attached') {
    if (ledger && ledger.former.length > 0) {
      const stuck = ledger.former.find(({ problem }) => problem !== undefined)?.problem;
      const still = `still has ${idsOf(ledger.former)}, which it had before`;
      return say('Detaching', true, stuck?.reason, stuck ? `${still}: ${stuck.message}` : still);
    }
    if (contested) return say('Attached', true, CONTESTED, PAUSES);
    if (entry.owned) return say('Attached', true);
    return say('Attached', true, 'ExistsUnmanaged', ledger?.unproven ? UNPROVEN : UNMANAGED);
  }
  const { identity } = facts;
  if (identity.state === 'waiting') return say('Waiting', false, 'IdentityNotReady', identity.message);
  if (identity.deleting)
    return say('Waiting', false, 'IdentityLeaving', `identity ${identity.id} is being deleted`);
  if (entry?.problem) {
    const { reason, message } = entry.problem;
    return say(NOT_FAILED[reason] ?? 'Failed', true, reason, message);
  }
  if (ledger?.stalled) return say('Failed', true, ledger.stalled.reason, ledger.stalled.message);
  if (entry) return say('Attaching', true, ...(contested ? [CONTESTED, PAUSES] : restarting(facts)));
  if (ledger?.waiting !== undefined) return say('Waiting', true, 'DependencyNotReady', ledger.waiting);
  // Without its slot a host forgets why it failed; the failure stays in the status until the next attempt has a
  // result.
  if (before) return { ...say(before.state, true, before.reason, before.message), ...sinceOf(before) };
  return say('Pending', true, ...(host.shown ? [] : restarting(facts)));
}

function missing(id: string, { hosts }: Facts): string {
  const [now] = hosts.filter(({ claim }) => claim === 'moved');
  const where = now ? `: it was moved to ${now.id}; set spec.target.resourceId to that id` : '';
  return `waiting for ${id}, which does not exist${where}`;
}

const PAUSES = 'somebody keeps taking the identity away; azid gives it back with growing pauses';
const UNMANAGED = 'azid did not attach it and never detaches it';
const UNPROVEN =
  'it is attached, but nothing shows any more that azid attached it, so azid never detaches it (the record was lost)';

function restarting({ type }: Facts): [] | [string, string] {
  return type.restarts ? [RESTARTS, `${type.name} restarts when an identity is attached`] : [];
}

/** By key of the host; none after an edit, which may have mended what failed. */
function failuresReported({
  metadata,
  spec,
  status,
}: IdentityAttachment): ReadonlyMap<string, AttachmentTarget> {
  // A resource that is named needs no slot, and its HostIdentity reports its failure.
  if (!spec.target.selector || status?.observedGeneration !== metadata.generation) return new Map();
  return new Map(
    (status?.targets ?? [])
      .filter(
        ({ state, reason = '' }) => (state === 'Failed' || state === 'Waiting') && !FOUND_ANEW.has(reason),
      )
      .map((target) => [armKey(target.resourceId), target] as const),
  );
}

function sinceOf({ lastChange }: AttachmentTarget): { readonly since?: string } {
  return lastChange === undefined ? {} : { since: lastChange };
}

function idsOf(entries: readonly LedgerEntry[]): string {
  return cut(entries.map(({ identityId }) => identityId).join(', '), 800);
}
