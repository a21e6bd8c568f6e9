import { armKey, groupOf } from '../../azure/names/resource-id.ts';
import { sameText } from '../../azure/names/text.ts';
import { Emitter, type Source } from '../../runtime/controller/watch.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { type Hint, Self } from '../hint.ts';
import { type Changed, culpritOf, ownLast, WITHIN_MS } from './by-whom.ts';
import {
  type Call,
  callerOf,
  correlationText,
  isSame,
  merged,
  operationOf,
  operationText,
  ownCaller,
} from './call.ts';

/** As many as an object shows of its own. */
export const KEPT_CALLS = 10;
/** Of so many resources something is kept: those of which a report came last. */
const KEPT_RESOURCES = 2_000;
/** Clocks differ, and a list may show what a call did before the call ends. */
const SKEW_MS = 60_000;

/** By so much Azure's clock may be ahead of azid's. */
const MOST_AHEAD_MS = 15 * 60_000;

interface JournalOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Distinguishes azid's own calls from others'. Default: no call is azid's own. */
  readonly self?: Pick<Self, 'is' | 'objectId'>;
  /**
   * An object has it in Azure, or, of a resource group, something in it: what is done to other things concerns no object
   * here, and is not kept.
   */
  readonly isOwned: (key: string) => boolean;
  readonly resources?: number;
}

/** A write of azid's own that Azure took. */
interface OwnCall {
  /** ARM id of what it was sent to. */
  readonly id: string;
  readonly change: Call['change'];
  /** Azure carries it out over time. */
  readonly isAccepted?: boolean;
  readonly correlationId?: string | undefined;
  readonly repaired?: string | undefined;
}

/** Of a resource, with whose call to it azid put right by the same write. */
interface WrittenPart {
  readonly key: string;
  readonly repaired: string | undefined;
}

/** A foreign call that the objects that own the thing are to report. */
export interface News {
  /** The resource by `armKey`, or a part of it. */
  readonly key: string;
  readonly call: Call;
}

/** What azid gave was found missing from a resource, and no call that explains it is known yet. */
interface Missing {
  readonly parts: readonly string[];
  readonly at: number;
  readonly since: number;
}

interface Recorded {
  calls: readonly Call[];
  /** When azid heard of it last, wall ms. */
  heardAt: number;
  missing?: Missing;
}

/**
 * Who did what to which resource in Azure, of late: foreign calls as events and records report them, and azid's own.
 * It is for people: nothing is decided from it. It lives in memory; objects keep in `status.activity` what concerns
 * them.
 *
 * Kept by `armKey`. A resource that holds more than what azid gave, such as a machine with its identities, has its
 * parts under keys of their own (`partOf`), as what is done to the whole need not concern them.
 */
