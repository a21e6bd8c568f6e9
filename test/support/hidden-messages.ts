import type { Hint } from '../../src/hints/hint.ts';
import { sampleOf } from './sample.ts';

/** The ways in which the messages of a change may come, or not: each message lost, doubled and swapped with the next, one at a time. */

export interface Variant {
  readonly how: string;
  /** Without it a list has to find what changed. */
  readonly isLost?: true;
  deliver(hints: readonly Hint[]): readonly Hint[];
}

/** Each message by itself, by its number; of each way one, and all of them in full. */
export function variantsOf(
  what: string,
  messages: number,
  alsoForged: (hint: Hint) => readonly Hint[],
): readonly Variant[] {
  const each = Array.from({ length: messages }, (_, n) => n);
  const doubled = (n: number): Variant => ({
    how: `message ${n + 1} twice, once at the end`,
    deliver: (hints) => [...hints, ...hints.slice(n, n + 1)],
  });
  const swapped = (n: number): Variant => ({
    how: `message ${n + 1} after the next`,
    deliver: (hints) => hints.toSpliced(n, 2, ...hints.slice(n, n + 2).toReversed()),
  });
  const lost = (n: number): Variant => ({
    how: `without message ${n + 1}`,
    isLost: true,
    deliver: (hints) => hints.toSpliced(n, 1),
  });
  const inOrder: Variant = { how: 'as they are sent', deliver: (hints) => hints };
  const inReverse: Variant = {
    how: 'in reverse, with a forged one between',
    deliver: (hints) => hints.toReversed().flatMap(alsoForged),
  };
  const one = (way: string, variants: readonly Variant[]) => sampleOf(variants, 1, `${what}, ${way}`);
  return [
    ...one('order', [inOrder, inReverse, ...each.slice(1).map((n) => swapped(n - 1))]),
    ...one('doubled', each.map(doubled)),
    ...one('lost', each.map(lost)),
  ];
}
