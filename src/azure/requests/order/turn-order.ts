interface Place {
  /** Smaller comes first. */
  tick: number;
  waiting: number;
}

/**
 * Whose turn it is among the namespaces that wait for the same thing: who had one longest ago. Who begins to wait goes behind
 * all who wait already, so between two turns of one that waits every other has at most one. Nothing is kept of who does not
 * wait.
 */
export class TurnOrder {
  readonly #places = new Map<string, Place>();
  #tick = 0;

  /** One call more of this namespace waits. */
  join(turn: string): void {
    const place = this.#places.get(turn);
    if (place) place.waiting += 1;
    else this.#places.set(turn, { tick: this.#tick++, waiting: 1 });
  }

  /** One call less. */
  leave(turn: string): void {
    const place = this.#places.get(turn);
    if (place && --place.waiting === 0) this.#places.delete(turn);
  }

  had(turn: string): void {
    const place = this.#places.get(turn);
    if (place) place.tick = this.#tick++;
  }

  /** Smaller comes first. */
  of(turn: string): number {
    return this.#places.get(turn)?.tick ?? this.#tick;
  }
}
