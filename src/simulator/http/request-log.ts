import type { Clock } from '../clock.ts';
import type { Directory } from '../world/directory.ts';

/** One request as `GET /requests` shows it (docs/architecture.md section 8: the first six fields are a contract). */
export interface LoggedRequest {
  /** Counts up from 1 in order of arrival. */
  readonly n: number;
  /** ISO time of arrival on the injected clock. */
  readonly time: string;
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** 0 while unanswered; stays 0 when the connection was reset or no answer was sent. */
  readonly status: number;
  /** `controller`, `someone-else`, the name of another principal, or `anonymous` without a valid token. */
  readonly caller: string;
  /** The operation it was routed to, e.g. `identities.get`; '' when there is none. */
  readonly operation: string;
  /** Parsed JSON of the request, when there was one. Never kept for the token endpoint. */
  readonly body?: unknown;
}

/** Every request received, so that tests can count calls (src/simulator/README.md). Grows as long as the simulator lives. */
export class RequestLog {
  readonly #entries: LoggedRequest[] = [];
  readonly #clock: Clock;
  readonly #onEntry: ((entry: LoggedRequest) => void) | undefined;

  /** `onEntry` is called with each entry when its status is known. */
  constructor(clock: Clock, onEntry?: (entry: LoggedRequest) => void) {
    this.#clock = clock;
    this.#onEntry = onEntry;
  }

  /** Notes an arrival; the answer is an index for `amend` and `close`. */
  open(method: string, path: string): number {
    const n = this.#entries.length + 1;
    const time = new Date(this.#clock.now()).toISOString();
    this.#entries.push({ n, time, method, path, status: 0, caller: 'anonymous', operation: '' });
    return n;
  }

  amend(n: number, change: Partial<Pick<LoggedRequest, 'caller' | 'operation' | 'body' | 'status'>>): void {
    const entry = this.#entries[n - 1];
    if (entry) this.#entries[n - 1] = { ...entry, ...change };
  }

  close(n: number, status: number): void {
    this.amend(n, { status });
    const entry = this.#entries[n - 1];
    if (entry) this.#onEntry?.(entry);
  }

  /** Entries with a number above `n`, oldest first. */
  since(n = 0): LoggedRequest[] {
    return this.#entries.slice(Math.max(0, n));
  }
}

/** Names for callers in the request log. Kept by object id, so a caller keeps its name after its principal is gone. */
export class Callers {
  readonly #names = new Map<string, string>();
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  name(objectId: string, name: string): void {
    this.#names.set(objectId.toLowerCase(), name);
  }

  /** The name given, else the principal's display name, else its object id. */
  nameOf(objectId: string): string {
    return this.#names.get(objectId.toLowerCase()) ?? this.#directory.find(objectId)?.displayName ?? objectId;
  }

  /** Object id of a caller by name; undefined when no caller was named so. */
  find(name: string): string | undefined {
    return this.#names.entries().find(([, given]) => given === name)?.[0];
  }
}
