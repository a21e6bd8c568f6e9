/**
 * How the search of the site reads texts, and what it shows first. The site sends these functions to the browser as text: they may use
 * nothing outside of themselves.
 */

/**
 * The words that a text is known by. MiniSearch parts words at every mark, so `--azure-lag` is found by its words, and by every other text with "lag". Names with marks
 * within count as words as well: then the text that has the very name comes first.
 */
export function searchWords(text: string): string[] {
  const words = text.split(/[\n\r\p{Z}\p{P}\p{S}]+/u);
  const names = text.match(/[\w$]+(?:[-./_]+[\w$]+)+/g) ?? [];
  const flags = text.match(/--[a-z][\w-]*/g) ?? [];
  return [...words, ...names, ...flags].filter((word) => word !== '');
}

/** Who searches is most often at work with azid: what explains a word goes before what tells why azid was made so. */
export function weightOf(id: string): number {
  if (id.includes('/design/')) return 0.3;
  return /\/(conditions|reference\/\w+)\.html/.test(id) ? 2 : 1;
}
