import type { LedgerOperation } from '../../../api/host-identity.ts';
import { SYSTEM } from '../../hosts/ledger/lines.ts';
import type { Accepted, Asked, Refusal } from '../facts.ts';
import { triesOf } from './at-fault.ts';
import { type Batch, shifted } from './batch.ts';

/**
 * What this process knows of its own writes beyond the ledger: how they ended, and what Azure took without showing it
 * yet. All of it may be lost: a new process then waits until the window of the write is over.
 */

interface Known {
  /** The last intent of this process, by its `writeStartedAt`. */
  begun?: { readonly at: string; readonly phase: 'intended' | 'sent' | 'ended' };
  /** When a write last ended without an answer that shows whether it acted, monotonic ms. */
  unclearAt: number;
  started?: { readonly operation: LedgerOperation; readonly asked: Asked };
  /** Of the operation in the ledger. */
  running?: Asked;
  /** `at`: monotonic ms. */
  refusal?: { readonly reconcileId: string; readonly refusal: Refusal; readonly at: number };
  /** `at`: monotonic ms. */
  accepted: Map<string, { readonly wanted: Accepted['wanted']; readonly at: number }>;
  batchLimit?: number;
  poll?: { readonly url: string; readonly count: number; readonly dueAt: number };
  /** When Azure last refused a write because of another operation, monotonic ms; nothing was taken since. */
  conflictedAt?: number;
  busy?: { readonly state: string; readonly since: number };
  /** Since when this process has seen the host absent, monotonic ms. */
  absentSince?: number;
  /** Monotonic ms. */
  batch?: Batch | undefined;
  reconcile?: { readonly id: string; readonly writes: number };
  /** Monotonic ms. What was read of identities before need not be so any more. */
  failedAt: number;
  deleted: boolean;
  /** Keys of what intents since the last write that was sent would have attached for the first time. */
  unsent: ReadonlySet<string>;
}

/** Above it a write is limited by its type alone. */
const WHOLE_BATCH = 150;
/** A VM was seen at work for 16 min (docs/azure-facts.md section 7). */
export const LONGEST_OPERATION_MS = 20 * 60_000;

export class HostMemory {
  readonly #byUid = new Map<string, Known>();

  of(uid: string): Readonly<Known> {
    return this.#of(uid);
  }

  /** A write is decided, and its intent about to be saved: until it is sent the ledger may say more than was done. */
  intend(uid: string, at: string, { fresh }: Pick<Asked, 'fresh'>): void {
    const known = this.#of(uid);
    known.begun = { at, phase: 'intended' };
    known.unsent = new Set([...known.unsent, ...fresh]);
  }

  send(uid: string, at: string, reconcileId: string): void {
    const known = this.#of(uid);
    known.begun = { at, phase: 'sent' };
    known.unsent = new Set();
    delete known.refusal;
    const writes = known.reconcile?.id === reconcileId ? known.reconcile.writes : 0;
    known.reconcile = { id: reconcileId, writes: writes + 1 };
  }

  /** It was not sent after all: nothing left this process, so what the resource has meanwhile azid did not attach. */
  unsend(uid: string, at: string, asked: Asked): void {
    this.intend(uid, at, asked);
    const { reconcile } = this.#of(uid);
    if (reconcile) this.#of(uid).reconcile = { ...reconcile, writes: Math.max(0, reconcile.writes - 1) };
  }

  /** Azure answered, and nothing of it is under way any more. */
  end(uid: string, at: string | undefined): void {
    if (at !== undefined) this.#of(uid).begun = { at, phase: 'ended' };
  }

  /** It is over, and may have acted: what it did may show for as long as Azure lags. */
  unclear(uid: string, at: string, monotonic: number): void {
    this.end(uid, at);
    this.#of(uid).unclearAt = monotonic;
  }

  /** Azure did what it was asked, as far as its answer shows. */
  accept(uid: string, { adds, removes, system }: Asked, monotonic: number): void {
    const known = this.#of(uid);
    for (const key of adds) known.accepted.set(key, { wanted: 'present', at: monotonic });
    for (const key of removes) known.accepted.set(key, { wanted: 'absent', at: monotonic });
    if (system !== 'keep')
      known.accepted.set(SYSTEM, { wanted: system === 'on' ? 'present' : 'absent', at: monotonic });
    delete known.conflictedAt;
    if (known.batchLimit === undefined) return;
    known.batchLimit *= 2;
    if (known.batchLimit > WHOLE_BATCH) delete known.batchLimit;
  }

