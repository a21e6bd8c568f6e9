/**
 * How much of what can be repeated without end (random sequences, plans of the crash matrix) a run of tests carries out. `npm test` has
 * fifteen minutes on two cores and takes a part; `AZID_VOLUME=full` takes all (docs/testing.md).
 */
export const isFull = process.env.AZID_VOLUME === 'full';

/** What the variable says, if it is set. */
export function volume(
  variable: string,
  { everyday, full }: { readonly everyday: number; readonly full: number },
): number {
  return Number(process.env[variable] ?? (isFull ? full : everyday));
}
