import type { ActivityEntry } from '../../api/schema/activity.ts';
import type { ManagedObject, ManagedStatus } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { byWhom } from '../../hints/activity/by-whom.ts';
import { partOf } from '../../hints/activity/call.ts';
import type { ActivityJournal } from '../../hints/activity/journal.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Drift } from '../decision.ts';
import type { AzureWrite } from '../kind.ts';
import { entriesOf, ownLastIn } from './entries.ts';
import type { OwnedInAzure } from './owned.ts';

/** Between the journal and the objects of one kind: what their statuses show, and who caused what their reconciles find. */
export class ObjectActivity<T extends ManagedObject> {
  readonly #journal: ActivityJournal | undefined;
  readonly #owned: OwnedInAzure<T> | undefined;
  readonly #clock: Pick<Clock, 'now'>;

  /** @param owned absent: the kind has nothing in Azure, and shows nothing */
  constructor(
    journal: ActivityJournal | undefined,
    owned: OwnedInAzure<T> | undefined,
    clock: Pick<Clock, 'now'>,
  ) {
    this.#journal = journal;
    this.#owned = owned;
    this.#clock = clock;
  }

  /**
   * The value of `status.activity`; undefined: none.
   *
   * @param next the status that is about to be written: what was just deleted is in the one before alone
   */
  entries(object: T, next: ManagedStatus | undefined): readonly ActivityEntry[] | undefined {
    const [journal, owned] = [this.#journal, this.#owned];
    const before = object.status?.activity;
    if (!journal || !owned) return before;
    const things = [object, { ...object, status: next }].flatMap((each) => owned.of(each));
    const byKey = new Map(things.map((each) => [each.key, each]));
    const heard = [...byKey.values()].flatMap(({ key, resourceId }) =>
      journal
        .of(key)
        .filter((call) => owned.concerns?.(call) !== false)
        .map((call) => ({ call, resourceId })),
    );
    const entries = entriesOf(before, heard);
    return entries.length > 0 ? entries : undefined;
  }

  /** Who did what an Event is about, in words; undefined: that is not known. */
  cause(object: ManagedObject, { id, how, parts, isRepaired = false }: Drift): string | undefined {
    if (isRepaired)
      return keysOf(id, parts ?? [])
        .flatMap(
          (key) => this.#causeOfPart(key) ?? this.#journal?.of(key).find(({ own }) => own)?.repaired ?? [],
        )
        .at(0);
    const since = ownLastIn(object.status?.activity);
    const call = parts
      ? this.#journal?.missing(armKey(id), keysOf(id, parts), since)
      : this.#journal?.culprit(armKey(id), how, since);
    return call && byWhom(call, how, this.#clock.now());
  }

  /**
   * To be called before the write is reported: it repairs what came before it.
   *
   * @returns the call that it repaired, in words
   */
  wrote(object: ManagedObject, { event, to, correlationId }: AzureWrite): string | undefined {
    const cause = event.drift && this.cause(object, event.drift);
    if (!to) return cause;
    const { parts: names = [], ...sent } = to;
    // Each for itself: one write restores what was taken away, and adds what was not there before.
    const parts = keysOf(to.id, names).map((key) => ({ key, repaired: this.#causeOfPart(key) }));
    const repaired = cause ?? parts.flatMap((part) => part.repaired ?? []).at(0);
    this.#journal?.wrote({ ...sent, correlationId, repaired }, parts);
    return repaired;
  }

  #causeOfPart(key: string): string | undefined {
    const call = this.#journal?.culprit(key, 'written');
    return call && byWhom(call, 'written', this.#clock.now());
  }
}

function keysOf(id: string, parts: readonly string[]): readonly string[] {
  return parts.map((part) => partOf(id, part));
}
