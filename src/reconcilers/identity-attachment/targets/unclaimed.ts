import type { ObservedLedger, SeenHost } from '../facts.ts';
import { entriesOf, type Target } from './target.ts';

/** A host that is not asked for, or of which Azure does not show now whether it is. */

export function isKept({ claim }: SeenHost): boolean {
  return claim === 'unclear' || claim === 'moved';
}

const notRead = { reason: 'NotRead', message: 'the resource was not read yet; what stands is kept' } as const;

function moved({ id }: SeenHost) {
  const message = `the resource was moved, and is ${id} now; what azid attached to it stays: name it by this id, or it goes with this object`;
  return { reason: 'ResourceMoved', message } as const;
}

/** Azure does not show now whether the selector still finds it. */
export function kept(host: SeenHost, ledger: ObservedLedger | undefined): Target {
  const { entry } = ledger ?? {};
  const common = { host, attached: entry?.state === 'Attached', contested: false, open: false };
  return {
    ...common,
    state: entry?.state === 'Attached' ? 'Attached' : 'Attaching',
    ...(host.claim === 'moved' ? moved(host) : notRead),
    ...(entry && { since: entry.since }),
  };
}

/** It is to be detached: by the identity it has now and those it had. */
export function detaching(host: SeenHost, ledger: ObservedLedger | undefined): Target {
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
