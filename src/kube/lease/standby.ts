/** A candidate that waits for the Lease: what it logs, and what it reads while the Lease of a silent leader runs out. */
import type { Log } from '../../runtime/log.ts';
import type { ObservedLease } from './lease-record.ts';

export interface Trouble {
  readonly reason: string;
  readonly status: number | undefined;
}

/**
 * A follower does nothing else that shows, so it logs what it waits for, once and whenever that changes: who leads, or
 * why the Lease cannot be had.
 */
export class WaitingReport {
  readonly #options: { readonly identity: string; readonly lease: string; readonly log: Log };
  #reported = '';

  constructor(options: { readonly identity: string; readonly lease: string; readonly log: Log }) {
    this.#options = options;
  }

  report(holder: string, trouble: Trouble | undefined): void {
    const { identity, lease, log } = this.#options;
    const found = trouble ? `${trouble.status} ${trouble.reason}` : holder;
    if (found === this.#reported || found === '' || (!trouble && found === identity)) return;
    this.#reported = found;
    if (trouble)
      log.warn(
        { identity, lease, ...trouble },
        'standing by: the lease can be neither read nor taken; check that azid may get, create, update and watch it',
      );
    else log.info({ identity, lease, holder: found }, 'standing by: another process leads');
  }
}

/**
 * The last seconds of a Lease whose holder has given up by its own deadline and which no process may take yet. A process that reads then
 * reads what no leader changes any more, as after taking it; if the Lease was taken in the very version that was read then, no process led in between.
 */
export class RunningOut {
  readonly #observed: Pick<ObservedLease, 'version' | 'silentAt' | 'expiresAt' | 'heldByAnother'>;
  readonly #onBegun: (over: AbortSignal) => void;
  #begun: { readonly version: string; readonly over: AbortController } | undefined;
  #taken = false;

  constructor(
    observed: Pick<ObservedLease, 'version' | 'silentAt' | 'expiresAt' | 'heldByAnother'>,
    onBegun: (over: AbortSignal) => void,
  ) {
    this.#observed = observed;
    this.#onBegun = onBegun;
  }

  /** After the Lease was read, and is another's. @param nowMs monotonic */
  begin(identity: string, nowMs: number): void {
    const { version, silentAt, expiresAt } = this.#observed;
    if (this.#begun || version === undefined || silentAt === undefined || silentAt >= expiresAt) return;
    if (nowMs < silentAt || !this.#observed.heldByAnother(identity, nowMs)) return;
    this.#begun = { version, over: new AbortController() };
    this.#onBegun(this.#begun.over.signal);
  }

  /** The Lease may be another one now. */
  check(): void {
    if (this.#begun && this.#begun.version !== this.#observed.version) this.#end();
  }

  /** This process has it, and wrote it over this version. */
  taken(version: string | undefined): void {
    this.#taken = true;
    if (this.#begun?.version !== version) this.#end();
  }

  /** The wait for the Lease is over. */
  close(leads: boolean): void {
    if (!leads || !this.#taken) this.#end();
  }

  #end(): void {
    this.#begun?.over.abort(new Error('the leader is there again, or another one'));
    this.#begun = undefined;
  }
}
