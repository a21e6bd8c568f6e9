import type { Log } from '../../runtime/log.ts';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Connection } from '../azure/connection.ts';

interface HeadStartParts {
  /** Signs in to Azure, and begins to list what the objects have there; disposed some time after, when reconciles use what they need. */
  readonly connect: () => { readonly connection: Connection; readonly areas: Disposable };
  /** Lists every kind as it is stored. */
  readonly catchUp: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was read before this process led. */
interface Begun {
  readonly connection: Connection;
  /** Every kind as it is stored. */
  readonly caughtUp: boolean;
}

interface Attempt {
  readonly over: AbortSignal;
  readonly connection: Connection;
  readonly areas: Disposable;
  /** False: it failed. */
  readonly caughtUp: Promise<boolean>;
}

/** By then every object was reconciled once and uses its areas itself. */
const AREAS_KEPT_MS = 15 * 60_000;

/**
 * Reads what a new leader needs while the Lease of one that has given up runs out: no leader writes in these seconds, so what is read
 * is what it would read after taking the Lease. Where the leader comes back it is thrown away. Without writes, and nothing at all is read of
 * Azure while a leader is there (docs/design/2026-11-29-high-availability.md).
 */
export class HeadStart implements AsyncDisposable {
  readonly #parts: HeadStartParts;
  #attempt: Attempt | undefined;
  readonly #ending = new Set<Promise<void>>();
  readonly #kept = new DisposableStack();

  constructor(parts: HeadStartParts) {
    this.#parts = parts;
  }

  /** @param over aborts when what is read counts for nothing */
  begin(over: AbortSignal): void {
    const { connect, catchUp, log } = this.#parts;
    this.#discard();
    log.info({}, 'the leader has fallen silent: reading what is needed to take its place');
    const attempt: Attempt = {
      over,
      ...connect(),
      caughtUp: catchUp(over).then(
        () => true,
        (error) => {
          if (!over.aborted) log.info({ error }, 'not caught up with the API server yet');
          return false;
        },
      ),
    };
    this.#attempt = attempt;
    over.addEventListener('abort', () => this.#discard(attempt), { once: true });
  }

  /** Once this process leads; undefined: nothing was read that counts. */
  async take(signal: AbortSignal): Promise<Begun | undefined> {
    const attempt = this.#attempt;
    if (!attempt) return undefined;
    const caughtUp = await unlessAborted(attempt.caughtUp, signal);
    if (attempt !== this.#attempt) return undefined;
    this.#attempt = undefined;
    const { areas, connection } = attempt;
    const timer = this.#parts.clock.timer(AREAS_KEPT_MS, () => areas[Symbol.dispose]());
    this.#kept.use(timer);
    return { connection, caughtUp };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#discard();
    this.#kept.dispose();
    await Promise.all(this.#ending);
  }

  #discard(attempt = this.#attempt): void {
    if (!attempt || attempt !== this.#attempt) return;
    this.#attempt = undefined;
    const ended: Promise<void> = attempt.connection.stop().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
