import type { LedgerEntry } from '../../../api/host-identity.ts';
import type { AttachmentTarget } from '../../../api/identity-attachment.ts';
import { CONTESTED } from '../../hosts/ledger/problems.ts';
import type { ObservedHost, ObservedLedger } from '../facts.ts';

/** The status of one host for the object, the hosts included that it does not ask for. */
export interface Target {
  readonly host: ObservedHost;
  readonly state: AttachmentTarget['state'];
  readonly reason?: string;
  readonly message?: string;
  /** Of the ledger's last change. */
  readonly since?: string;
  /** Finished and read back, though it may have a reason to report. */
  readonly attached: boolean;
  readonly contested: boolean;
  /** It may be given, or given back, its slot. Else something other than a slot must come first. */
  readonly open: boolean;
}

export function entriesOf(ledger: ObservedLedger | undefined): readonly LedgerEntry[] {
  return [...(ledger?.entry ? [ledger.entry] : []), ...(ledger?.former ?? [])];
}

/** Another tool attached what the entries hold: letting go of it changes nothing in Azure. */
export function isFree(ledger: ObservedLedger | undefined): boolean {
  return entriesOf(ledger).every(({ owned }) => !owned);
}

/** The last attempt to change it came to nothing: others go first. */
export function hasFailed({ state, reason }: Target): boolean {
  if (state === 'Detaching') return reason !== undefined;
  // A host that is paused, since another tool undoes each attempt, holds up no other.
  return state === 'Failed' || state === 'Waiting' || (state === 'Attaching' && reason === CONTESTED);
}

export function isKept({ claim }: ObservedHost): boolean {
  return claim === 'unclear' || claim === 'moved';
}

const notRead = { reason: 'NotRead', message: 'the resource was not read yet; what stands is kept' } as const;

function moved({ id }: ObservedHost) {
  const message = `the resource was moved, and is ${id} now; what azid attached to it stays: name it by this id, or it goes with this object`;
  return { reason: 'ResourceMoved', message } as const;
}

/** Azure does not show now whether the selector still finds it. */
export function kept(host: ObservedHost): Target {
  const { entry } = host.ledger ?? {};
  const common = { host, attached: entry?.state === 'Attached', contested: false, open: false };
  return {
    ...common,
    state: entry?.state === 'Attached' ? 'Attached' : 'Attaching',
    ...(host.claim === 'moved' ? moved(host) : notRead),
    ...(entry && { since: entry.since }),
  };
}

/** It is to be detached: by the identity it has now and those it had. */
export function detaching(host: ObservedHost): Target {
  const { ledger } = host;
  const entries = entriesOf(ledger);
  const failed =
    entries.find(({ problem }) => problem !== undefined)?.problem ?? ledger?.stalled ?? ledger?.unreadable;
  const gone = { reason: 'ResourceNotFound', message: `${host.id} does not exist any more` };
  const failure = host.claim === 'gone' ? gone : failed;
  return {
    host,
    state: 'Detaching',
    attached: ledger?.entry?.state === 'Attached',
    contested: false,
    open: host.claim !== 'gone',
    ...(failure && { reason: failure.reason, message: failure.message }),
    ...(entries[0] && { since: entries[0].since }),
  };
}
