import type { Log } from '../log.ts';

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
