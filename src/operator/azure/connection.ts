import { CallRefused } from '../../azure/arm/errors.ts';
import type { AzureCaches } from '../../cache/caches.ts';
import { OwnCalls, Self } from '../../hints/hint.ts';
import { SubscriptionArrivals } from '../../hints/subscription-arrivals.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import type { Stores } from '../../reconcilers/stores.ts';
import { backoffMs } from '../../runtime/queue/backoff.ts';
import { sleep } from '../../runtime/time/clock.ts';
import type { Leadership } from '../leader/leadership.ts';
import type { OperatorOptions } from '../options.ts';
import { cachesOf } from '../services.ts';
import { type ConnectedAzure, connectAzure } from './azure.ts';

interface ConnectionParts {
  readonly options: OperatorOptions;
  readonly metrics: Metrics;
  readonly leadership: Pick<Leadership, 'isLeaderNow'>;
  readonly stores: Stores;
  /** Aborted: nothing leaves the process any more. */
  readonly cut: AbortSignal;
}

/** Azure as this process reaches it, signed in, and the caches of what was read there. Writes are refused while it does not lead. */
export class Connection {
  readonly azure: ConnectedAzure;
  readonly caches: AzureCaches;
  readonly self = new Self();
  readonly ownCalls = new OwnCalls(this.self);
  readonly arrivals: SubscriptionArrivals;
  /** Ends lists and reads that belong to no reconcile. */
  readonly #ended = new AbortController();

  constructor({ options, metrics, leadership, stores, cut }: ConnectionParts) {
    this.arrivals = new SubscriptionArrivals({
      clock: options.clock,
      inUse: () => this.caches.subscriptions.names,
    });
    const connected = connectAzure(options, metrics, {
      beforeWrite: () => {
        if (cut.aborted) throw new CallRefused('WriteRefused', 'this process is stopping');
        if (!leadership.isLeaderNow()) throw new CallRefused('WriteRefused', 'this process no longer leads');
      },
      onWritten: (correlationId, id) => {
        this.ownCalls.note(correlationId, id);
        this.arrivals.wrote(id);
      },
    });
    this.azure = {
      ...connected,
      whoAmI: async () => {
        const self = await connected.whoAmI();
        this.self.identify(self);
        return self;
      },
    };
    const { signal } = this;
    void untilKnown(this.azure.whoAmI, options, signal);
    this.caches = cachesOf(options, this.azure, stores, signal);
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Rejects lists and reads that are awaited. */
  end(): void {
    this.#ended.abort(new Error('azid is stopping'));
  }

  /** Ends them, and waits for what is under way. */
  async stop(): Promise<void> {
    this.end();
    await this.caches.stop();
  }
}

const WAIT = { baseMs: 1_000, maxMs: 60_000 };

/**
 * Asks Azure for azid's own principal until it answers: until then azid's own calls, where Azure reports them, count as
 * another principal's. Never rejects.
 */
export async function untilKnown(
  whoAmI: () => Promise<unknown>,
  { clock, random, log }: Pick<OperatorOptions, 'clock' | 'random' | 'log'>,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      await whoAmI();
      return;
    } catch (error) {
      log.debug({ error }, 'who azid is in Azure is not known yet');
      await sleep(clock, backoffMs(failures, random, WAIT), signal).catch(() => {});
    }
  }
}
