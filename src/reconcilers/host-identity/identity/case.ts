import type { LedgerOwner } from '../../../api/host-identity.ts';
import type { AttachedIdentity, AzureHost } from '../../../azure/hosts/host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Failure, ReconcileEvent } from '../../decision.ts';
import { type ClaimsByIdentity, mayGive } from '../../hosts/claims/by-identity.ts';
import type { Wants } from '../../hosts/claims/claim.ts';
import { type Line, SYSTEM, withState } from '../../hosts/ledger/lines.ts';
import { withProblem } from '../../hosts/ledger/problems.ts';
import type { Facts, OwnStatus } from '../facts.ts';

/** What one identity's claims, its line in the ledger and the host come to. */

/** What is to be written for one identity; the writes of all make one request. */
export interface Change {
  readonly what: 'add' | 'remove';
  readonly key: string;
  /** ARM id; empty for the resource's own. */
  readonly id: string;
  readonly credential: string;
  /** The line as the ledger must have it before the write begins. */
  readonly intent: Line;
  /** Azure shows it there: it is removed to be added anew. */
  readonly recycled?: boolean;
  /** Keys that must be there, or be added by the same write. */
  readonly after?: readonly string[];
  /** It failed before: tried in a write of its own, so that it fails alone. */
  readonly alone: boolean;
  /** Some object lets the whole resource be put back. */
  readonly replaceAllowed: boolean;
  /** For the Event: for whom, under which policy. */
  readonly why: string;
}

export interface CaseDecision {
  /** What the ledger has of it when nothing is written; absent: nothing. */
  readonly line?: Line | undefined;
  readonly change?: Change;
  readonly events?: readonly ReconcileEvent[];
  /** Azure accepted a write and need not show it yet, or a write may still take effect. */
  readonly pending?: boolean;
  /** It stays, as this object may want it, which is not known yet. */
  readonly awaited?: LedgerOwner;
  /** It could not be read, for now. */
  readonly failure?: Failure;
}

/** What is decided of one identity: all that is known of it. */
export interface Case {
  readonly key: string;
  /** What the ledger has of it. */
  readonly line: Line | undefined;
  readonly wants: readonly Wants[];
  readonly shown: Shown | undefined;
  readonly facts: Facts;
  readonly host: AzureHost;
  readonly claims: ClaimsByIdentity;
  readonly recycled: Recycled;
  /** Azure is done with what it does to the resource, or has shown no progress for too long. */
  readonly settled: boolean;
  /** Azure is, or may be, at work on the resource, for whomever and however long: an entry without ids is not dead. */
  readonly atWork: boolean;
  /** Where the resource names it outside of its identities; none of a read that is not of now. */
  readonly uses: readonly string[];
}

interface Shown {
  readonly id: string;
  readonly principalId?: string | undefined;
}

/** As the host has it; of one identity in two spellings the one that lives. */
export function shownOn({ identity }: AzureHost, key: string): Shown | undefined {
  if (key === SYSTEM) return identity.system ? { id: '', principalId: identity.principalId } : undefined;
  const found = identity.userAssigned.filter((each) => each.key === key);
  const alive: AttachedIdentity | undefined = found.find(({ principalId }) => principalId !== undefined);
  return alive ?? found[0];
}

/** ARM id: in the spelling of the host, else of the ledger, else as wished. */
export function idOf({ key, shown, line, wants }: Case): string {
  if (key === SYSTEM) return '';
  const [wish] = wants.flatMap(({ what }) => (what === 'system' ? [] : [what.identityId]));
  return shown?.id ?? line?.identityId ?? wish ?? key;
}

/**
 * azid attached what is there. On a resource that was made again, what is there without a write of azid was put there
 * with the new resource.
 */
export function isOwned({ line, recycled }: Pick<Case, 'line' | 'recycled'>): boolean {
  const begun = line?.state === 'Attaching' || line?.state === 'Detaching';
  return line?.owned === true && (recycled !== 'instance' || begun);
}

/**
 * Some object may have what is there taken over: from then on it goes with its objects, and is azid's to renew. Where that
 * means to put the whole resource back, they must allow it.
 */
export function isTakenOver({ wants, facts }: Pick<Case, 'wants' | 'facts'>): boolean {
  const mayReplace = facts.capability?.write !== 'replace';
  return wants.some((each) => each.adopt && mayGive(each) && (mayReplace || each.allowReplace));
}

/** It is azid's own identity, as far as that is known. */
export function isSelf({ key, shown, facts, wants }: Case): boolean {
  const { self } = facts;
  if (!self) return false;
  const observed = facts.identities.get(key);
  const principals = [
    shown?.principalId,
    observed?.state === 'present' ? observed.principalId : undefined,
    ...wants.map(({ what }) => (what === 'system' ? undefined : what.principalId)),
  ];
  return principals.some((each) => each?.toLowerCase() === self.principalId.toLowerCase());
}

/** Who it is for, and what allows it. */
export function whyOf(wants: readonly Wants[]): string {
  const names = wants.slice(0, 3).map(({ owner }) => `${owner.kind} ${owner.namespace}/${owner.name}`);
  const more = wants.length > names.length ? ` and ${wants.length - names.length} more` : '';
  const policies = new Set(wants.flatMap(({ verdict }) => (verdict.allowed ? verdict.policy : [])));
  return `for ${names.join(', ')}${more}, under policy ${[...policies].join(', ')}`;
}

export function nameInEvents({ key }: Pick<Case, 'key'>, id: string): string {
  return key === SYSTEM ? 'the system-assigned identity' : `identity ${id === '' ? armKey(key) : id}`;
}

/**
 * By what the resource is known to be another one than the ledger was written for: its `instance`, or, where it has
 * none, only the principal of its own identity, which changes as well when that is switched off and on.
 */
type Recycled = 'instance' | 'principal' | false;

export function recycledSince({ instance, systemAssigned }: OwnStatus, host: AzureHost): Recycled {
  if (instance !== undefined && host.instance !== undefined)
    return instance === host.instance ? false : 'instance';
  const [before, now] = [systemAssigned?.principalId, host.identity.principalId];
  if (before === undefined || now === undefined) return false;
  return before.toLowerCase() === now.toLowerCase() ? false : 'principal';
}

export function recycledEvent({ id }: AzureHost): ReconcileEvent {
  return {
    type: 'Warning',
    reason: 'HostRecycled',
    action: 'Observe',
    message: `${id} was deleted and made again: what is wanted of it is attached anew`,
    drift: { id, how: 'removed' },
  };
}

/** An identity that azid could not read is in no write: a dead one would fail the whole. */
export function unreadable(base: Line, failure: Failure, id: string, now: number): CaseDecision {
  if (failure.kind !== 'stalled') return { line: base, failure };
  const refused = base.state === 'Attached' ? base : withState(base, 'Refused', now);
  const message = `identity ${id} cannot be read: ${failure.message}`;
  return { line: withProblem(refused, { reason: failure.reason, message }, now) };
}
