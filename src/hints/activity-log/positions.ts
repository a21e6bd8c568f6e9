import { MANAGED_BY, MANAGED_BY_LABEL } from '../../api/schema/common.ts';
import { configMaps } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { isPossible, MARGIN_MS } from './position.ts';

/** Between two writes. What was read since the last one is read again after a crash. */
const SAVE_MS = 10 * 60_000;
/** Before a write: the queries of all subscriptions come to share it. */
const SHARED_MS = 60_000;
/**
 * Where nothing happens a position follows the clock alone. After a restart a range that begins a week earlier is as empty, so an idle
 * azid writes nothing but this.
 */
const IDLE_MS = 7 * 24 * 3_600_000;

/** Older than what Azure keeps: of a subscription that was in use once. */
const FORGOTTEN_MS = 90 * 24 * 3_600_000;

/** `undefined`: the key is to go. */
type Change = readonly [key: string, upTo: number | undefined];

const KEY = /^([0-9a-f-]{36})\.(Microsoft\.\w+)$/;

interface PositionsOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'mergePatch'>;
  readonly namespace: string;
  /** Of the ConfigMap. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * How far each query came, in a ConfigMap of azid's own namespace, so that a process that was away for hours reads what it missed.
 * Nothing rests on it but which records are read again: an edit of it costs reads, or hints that the next list makes
 * up for.
 */
export class Positions {
  readonly #options: PositionsOptions;
  readonly #upTo = new Map<string, number>();
  /** As the ConfigMap has them. */
  readonly #kept = new Map<string, number>();
  /** In the ConfigMap, and of no subscription in use any more. */
  readonly #ended = new Set<string>();
  #timer: Disposable | undefined;
  #savedAt: number | undefined;
  #saving: Promise<void> | undefined;

  constructor(options: PositionsOptions) {
    this.#options = options;
  }

  /** What cannot be read is not known; nothing waits for it. */
  async load(): Promise<void> {
    const { client, clock, log, signal } = this.#options;
    try {
      const { data = {} } = await client.get(configMaps, this.#key, signal);
      for (const [key, text] of Object.entries(data)) {
        const upTo = Date.parse(text);
        if (!KEY.test(key) || !isPossible(upTo, clock.now())) continue;
        this.#kept.set(key, upTo);
        if (upTo > clock.now() - FORGOTTEN_MS) this.#upTo.set(key, upTo);
        else this.#ended.add(key);
      }
    } catch (error) {
      if (signal.aborted || isNotFound(error)) return;
      log.warn(
        { configMap: this.#key, error },
        'how far the Activity Log was read is not known; the last day is read',
      );
    }
  }

  of(subscriptionId: string, provider: string) {
    const key = `${subscriptionId}.${provider}`;
    return {
      get: () => this.#upTo.get(key),
      set: (upTo: number) => {
        this.#upTo.set(key, upTo);
        this.#ended.delete(key);
        this.#plan();
      },
    };
  }

  /** The subscription is not in use any more: its next user has its lists read anew. */
  end(subscriptionId: string): void {
    for (const key of this.#upTo.keys()) {
      if (!key.startsWith(`${subscriptionId}.`)) continue;
      this.#upTo.delete(key);
      if (this.#kept.has(key)) this.#ended.add(key);
    }
    this.#plan();
  }

  /** Waits for a write under way, whose signal must have fired. */
  async stop(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#saving;
  }

  #plan(): void {
    const { clock, signal } = this.#options;
    if (this.#timer || this.#saving || signal.aborted || this.#changes().length === 0) return;
    const now = clock.monotonic();
    const at = Math.max(now + SHARED_MS, (this.#savedAt ?? Number.NEGATIVE_INFINITY) + SAVE_MS);
    this.#timer = clock.timer(at - now, () => {
      this.#timer = undefined;
      this.#saving = this.#save().finally(() => {
        this.#saving = undefined;
      });
    });
  }

  #changes(): readonly Change[] {
    const now = this.#options.clock.now();
    const moved = [...this.#upTo].filter(([key, upTo]) => {
      const kept = this.#kept.get(key);
      const idle = upTo <= now - MARGIN_MS;
      return kept === undefined || upTo > kept + (idle ? IDLE_MS : 0);
    });
    return [...moved, ...[...this.#ended].map((key) => [key, undefined] as const)];
  }

  async #save(): Promise<void> {
    const { clock, log, signal } = this.#options;
    this.#savedAt = clock.monotonic();
    const changes = this.#changes();
    if (changes.length === 0) return;
    try {
      await this.#write(changes);
      for (const [key, upTo] of changes) {
        if (upTo !== undefined) this.#kept.set(key, upTo);
        else if (this.#ended.delete(key)) this.#kept.delete(key);
      }
    } catch (error) {
      // The next read plans the next try.
      if (!signal.aborted)
        log.warn({ configMap: this.#key, error }, 'how far the Activity Log was read cannot be kept');
    }
  }

  /** Of single keys, so that nothing else in it is overwritten. */
  async #write(changes: readonly Change[]): Promise<void> {
    const { client, namespace, name, signal } = this.#options;
    const labels = { [MANAGED_BY_LABEL]: MANAGED_BY };
    const text = (upTo: number | undefined) => (upTo === undefined ? null : new Date(upTo).toISOString());
    const data = Object.fromEntries(changes.map(([key, upTo]) => [key, text(upTo)]));
    try {
      await client.mergePatch(configMaps, this.#key, { metadata: { labels }, data }, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const kept = Object.fromEntries(
        [...this.#upTo].map(([key, upTo]) => [key, new Date(upTo).toISOString()]),
      );
      const metadata = { namespace, name, labels };
      await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: kept }, signal);
    }
  }

  get #key(): string {
    return `${this.#options.namespace}/${this.#options.name}`;
  }
}
