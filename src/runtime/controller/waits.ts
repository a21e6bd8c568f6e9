/**
 * The waits of a reconcile for rate limits. While it waits it has no worker: a few that wait would else hold up all
 * the others, of other namespaces and for other limits too (docs/guarantees.md G24).
 */
export class Waits {
  readonly #onChange: (waiting: boolean) => void;
  readonly #atEnd: (() => void)[] = [];
  #waiting = 0;
  #places = 0;
  #count = 0;
  #ended = false;

  /** @param onChange called when it begins to wait, and when nothing of it waits any more */
  constructor(onChange: (waiting: boolean) => void = () => {}) {
    this.#onChange = onChange;
  }

  /** Something of it waits now. */
  get waiting(): boolean {
    return this.#waiting > 0;
  }

  /** An edit may end it: it stands in no line, and keeps no turn, that it would lose by that. */
  get cuttable(): boolean {
    return this.#places === 0;
  }

  /** How often it began to wait: who sees the same number twice knows that nothing waited in between. */
  get count(): number {
    return this.#count;
  }

  /**
   * Something of the reconcile waits until this is disposed. Several may at once.
   * @param cuttable false: it is asked at its turn whether it still holds, and keeps its place whatever is edited meanwhile
   */
  begin({ cuttable = true }: { readonly cuttable?: boolean } = {}): Disposable {
    const place = cuttable ? undefined : this.keepPlace();
    this.#count += 1;
    this.#waiting += 1;
    if (this.#waiting === 1) this.#notify(true);
    return once(() => {
      place?.[Symbol.dispose]();
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#notify(false);
    });
  }

  /** Until this is disposed the reconcile has a place in a line, or a turn that came, and is not to lose it to an edit. */
  keepPlace(): Disposable {
    this.#places += 1;
    return once(() => {
      this.#places -= 1;
    });
  }

  /** Called when the reconcile ends: what it was given and did not use goes back. At once if it has. */
  atEnd(fn: () => void): void {
    if (this.#ended) fn();
    else this.#atEnd.push(fn);
  }

  /** The reconcile has ended: its waits are reported no more. */
  end(): void {
    this.#ended = true;
    for (const fn of this.#atEnd.splice(0)) fn();
  }

  #notify(waiting: boolean): void {
    if (!this.#ended) this.#onChange(waiting);
  }
}

function once(end: () => void): Disposable {
  let ended = false;
  return {
    [Symbol.dispose]: () => {
      if (ended) return;
      ended = true;
      end();
    },
  };
}
