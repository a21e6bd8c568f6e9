/**
 * Text as Azure compares it, and what is wrong with a text that people would compare otherwise. A to Z fold, nothing else does.
 * JavaScript's `toLowerCase` folds U+212A KELVIN SIGN into `k` and U+0130 into `i`, and `toUpperCase` U+017F into `S` and U+0131 into
 * `I`; by either, two groups of Azure are one, and what is allowed at the one is given at the other. All comparisons of ids, names, tags
 * and types use these functions.
 */

/** `text` with A to Z in lower case and all else as it is. */
export function asciiLower(text: string): string {
  // Nearly all ids are plain ASCII, and they are compared often.
  return isAscii(text) ? text.toLowerCase() : text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Whether two texts are the same but for the case of A to Z. */
export function sameText(left: string, right: string): boolean {
  return left === right || asciiLower(left) === asciiLower(right);
}

/** A region as ARM names it: `West Europe`, as the portal and `az` show it, is `westeurope`. */
export function regionName(location: string): string {
  return asciiLower(location).replaceAll(' ', '');
}

export function sameRegion(left: string, right: string): boolean {
  return regionName(left) === regionName(right);
}

/**
 * Letters in an id or a name that pass for ASCII. Azure takes them for letters of their own; people, and programs
 * that fold more than Azure does, take them for ASCII. So no spec may hold them where an id or a name stands.
 */

/** @returns what is wrong and the remedy, to follow the name of the field; undefined when nothing is */
export function spellingFault(text: string): string | undefined {
  return endsFault(text) ?? lookalikeFault(text);
}

/** White space at either end: it is invisible, and to Azure it is part of the text. */
export function endsFault(text: string): string | undefined {
  const first = text.charAt(0);
  const last = text.charAt(text.length - 1);
  const [where, found] = isBlank(first) ? ['beginning', first] : isBlank(last) ? ['end', last] : [];
  if (where === undefined || found === undefined) return undefined;
  return `expected no white space at the ends, got ${codeOf(found)} at the ${where} of ${quoted(text)}; remove it`;
}

/** A character that stands for ASCII by a change of case or by compatibility, or that cannot be seen at all. */
export function lookalikeFault(text: string): string | undefined {
  if (isAscii(text)) return controlFault(text);
  for (const character of text) {
    const ascii = asciiOf(character);
    if (ascii !== undefined)
      return `expected letters that stand for themselves, got ${codeOf(character)} in ${quoted(text)}, which Unicode folds into '${ascii}' and Azure does not; type ${ascii.trim() === '' ? 'a plain space, or none' : `'${ascii}'`} instead`;
  }
  return controlFault(text);
}

function controlFault(text: string): string | undefined {
  const [hidden] = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.exec(text) ?? [];
  return hidden === undefined
    ? undefined
    : `expected characters that can be seen, got ${codeOf(hidden)} in ${quoted(text)}; remove it`;
}

/** What of ASCII a character folds into: by a change of case, or as another form of it; undefined for all others. */
export function asciiOf(character: string): string | undefined {
  if (isAscii(character)) return undefined;
  // U+0130 in lower case is an i and a dot above it.
  const lower = character.toLowerCase().replace('\u0307', '');
  const upper = character.toUpperCase();
  const form = character.normalize('NFKC');
  // One letter for one: `ß` in capitals is two, which no comparison of ids does.
  if (lower.length === 1 && isAscii(lower)) return lower;
  if (upper.length === 1 && isAscii(upper)) return upper.toLowerCase();
  return isAscii(form) ? form : undefined;
}

/** `U+212A`. */
function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function isBlank(character: string): boolean {
  return character !== '' && /^[\s\u0085\u200b\ufeff]$/u.test(character);
}

/** For a message: what cannot be seen is written out. */
function quoted(text: string): string {
  const shown = text
    .slice(0, 200)
    .replace(/[^\S ]|[\p{Cc}\p{Cf}]/gu, (character) => `<${codeOf(character)}>`);
  return `'${shown}${text.length > 200 ? '…' : ''}'`;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
