import { versionsOf } from '../catalog/versions.ts';
import type { Foundation } from '../frame.ts';
import type { ArmRequest, Operation } from '../http/operation.ts';
import { ArmError } from '../http/operation.ts';

/** Seconds ARM tells clients to wait between polls (docs/azure-facts.md section 8, traffic: 15 to 17). */
export const POLL_SECONDS = 15;

/**
 * Long operations that are followed by their `Location` URL: 202 while running, 200 at the end (docs/azure-facts.md section 8).
 * They run on the injected clock; disposing stops those under way.
 */
export class OperationResults implements Disposable {
  readonly #running = new Map<string, boolean>();
  /** Of those under way: resolves when they have ended. */
  readonly #done = new Map<string, Promise<void>>();
  readonly #timers = new DisposableStack();
  readonly #foundation: Foundation;

  constructor(foundation: Foundation) {
    this.#foundation = foundation;
  }

  /** Runs `finish` after the latency of `operationId`; the answer is the URL to poll, longer than 4 KB as Azure's are. */
  start(operationId: string, request: ArmRequest, subscriptionId: string, finish: () => void): string {
    const { clock, random, knobs } = this.#foundation;
    const id = random.uuid();
    const ms = knobs.latencyMs(operationId);
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      this.#running.set(id, false);
      this.#done.delete(id);
      finish();
      resolve();
    };
    if (ms > 0) {
      this.#running.set(id, true);
      this.#done.set(id, promise);
      this.#timers.use(clock.timer(ms, end));
    } else end();
    const signature = Array.from({ length: 130 }, () => random.uuid().replaceAll('-', '')).join('');
    const query = `api-version=${request.apiVersion}&t=${clock.now()}&c=${signature}&s=${random.uuid()}&h=${random.uuid()}`;
    return `${request.origin}/subscriptions/${subscriptionId}/operationresults/${id}?${query}`;
  }

  /** Undefined for one that is none of these; resolved for one that has ended. */
  done(id: string): Promise<void> | undefined {
    return this.#running.has(id) ? (this.#done.get(id) ?? Promise.resolve()) : undefined;
  }

  get operations(): readonly Operation[] {
    return [
      {
        id: 'operationResults.get',
        method: 'GET',
        pattern: '/subscriptions/{subscriptionId}/operationresults/{id}',
        resourceType: 'Microsoft.Resources/operationresults',
        apiVersions: versionsOf('Microsoft.Resources/resourceGroups'),
        action: '',
        // Who holds the URL may poll it: it is signed.
        checksRights: true,
        handle: (request, { id = '', subscriptionId = '' }) => {
          const running = this.#running.get(id);
          if (running === undefined)
            throw new ArmError(
              404,
              'OperationNotFound',
              `The operation '${id}' in subscription '${subscriptionId}' was not found.`,
            );
          if (!running) return { status: 200 };
          const query = new URLSearchParams([...request.query]);
          const location = `${request.origin}${request.path}?${query}`;
          return { status: 202, headers: { location, 'retry-after': String(POLL_SECONDS) } };
        },
      },
    ];
  }

  [Symbol.dispose](): void {
    this.#timers.dispose();
  }
}
