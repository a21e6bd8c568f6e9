import { asciiLower } from '../azure/names/text.ts';

/** What was probably meant: a word that is nearly another one reads as if it were that one. */

/** More changes than this make another word. */
const MAX_CHANGES = 2;

/** The candidate that `word` comes nearest to, if it comes near any. */
export function nearMiss(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  // Short words are near to everything: one change in four letters at most.
  let least = Math.min(MAX_CHANGES, Math.floor(word.length / 4)) + 1;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    if (differsOnlyIn(word, candidate) !== undefined) return candidate;
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const changes = changesBetween(asciiLower(word), asciiLower(candidate));
    if (changes < least) [best, least] = [candidate, changes];
  }
  return best;
}

/** For a denial: the scope of a policy that holds nearly what was asked for, a wrong letter in a group's name for instance. */
export function alikeScope(asked: string, scopes: Iterable<string>): string {
  const depthOf = (id: string) => id.split('/').filter((segment) => segment !== '').length;
  for (const scope of scopes) {
    const above = `/${asked
      .split('/')
      .filter((segment) => segment !== '')
      .slice(0, depthOf(scope))
      .join('/')}`;
    if (depthOf(above) === depthOf(scope) && nearMiss(asciiLower(above), [asciiLower(scope)]) !== undefined)
      return `; it names ${scope}, which is nearly that`;
  }
  return '';
}

/** What makes two texts differ where a reader sees none, or nearly none; undefined for other differences, and for none. */
export function differsOnlyIn(left: string, right: string): string | undefined {
  if (left === right) return undefined;
  const slashless = (text: string) => text.replace(/\/+$/, '');
  if (slashless(left) === slashless(right)) return 'a slash at the end';
  if (asciiLower(left) === asciiLower(right)) return 'upper and lower case';
  if (left.trim() === right.trim()) return 'white space at an end';
  if (asciiLower(slashless(left.trim())) === asciiLower(slashless(right.trim())))
    return 'case and a slash or white space at an end';
  return left.normalize('NFKC').toLowerCase() === right.normalize('NFKC').toLowerCase()
    ? 'letters that look alike'
    : undefined;
}

/** Letters added, left out, replaced, or two neighbours exchanged (optimal string alignment). */
function changesBetween(left: string, right: string): number {
  let before: number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1];
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return row[right.length] ?? 0;
}