  /** All of it, unless a key is given. */
  forgetAccepted(uid: string, key?: string): void {
    const { accepted } = this.#of(uid);
    if (key === undefined) accepted.clear();
    else accepted.delete(key);
  }

  /** It begins an operation, which is to be saved. */
  start(uid: string, operation: LedgerOperation, asked: Asked): void {
    const known = this.#of(uid);
    known.started = { operation, asked };
    known.running = asked;
  }

  /** The ledger has it. */
  saved(uid: string): void {
    delete this.#of(uid).started;
  }

  refuse(uid: string, refusal: Refusal, reconcileId: string, monotonic: number): void {
    const known = this.#of(uid);
    known.refusal = { refusal, reconcileId, at: monotonic };
    known.failedAt = monotonic;
    const size = triesOf(refusal);
    if (size !== undefined) known.batchLimit = Math.max(1, Math.floor(size / 2));
  }

  /**
   * The refusal that binds a reconcile: its own; another reconcile's as long as Azure asked not to come back. An edit
   * may bring a reconcile earlier, and the failure of an operation holds back no rate-limit scope (docs/guarantees.md
   * G12).
   */
  refusalFor(uid: string, reconcileId: string, monotonic: number): Refusal | undefined {
    const known = this.#of(uid).refusal;
    if (!known || known.reconcileId === reconcileId) return known?.refusal;
    const { asked, failure } = known.refusal;
    const notBeforeMs = known.at + (failure.notBeforeMs ?? 0) - monotonic;
    return notBeforeMs > 0 ? { asked, failure: { ...failure, notBeforeMs } } : undefined;
  }

  /** Azure refused a write because of another operation. */
  conflict(uid: string, monotonic: number): void {
    this.#of(uid).conflictedAt = monotonic;
  }

  /** Another operation stood in the way of a write, so lately that it may still run. */
  isConflicted(uid: string, monotonic: number): boolean {
    const at = this.#of(uid).conflictedAt;
    return at !== undefined && monotonic - at < LONGEST_OPERATION_MS;
  }

  polled(uid: string, url: string, dueAt: number): void {
    const known = this.#of(uid);
    const count = known.poll?.url === url ? known.poll.count + 1 : 1;
    known.poll = { url, count, dueAt };
  }

  /**
   * What the next write is to carry, as it was decided; undefined: nothing. Kept by the monotonic clock, since a
   * decision has times of its own `now` alone.
   *
   * @param aheadMs by how much the wall clock is ahead of the monotonic one
   */
  collect(uid: string, batch: Batch | undefined, aheadMs: number): void {
    this.#of(uid).batch = batch && shifted(batch, -aheadMs);
  }

  /** @param aheadMs the same, now */
  batchOf(uid: string, aheadMs: number): Batch | undefined {
    const { batch } = this.#of(uid);
    return batch && shifted(batch, aheadMs);
  }

  /** It is absent: since when this process has seen it so, monotonic ms; `now` if it is news. */
  absentSince(uid: string, now: number): number {
    const known = this.#of(uid);
    known.absentSince ??= now;
    return known.absentSince;
  }

  /** It is there. */
  notAbsent(uid: string): void {
    delete this.#of(uid).absentSince;
  }

  /** For how long the host has shown this state, ms. @param now monotonic ms */
  busyFor(uid: string, state: string | undefined, now: number): number {
    const known = this.#of(uid);
    if (state === undefined) {
      delete known.busy;
      return 0;
    }
    if (known.busy?.state !== state) known.busy = { state, since: now };
    return now - known.busy.since;
  }

  delete(uid: string): void {
    this.#of(uid).deleted = true;
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }

  #of(uid: string): Known {
    const known = this.#byUid.get(uid) ?? {
      accepted: new Map(),
      unclearAt: Number.NEGATIVE_INFINITY,
      failedAt: Number.NEGATIVE_INFINITY,
      deleted: false,
      unsent: new Set(),
    };
    this.#byUid.set(uid, known);
    return known;
  }
}
