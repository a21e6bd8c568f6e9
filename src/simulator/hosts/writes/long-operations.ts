import type { Foundation } from '../../frame.ts';
import { ArmError } from '../../http/operation.ts';
import { scopeKey } from '../../world/scope.ts';
import type { Host } from '../host.ts';

type OperationStatus = 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled';

/** How the next operation on a host shall end. */
interface PlannedFailure {
  readonly outcome: 'Failed' | 'Canceled';
  readonly code: string;
  readonly message: string;
}

export interface LongOperation {
  readonly id: string;
  readonly hostId: string;
  /** Its name in App Service's refusal of another write. */
  readonly name: string;
  /** Wall ms. */
  readonly startedAt: number;
  /** Part of its URL: who does not have it does not find the operation. */
  readonly signature: string;
  readonly status: OperationStatus;
  readonly endedAt?: number;
  readonly error?: { readonly code: string; readonly message: string };
  /** Resolves when it has ended, whichever way. */
  readonly done: Promise<void>;
}

interface Work {
  /** The host as it is shown while the work runs; as it is, without this. */
  shown?(host: Host): Host;
  /** Takes effect. What it throws fails the operation. */
  run(): void;
  /** After an end without effect. */
  undo(status: 'Failed' | 'Canceled'): void;
}

type Entry = { -readonly [K in keyof LongOperation]: LongOperation[K] } & {
  readonly work: Work;
  readonly failure: PlannedFailure | undefined;
  readonly resolve: () => void;
  due: boolean;
  /** Its work is being carried out: too late to cancel it. */
  ending: boolean;
};

/** Work on hosts that takes time: on the injected clock, held, failed and cancelled by tests. */
export class LongOperations implements Disposable {
  readonly #operations = new Map<string, Entry>();
  readonly #running = new Map<string, Entry>();
  readonly #plannedFailures = new Map<string, PlannedFailure[]>();
  readonly #held = new Set<string>();
  readonly #timers = new DisposableStack();
  readonly #foundation: Foundation;
  #allHeld = false;

  constructor(foundation: Foundation) {
    this.#foundation = foundation;
  }

  /** The one under way on a host. */
  on(hostId: string): LongOperation | undefined {
    return this.#running.get(scopeKey(hostId));
  }

  /** A host as GET shows it: what a running write asks for is laid over it. */
  shown(host: Host): Host {
    return this.#running.get(scopeKey(host.id))?.work.shown?.(host) ?? host;
  }

  get(id: string): LongOperation | undefined {
    return this.#operations.get(id);
  }

  /** Registers an operation; `start` lets it run. Between the two the answer to the request is made. */
  open(hostId: string, name: string, work: Work): LongOperation {
    const { clock, random } = this.#foundation;
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry: Entry = {
      id: random.uuid(),
      hostId,
      name,
      startedAt: clock.now(),
      // Long as Azure's are; that it is one UUID over and over saves time where operations come by the thousand.
      signature: random.uuid().replaceAll('-', '').repeat(130),
      status: 'InProgress',
      done: promise,
      work,
      failure: this.#plannedFailures.get(scopeKey(hostId))?.shift(),
      resolve,
      due: false,
      ending: false,
    };
    this.#operations.set(entry.id, entry);
    this.#running.set(scopeKey(hostId), entry);
    return entry;
  }

  start({ id }: LongOperation, ms: number): void {
    const entry = this.#operations.get(id);
    if (!entry) return;
    const fallDue = () => {
      entry.due = true;
      this.#endIfFree(entry);
    };
    if (ms > 0) this.#timers.use(this.#foundation.clock.timer(ms, fallDue));
    else fallDue();
  }

  /** The next operation on the host ends so, without effect. Several queue up. */
  failNext(hostId: string, failure: PlannedFailure): void {
    const queue = this.#plannedFailures.get(scopeKey(hostId)) ?? [];
    this.#plannedFailures.set(scopeKey(hostId), [...queue, failure]);
  }

  /** Operations on the host, or on any, do not end before `release`. */
  hold(hostId?: string): void {
    if (hostId === undefined) this.#allHeld = true;
    else this.#held.add(scopeKey(hostId));
  }

  /** Without an id everything held is let go. */
  release(hostId?: string): void {
    if (hostId === undefined) {
      this.#allHeld = false;
      this.#held.clear();
    } else this.#held.delete(scopeKey(hostId));
    for (const entry of [...this.#running.values()]) this.#endIfFree(entry);
  }

  /** Ends what runs on the host as `Canceled`, without effect; false when nothing runs. */
  cancel(hostId: string): boolean {
    const entry = this.#running.get(scopeKey(hostId));
    if (!entry || entry.ending) return false;
    const message = 'The operation was canceled.';
    this.#fail(entry, { outcome: 'Canceled', code: 'OperationCanceled', message });
    return true;
  }

  /** Azure keeps results of operations for a while only: the URLs of this host's are 404 from now on. */
  forget(hostId: string): number {
    const gone = [...this.#operations.values()].filter((each) => scopeKey(each.hostId) === scopeKey(hostId));
    for (const { id } of gone) this.#operations.delete(id);
    return gone.length;
  }

  [Symbol.dispose](): void {
    this.#timers.dispose();
  }

  #endIfFree(entry: Entry): void {
    if (entry.status !== 'InProgress' || !entry.due) return;
    if (this.#allHeld || this.#held.has(scopeKey(entry.hostId))) return;
    entry.ending = true;
    const failure = entry.failure ?? refusalOf(entry.work);
    if (failure) this.#fail(entry, failure);
    else this.#end(entry, 'Succeeded');
  }

  #fail(entry: Entry, { outcome, code, message }: PlannedFailure): void {
    entry.work.undo(outcome);
    entry.error = { code, message };
    this.#end(entry, outcome);
  }

  #end(entry: Entry, status: OperationStatus): void {
    entry.status = status;
    entry.endedAt = this.#foundation.clock.now();
    const key = scopeKey(entry.hostId);
    if (this.#running.get(key) === entry) this.#running.delete(key);
    entry.resolve();
  }
}

/** Carries the work out; a refusal that comes only now is how it ends. */
function refusalOf(work: Work): PlannedFailure | undefined {
  try {
    work.run();
    return undefined;
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    return { outcome: 'Failed', code: error.code, message: error.message };
  }
}
