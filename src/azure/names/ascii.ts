/**
 * Text as Azure compares it: A to Z fold, nothing else does. JavaScript's `toLowerCase` folds U+212A KELVIN SIGN into `k`
 * and U+0130 into `i`, and `toUpperCase` U+017F into `S` and U+0131 into `I`; by either, two groups of Azure are one, and
 * what is allowed at the one is given at the other. Whoever compares ids, names, tags or types uses these functions.
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

export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
