import { armKey, groupOf } from '../../azure/names/resource-id.ts';
import type { Clock } from '../../runtime/time/clock.ts';

interface GroupsGoneOptions {
  readonly clock: Clock;
  /** What was held in one of them. */
  readonly read: (inGroup: (key: string) => boolean) => void;
}

/** More at once are all that is held, in effect. */
const MAX_GROUPS = 10_000;

/** Resource groups that Azure reports as deleted: all entries are searched once for as many as come together. */
export class GroupsGone {
  readonly #options: GroupsGoneOptions;
  readonly #groups = new Set<string>();
  #timer: Disposable | undefined;

  constructor(options: GroupsGoneOptions) {
    this.#options = options;
  }

  add(group: string): void {
    if (this.#groups.size < MAX_GROUPS) this.#groups.add(armKey(group));
    this.#timer ??= this.#options.clock.timer(0, () => this.#flush());
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#groups.clear();
  }

  #flush(): void {
    this.#timer = undefined;
    const groups = new Set(this.#groups);
    this.#groups.clear();
    this.#options.read((key) => groups.has(groupOf(key) ?? ''));
  }
}
