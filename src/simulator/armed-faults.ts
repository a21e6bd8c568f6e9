/** A fault that was asked for, and how often it struck. */
interface Armed<F> {
  readonly id: number;
  readonly fault: F;
  /** Calls that it let by before it began. */
  passed: number;
  hits: number;
}

/** The faults that were asked for, in order: what `addFault`, `clearFaults` and `faultHits` do, whatever they are faults of. */
export class ArmedFaults<F extends { readonly count?: number | undefined }> {
  readonly #armed: Armed<F>[] = [];
  #lastId = 0;

  /** The id of the fault, for `clear`. */
  add(fault: F): number {
    this.#lastId += 1;
    this.#armed.push({ id: this.#lastId, fault, passed: 0, hits: 0 });
    return this.#lastId;
  }

  /** One fault by id, or all of them; how many were cleared. */
  clear(id?: number): number {
    const before = this.#armed.length;
    const kept = id === undefined ? [] : this.#armed.filter((armed) => armed.id !== id);
    this.#armed.splice(0, before, ...kept);
    return before - kept.length;
  }

  /** How often a fault struck; a spent one still tells. Undefined after `clear`. */
  hits(id: number): number | undefined {
    return this.#armed.find((armed) => armed.id === id)?.hits;
  }

  /** The first of those that are not spent which strikes here. Counts it. */
  protected first(strikes: (armed: Armed<F>) => boolean): F | undefined {
    for (const armed of this.#armed) {
      if (armed.hits >= (armed.fault.count ?? Number.POSITIVE_INFINITY) || !strikes(armed)) continue;
      armed.hits += 1;
      return armed.fault;
    }
    return undefined;
  }
}
