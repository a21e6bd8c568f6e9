import { armKey } from '../azure/resource-id.ts';
import type { Clock } from '../runtime/clock.ts';
import { Rotation } from './rotation.ts';

export interface HostRoundsOptions {
  readonly clock: Clock;
  readonly roundMs?: number | undefined;
  readonly spacingMs?: number | undefined;
  /** A live GET. A rejection is left to the next round. */
  readonly read: (id: string) => Promise<unknown>;
}

interface Round {
  readonly rotation: Rotation;
  /** Keys of the hosts in it, by area. */
  readonly keys: Map<string, Set<string>>;
}

/** Slow rotation, one for each subscription, of hosts that no list tells enough of. */
export class HostRounds {
  readonly #options: HostRoundsOptions;
  readonly #rounds = new Map<string, Round>();

  constructor(options: HostRoundsOptions) {
    this.#options = options;
  }

  /** It was read a while ago, by whomever. One that is in it keeps its turn. */
  join(subscriptionId: string, area: string, id: string): void {
    if (!this.#round(subscriptionId).keys.get(area)?.has(armKey(id))) this.wasRead(subscriptionId, area, id);
  }

  /** It was just read, by whomever: it joins, or its turn comes last. */
  wasRead(subscriptionId: string, area: string, id: string): void {
    const { rotation, keys } = this.#round(subscriptionId);
    const key = armKey(id);
    keys.set(area, (keys.get(area) ?? new Set()).add(key));
    rotation.add(key, id);
    rotation.touched(key);
  }

  /** It is gone: whoever asks for it has it read. */
  leave(subscriptionId: string, area: string, id: string): void {
    const round = this.#rounds.get(subscriptionId);
    if (!round?.keys.get(area)?.delete(armKey(id))) return;
    round.rotation.remove(armKey(id));
  }

  /** How many are in it. */
  get size(): number {
    return [...this.#rounds.values()].reduce((sum, { rotation }) => sum + rotation.size, 0);
  }

  /** Nobody needs the area any more, or its list tells all. */
  drop(subscriptionId: string, area: string): void {
    const round = this.#rounds.get(subscriptionId);
    for (const key of round?.keys.get(area) ?? []) round?.rotation.remove(key);
    round?.keys.delete(area);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#rounds.values()].map(({ rotation }) => rotation.stop()));
  }

  #round(subscriptionId: string): Round {
    let round = this.#rounds.get(subscriptionId);
    if (!round) {
      const { clock, roundMs, spacingMs, read } = this.#options;
      round = { rotation: new Rotation({ clock, roundMs, spacingMs, read }), keys: new Map() };
      this.#rounds.set(subscriptionId, round);
    }
    return round;
  }
}
