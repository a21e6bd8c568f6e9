import { RecentMap } from '../recent-map.ts';
import type { Clock } from './clock.ts';

/** More events than are ever waited for at once; for one that was forgotten the wall clock is asked once more. */
const CAPACITY = 20_000;

/**
 * How long ago something happened of which only a wall time is left, as a status has it. The wall clock is asked once, when this
 * process first reads the time; from then on the monotonic clock counts. So a wall clock that is set back while the process runs
 * prolongs no wait, and one that is set forward ends none.
 */
export class Elapsed {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** When it happened, monotonic ms, by what it is and its time. */
  readonly #happened = new RecentMap<number>(CAPACITY);

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /**
   * @param of   what happened: one name for each thing that has a time
   * @param time as the status has it; what lies ahead happened now
   * @returns ms, never negative
   */
  since(of: string, time: string): number {
    const key = `${of} ${time}`;
    const now = this.#clock.monotonic();
    const known = this.#happened.get(key);
    if (known !== undefined) return now - known;
    const agoMs = Math.max(0, this.#clock.now() - Date.parse(time));
    this.#happened.set(key, now - agoMs);
    return agoMs;
  }
}