export class ActivityJournal {
  readonly #options: JournalOptions;
  /** Those that were heard of last come last. */
  readonly #resources = new Map<string, Recorded>();
  readonly #news = new Emitter<News>();
  readonly #self: Pick<Self, 'is' | 'objectId'>;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#self = options.self ?? new Self();
  }

  /**
   * Foreign calls, for the owners of the thing to report. azid's own come with the status that is written for them
   * anyway.
   */
  get news(): Source<News> {
    return this.#news;
  }

  /** How many resources it has something of. */
  get size(): number {
    return this.#resources.size;
  }

  /** What was done to it, the newest first. */
  of(key: string): readonly Call[] {
    return this.#resources.get(key)?.calls ?? [];
  }

  /** Of an event or a record. */
  note(hint: Hint): void {
    const { change } = hint;
    if (change === 'action') return;
    const key = armKey(hint.id);
    // Of groups the deletion counts: what goes with its group need not have a call of its own.
    if (change !== 'delete' && groupOf(key) === key) return;
    const own = this.#self.is(hint.caller);
    // A refusal stands in the object's conditions, and is tried again for as long as it lasts.
    if (own && hint.result !== 'Succeeded') return;
    if (!this.#options.isOwned(key)) return;
    const now = this.#options.clock.now();
    this.#add(key, {
      at: Number.isFinite(hint.at) ? Math.min(hint.at, now) : now,
      azure: { at: azureTime(hint, now) },
      operation: operationText(hint.operation),
      change,
      result: hint.result,
      correlationId: correlationText(hint.correlationId),
      ...(own ? { caller: ownCaller(this.#self.objectId) } : callerOf(hint.caller)),
      own,
    });
  }

  /** An event or a record of a call of this process: nothing new, but when it was by Azure's clock. */
  confirm(hint: Hint): void {
    const correlationId = correlationText(hint.correlationId);
    if (correlationId === undefined) return;
    const call = this.of(armKey(hint.id)).find(
      (each) => each.own && sameText(each.correlationId ?? '', correlationId),
    );
    if (call) call.azure.at = azureTime(hint, this.#options.clock.now());
  }

  /**
   * Of azid's own writes. The event of the same call makes no second entry, whichever of both comes first.
   *
   * @param parts of the resource that it changed, each with what it put right of it
   */
  wrote(
    { id, change, isAccepted = false, correlationId, repaired }: OwnCall,
    parts: readonly WrittenPart[] = [],
  ): void {
    const call: Call = {
      at: this.#options.clock.now(),
      azure: {},
      operation: operationOf(id, change),
      change,
      result: isAccepted ? 'Accepted' : 'Succeeded',
      correlationId: correlationText(correlationId),
      caller: ownCaller(this.#self.objectId),
      own: true,
      repaired,
    };
    this.#add(armKey(id), call);
    for (const part of parts) this.#add(part.key, { ...call, repaired: part.repaired });
  }

  /**
   * Who last changed it since azid did, as far as any event or record shows; undefined where no caller is named.
   *
   * @param since azid's own last write there as its object remembers it, wall ms; for when this process has made none
   */
  culprit(key: string, how: Changed, since = 0): Call | undefined {
    const group = how === 'removed' ? groupOf(key) : undefined;
    const calls = group === undefined ? this.of(key) : [...this.of(key), ...this.of(group)];
    return culpritOf(calls, how, this.#options.clock.now(), ownLast(calls) || since);
  }

  /**
   * What azid gave is missing from a resource that others write to for their own ends: the last of them to write is
   * taken to have removed it, so that call is recorded for those parts. If no such call is known yet, it is matched
   * when it arrives.
   */
  missing(key: string, parts: readonly string[], since = 0): Call | undefined {
    const at = this.#options.clock.now();
    const missing = { parts, at, since: ownLast(this.of(key)) || since };
    const found = culpritOf(this.of(key), 'written', at, missing.since);
    if (found) return this.#blame(key, found, parts);
    const recorded = this.#resources.get(key) ?? { calls: [], heardAt: 0 };
    recorded.missing = missing;
    this.#keep(key, recorded);
    return undefined;
  }

  #blame(key: string, found: Call, parts: readonly string[]): Call {
    const call = { ...found, blamed: true };
    this.#replace(key, found, call);
    for (const each of [key, ...parts]) {
      if (each !== key) this.#add(each, call);
      this.#news.emit({ key: each, call });
    }
    return call;
  }

  #add(key: string, call: Call): void {
    const recorded = this.#resources.get(key) ?? { calls: [], heardAt: 0 };
    const known = recorded.calls.find((each) => isSame(each, call));
    const next = known ? merged(known, call) : call;
    const others = recorded.calls.filter((each) => each !== known);
    recorded.calls = [...others, next].sort((left, right) => right.at - left.at).slice(0, KEPT_CALLS);
    this.#keep(key, recorded);
    if (next.own || next === known || !recorded.calls.includes(next)) return;
    if (!next.blamed) this.#news.emit({ key, call: next });
    this.#explain(key, recorded, next);
  }

  /** Matches a call with parts that were found missing before the call was known. */
  #explain(key: string, recorded: Recorded, call: Call): void {
    const { missing } = recorded;
    if (!missing || call.at > missing.at + SKEW_MS) return;
    const found = culpritOf(
      [{ ...call, at: Math.min(call.at, missing.at) }],
      'written',
      missing.at,
      missing.since,
    );
    if (!found) return;
    delete recorded.missing;
    this.#blame(key, call, missing.parts);
  }

  #replace(key: string, old: Call, next: Call): void {
    const recorded = this.#resources.get(key);
    if (recorded) recorded.calls = recorded.calls.map((each) => (each === old ? next : each));
  }

  /** The newest news last; what is older than any reader asks for goes, and the oldest where there are too many. */
  #keep(key: string, recorded: Recorded): void {
    const { clock, resources = KEPT_RESOURCES } = this.#options;
    const now = clock.now();
    recorded.heardAt = now;
    this.#resources.delete(key);
    this.#resources.set(key, recorded);
    for (const [oldest, { heardAt }] of this.#resources) {
      if (heardAt >= now - WITHIN_MS && this.#resources.size <= resources) return;
      if (oldest !== key) this.#resources.delete(oldest);
    }
  }
}

/** A time that lies ahead may be a clock's fault or forged; a little of it is accepted, for the order of calls. */
function azureTime({ at }: Hint, now: number): number {
  return Number.isFinite(at) ? Math.min(at, now + MOST_AHEAD_MS) : now;
}
