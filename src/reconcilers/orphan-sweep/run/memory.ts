import type { OrphanSweep } from '../../../api/orphan-sweep.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Objects } from '../../../orphans/objects.ts';
import type { SweepObservation } from '../../../orphans/observed.ts';
import type { OrphanReason } from '../../../orphans/reasons.ts';
import type { RetainedEntry } from '../../../orphans/records/retained-index.ts';
import type { Memory, Remembered } from '../../../orphans/report.ts';
import type { Failure } from '../../decision.ts';
import type { Baseline, Checked, SweepDecision, Unused } from '../facts.ts';
import type { PrincipalOf } from '../observe/assignments.ts';
import type { Attached } from '../observe/identities.ts';

/** What this process remembers of each sweep: between runs since when things are listed, and of a run what was read for it. */

/** What one run read of Azure besides the caches, once. */
export interface RunReads {
  readonly attached: Attached;
  readonly principalOf: PrincipalOf;
  /** Subscriptions that could not be listed anew, by id in lower case, and why. */
  readonly unlisted: ReadonlyMap<string, Failure>;
  /** What is on record as retained and is not there any more. */
  readonly gone: ReadonlySet<RetainedEntry>;
  /** Names of records whose things are gone, where no process came to write the deletion. */
  readonly unconfirmed: Set<string>;
}

export interface RunMemory {
  readonly startedAt: string;
  /** As the run before left it: a second read within one run is no second run. */
  before: Memory;
  reads: RunReads | undefined;
  readonly checked: Map<string, Checked>;
  /** Key of the candidate whose record was written last. */
  recorded: string | undefined;
  /** Monotonic ms. */
  lastDeletionAt: number | undefined;
  /** What the run evaluates, as this pass observed it: see `Built`. */
  built: Built | undefined;
}

/**
 * To observe everything takes a tenth of a second with 5,000 identities, and a pass goes round several times for one deletion. So it is
 * kept within a pass, while no store changes and nothing is done that it would show; what is deleted is read by itself, twice, and its
 * owner is searched in the stores as they are then.
 */
export interface Built {
  readonly key: string;
  /** Monotonic ms. */
  readonly at: number;
  readonly objects: Objects;
  readonly observed: SweepObservation;
  readonly baselines: readonly Baseline[];
  readonly settled: readonly RetainedEntry[];
}

export class SweepMemory {
  /** Whole, where a status has room for the oldest only. */
  #since: ReadonlyMap<string, Remembered> | undefined;
  readonly unused = new Map<string, Unused>();
  /** Of what is on record as retained: since when Azure does not show it, monotonic ms. */
  readonly absent = new Map<RetainedEntry, number>();
  #run: RunMemory | undefined;
  /** When the claim is read again, if no run comes before, wall ms. */
  renewAt = 0;
  /** As it was at the last run. */
  confirmed: string | undefined;
  #clocks: Clocks | undefined;
  /** How far the wall clock was set forward since this process began, ms. */
  #forward = 0;

  constructor(sweep: OrphanSweep, confirmed: string | undefined) {
    this.confirmed = confirmed;
    for (const { id, since } of sweep.status?.unused ?? [])
      this.unused.set(armKey(id), { id, since: Date.parse(since) });
  }

  /**
   * A wall clock that is set forward makes nothing older: what was clear before counts on from there by the monotonic clock. The time
   * before this process began is known by the wall clock alone.
   */
  observe(clocks: Clocks): void {
    const { now, monotonic } = this.#clocks ?? clocks;
    const jumpMs = clocks.now - now - (clocks.monotonic - monotonic);
    this.#clocks = clocks;
    if (jumpMs < JUMP_MS) return;
    this.#forward += jumpMs;
    if (this.#since) this.#since = later(this.#since, jumpMs);
    if (this.#run) this.#run.before = { since: later(this.#run.before.since, jumpMs) };
  }

  /** @param now monotonic ms: of a run that another process began it is not known when it last deleted something */
  runOf(sweep: OrphanSweep, now: number): RunMemory | undefined {
    const { run } = sweep.status ?? {};
    if (!run) return undefined;
    if (this.#run?.startedAt !== run.startedAt)
      this.#run = {
        startedAt: run.startedAt,
        before: { since: this.#since ?? later(rememberedIn(sweep), this.#forward) },
        reads: undefined,
        checked: new Map(),
        recorded: undefined,
        lastDeletionAt: run.deleted > 0 ? now : undefined,
        built: undefined,
      };
    return this.#run;
  }

  decided({ checked, finished }: Pick<SweepDecision, 'checked' | 'finished'>): void {
    for (const [key, each] of checked ?? []) this.#run?.checked.set(key, each);
    if (!finished) return;
    this.#since = new Map(finished.candidates.map((each) => [each.key, each]));
    this.#run = undefined;
  }

  /** Something was done that the next observation has to show. */
  changed(): void {
    if (this.#run) this.#run.built = undefined;
  }

  /** Whether or not it could be written: the next run tries again. */
  confirmedRecord(name: string): void {
    this.#run?.reads?.unconfirmed.delete(name);
  }

  recorded(key: string): void {
    if (this.#run) this.#run.recorded = key;
  }

  deleted(key: string, now: number): void {
    if (!this.#run) return;
    this.#run.recorded = undefined;
    this.#run.lastDeletionAt = now;
    this.#run.checked.delete(key);
  }
}

interface Clocks {
  /** Wall ms. */
  readonly now: number;
  readonly monotonic: number;
}

/** Less is a clock that is being put right, ms. */
const JUMP_MS = 60_000;

function later(since: ReadonlyMap<string, Remembered>, byMs: number): ReadonlyMap<string, Remembered> {
  if (byMs === 0) return since;
  const moved = ({ clearSince, ...rest }: Remembered): Remembered => ({
    ...rest,
    ...(clearSince !== undefined && { clearSince: clearSince + byMs }),
  });
  return new Map([...since].map(([key, each]) => [key, moved(each)]));
}

/** As a process before this one left it. */
function rememberedIn({ status }: OrphanSweep): ReadonlyMap<string, Remembered> {
  return new Map(
    (status?.candidates ?? []).map(({ id, instance, reason, owner, ownerUid, since, clearSince }) => [
      armKey(id),
      {
        instance,
        reason: reason as OrphanReason,
        since: Date.parse(since),
        ...(owner !== undefined && { owner }),
        ...(ownerUid !== undefined && { ownerUid }),
        ...(clearSince !== undefined && { clearSince: Date.parse(clearSince) }),
      },
    ]),
  );
}
