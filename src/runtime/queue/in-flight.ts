import type { Priority } from '../outcome.ts';

/** How many reconciles of one namespace may be under way at once; those that wait for a rate limit count apart. */
export interface InFlightLimits {
  /** Of one namespace, those that have a worker. */
  readonly workersPerNamespace: number;
  /** Of one namespace and class, with those that wait for a rate limit. */
  readonly perNamespace: number;
  /** Of all: above it a namespace begins nothing while it has anything under way. Bounds the memory. */
  readonly total: number;
}

export const NO_LIMITS: InFlightLimits = {
  workersPerNamespace: Infinity,
  perNamespace: Infinity,
  total: Infinity,
};

/** Counts what is under way, by namespace. */
export class InFlight {
  readonly #limits: InFlightLimits;
  /** By namespace and class, those that wait included. */
  readonly #all = new Map<string, number>();
  /** By namespace: those that have a worker. */
  readonly #working = new Map<string, number>();
  #total = 0;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  readonly admits = (turn: string, priority: Priority): boolean => {
    const { workersPerNamespace, perNamespace, total } = this.#limits;
    const all = this.#all.get(lineOf(turn, priority)) ?? 0;
    if (all > 0 && (all >= perNamespace || this.#total >= total)) return false;
    return (this.#working.get(turn) ?? 0) < workersPerNamespace;
  };

  began(turn: string, priority: Priority): void {
    this.#total += 1;
    count(this.#all, lineOf(turn, priority), 1);
    count(this.#working, turn, 1);
  }

  /** `paused`: it waited for a rate limit when it ended. */
  ended(turn: string, priority: Priority, paused: boolean): void {
    this.#total -= 1;
    count(this.#all, lineOf(turn, priority), -1);
    if (!paused) count(this.#working, turn, -1);
  }

  paused(turn: string): void {
    count(this.#working, turn, -1);
  }

  resumed(turn: string): void {
    count(this.#working, turn, 1);
  }
}

function lineOf(turn: string, priority: Priority): string {
  return `${priority} ${turn}`;
}

/** Without an entry for what is zero: namespaces come and go. */
function count(counts: Map<string, number>, name: string, change: 1 | -1): void {
  const next = (counts.get(name) ?? 0) + change;
  if (next === 0) counts.delete(name);
  else counts.set(name, next);
}
