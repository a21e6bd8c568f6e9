import type { SignInSummaries } from '../../azure/graph/graph.ts';
import { type PollFailure, type PollTiming, poll } from '../../azure/polling.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Stores } from '../stores.ts';
import type { LastSignIns, SignInTarget } from './last-sign-ins.ts';

/** One question an hour for the whole tenant. */
const TIMING: PollTiming = {
  everyMs: 3_600_000,
  firstMs: 120_000,
  retryMs: 60_000,
  refusedMs: 3_600_000,
};

/** Graph says so where the directory has no licence for its logs. */
const NO_LICENCE = 'authentication_requestfromnonpremiumtenantorb2ctenant';

export interface SignInMetrics {
  /** The sign-ins could not be read; `MissingPermission`, `MissingLicence`, or as in conditions. */
  failed(reason: string): void;
  /** Sets the function that returns how long ago they were last read, ms; undefined: never. */
  age(source: () => number | undefined): void;
}

interface SignInPollerOptions {
  readonly summaries: Pick<SignInSummaries, 'pages'>;
  readonly signIns: LastSignIns;
  readonly stores: Pick<Stores, 'identities' | 'systemIdentities'>;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: SignInMetrics;
}

/** Asks the directory hourly when identities last signed in, from now until it is disposed. Nothing else rests on it. */
export class SignInPoller implements AsyncDisposable {
  readonly #options: SignInPollerOptions;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #readAt: number | undefined;
  #reported: string | undefined;

  constructor(options: SignInPollerOptions) {
    this.#options = options;
    const { clock, random, metrics } = options;
    metrics.age(() => (this.#readAt === undefined ? undefined : clock.monotonic() - this.#readAt));
    const [onRead, onFailure] = [() => this.#worked(), (failure: PollFailure) => this.#failed(failure)];
    const read = (signal: AbortSignal) => this.#read(signal);
    this.#ended = poll({ clock, random, timing: TIMING, read, onRead, onFailure }, this.#stop.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('azid is stopping'));
    await this.#ended;
  }

  #read(signal: AbortSignal): Promise<void> {
    const { summaries, signIns, stores, clock } = this.#options;
    return signIns.update(summaries.pages(signal), targetsIn(stores), clock.now());
  }

  #worked(): void {
    this.#readAt = this.#options.clock.monotonic();
    if (this.#reported !== undefined)
      this.#options.log.info({}, 'sign-ins of managed identities are read again');
    this.#reported = undefined;
  }

  #failed({ reason, refused, error }: PollFailure): void {
    const { log, metrics } = this.#options;
    const [named, remedy] = refused ? explained(reason, error.code) : [reason, undefined];
    metrics.failed(named);
    if (this.#reported === named) return;
    this.#reported = named;
    const fields = { reason: named, error, ...(remedy !== undefined && { remedy }) };
    log.warn(fields, 'sign-ins of managed identities cannot be read; status.lastSignIn stays as it is');
  }
}

/** What Graph refuses for, and what helps. */
function explained(reason: string, code = ''): readonly [reason: string, remedy: string | undefined] {
  if (code.toLowerCase() === NO_LICENCE)
    return [
      'MissingLicence',
      'the directory has no licence for its sign-in logs (Microsoft Entra ID P1 or P2); leave --sign-ins out',
    ];
  if (reason === 'Forbidden' || reason === 'AuthorizationFailed')
    return [
      'MissingPermission',
      'give azid’s identity the application permission AuditLog.Read.All of Microsoft Graph (docs/guides/run-on-azure.md), or leave --sign-ins out',
    ];
  return [reason, undefined];
}

function targetsIn({ identities, systemIdentities }: SignInPollerOptions['stores']): readonly SignInTarget[] {
  const of = (kind: SignInTarget['kind'], store: typeof identities | typeof systemIdentities) =>
    store.values().map(({ metadata: { namespace, name, uid }, status }): SignInTarget => {
      return {
        kind,
        key: `${namespace}/${name}`,
        uid,
        id: status?.id,
        principalId: status?.principalId,
        shown: status?.lastSignIn,
      };
    });
  return [...of('UserAssignedIdentity', identities), ...of('SystemAssignedIdentity', systemIdentities)];
}
