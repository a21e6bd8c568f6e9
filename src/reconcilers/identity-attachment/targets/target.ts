import type { LedgerEntry } from '../../../api/host-identity.ts';
import type { AttachmentTarget } from '../../../api/identity-attachment.ts';
import { CONTESTED } from '../../hosts/ledger/problems.ts';
import type { ObservedLedger, SeenHost } from '../facts.ts';

/** How the object stands towards one host. */
export interface Target {
  readonly host: SeenHost;
  readonly state: AttachmentTarget['state'];
  readonly reason?: string;
  readonly message?: string;
  /** Of the ledger's last change. */
  readonly since?: string;
  /** Finished and read back, whatever else there is to report. */
  readonly attached: boolean;
  readonly contested: boolean;
  /** It may be given, or given back, its slot. Else something other than a slot must come first. */
  readonly open: boolean;
}

export function entriesOf(ledger: ObservedLedger | undefined): readonly LedgerEntry[] {
  return [...(ledger?.entry ? [ledger.entry] : []), ...(ledger?.former ?? [])];
}

/** Someone else attached what the entries hold: letting go of it changes nothing in Azure. */
export function isFree(ledger: ObservedLedger | undefined): boolean {
  return entriesOf(ledger).every(({ owned }) => !owned);
}

/** The last attempt to change it came to nothing: others go first. */
export function hasFailed({ state, reason }: Target): boolean {
  if (state === 'Detaching') return reason !== undefined;
  // A host that is paused, since somebody undoes each attempt, holds up no other.
  return state === 'Failed' || state === 'Waiting' || (state === 'Attaching' && reason === CONTESTED);
}
