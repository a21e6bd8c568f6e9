/**
 * Texts of strangers, on their way to people: conditions, log lines, dead letters, statuses. Whoever can put a message into a queue
 * or give something in Azure a name must not move a reader's cursor, turn a line around or add one.
 */

/** What is not seen, or does something else than be seen: controls (C1 too), marks of direction, line ends, halves of letters. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** One line of what can be seen, no longer than a message bears; undefined: nothing of it can be. */
export function plain(text: string | undefined, max: number): string | undefined {
  const seen = text
    // Before the rest: nobody may make azid work on a text of a megabyte.
    ?.slice(0, 4 * max)
    .replace(UNSEEN, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (!seen) return undefined;
  const letters = [...seen];
  return letters.length <= max ? seen : `${letters.slice(0, max - 1).join('')}…`;
}

/** The same between quotes, as it stands in a sentence. */
export function quoted(text: string, max: number, quote = '"'): string {
  const seen = plain(text, max);
  return seen === undefined ? 'a text of which nothing can be seen' : `${quote}${seen}${quote}`;
}
