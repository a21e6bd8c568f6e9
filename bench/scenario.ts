import type { Legacy } from '../test/support/takeover.ts';

/** What a benchmark is, as a value: `run.ts` knows what to print of one that never came to its end. */

export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** The most it should be, at this number of objects; undefined: it is told beside the others, and no target. */
  readonly target?: (objects: number) => number | undefined;
}

export interface Scenario<F extends string = string> {
  /** For the command line. */
  readonly name: string;
  readonly about: string;
  /** It is ended after so many minutes, on a machine that does little else. */
  readonly limitMinutes: (objects: number) => number;
  readonly figures: Readonly<Record<F, Figure>>;
  run(bench: Bench<F>): Promise<void>;
}

/** What a scenario is given. */
export interface Bench<F extends string = string> {
  readonly objects: number;
  /** One team with all its objects in order; `copies.ts` makes many of it. */
  readonly template: Legacy;
  /** Told at once, so that what comes after it cannot lose it. */
  report(figure: F, value: number): void;
  /** For the log of the scenario. */
  say(line: string): void;
}

/** Types the keys of its figures. */
export function scenario<F extends string>(given: Scenario<F>): Scenario<F> {
  return given;
}

export const atMost = (value: number) => () => value;

/** A figure as it is printed and written. */
export interface Result {
  readonly scenario: string;
  readonly figure: string;
  readonly name: string;
  readonly unit: string;
  /** null: the scenario did not come to it. */
  readonly value: number | null;
  readonly target: number | null;
  /** null: there is no target. */
  readonly met: boolean | null;
}

export function resultsOf(
  { name: scenario, figures }: Scenario,
  values: Readonly<Record<string, number>>,
  objects: number,
): Result[] {
  return Object.entries(figures).map(([figure, { name, unit, target }]) => {
    const value = values[figure] ?? null;
    const most = target?.(objects) ?? null;
    const met = most === null ? null : value !== null && value <= most;
    return { scenario, figure, name, unit, value, target: most, met };
  });
}

export function line({ name, unit, value, target, met }: Result): string {
  const told = value === null ? 'no figure' : `${shown(value)}${unit === '' ? '' : ` ${unit}`}`;
  const against = target === null ? '' : `target ${shown(target)}`;
  return `  ${name.padEnd(78)} ${told.padStart(14)}  ${against.padEnd(14)} ${met === null ? '' : met ? 'met' : 'missed'}`.trimEnd();
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
