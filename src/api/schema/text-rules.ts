import type { CelRule } from './kind.ts';

/**
 * Rules for text that stands for something in Azure. What a pattern refuses silently is here refused by name; the
 * reconcilers judge the same again, for objects that are older than the rules (src/azure/names/ascii.ts).
 */

/** What is not seen at the ends is part of the text for Azure. */
export const noEndBlanks: CelRule = {
  rule: 'self.trim() == self',
  message: 'no white space at the ends',
  messageExpression:
    "'expected no white space at the ends, got ' + (self.startsWith(' ') || self.endsWith(' ') ? 'U+0020 (space)' : self.contains('\\u00a0') ? 'U+00A0 (no-break space)' : 'white space') + ' around \\'' + self.trim() + '\\'; remove it'",
};

/** Letters that a change of case turns into ASCII, other forms of ASCII, white space but the plain one, and what is unseen. */
const LOOKALIKES =
  '[\\\\x{212A}\\\\x{17F}\\\\x{130}\\\\x{131}\\\\x{FF01}-\\\\x{FF5E}\\\\x{FB00}-\\\\x{FB06}]|[^\\\\P{Z} ]|[\\\\p{Cc}\\\\p{Cf}]';

/** For ids and names that Azure compares: no letter may pass for another one. */
export const noLookalikes: CelRule = {
  rule: `!self.matches('${LOOKALIKES}')`,
  message: 'no letter that passes for another one, such as U+212A for K',
  messageExpression: `'expected letters that stand for themselves, got ' + (${[
    ['212A', 'KELVIN SIGN, which is not the letter K'],
    ['017F', 'LONG S, which is not the letter s'],
    ['0130', 'capital I with a dot, which is not the letter I'],
    ['0131', 'i without a dot, which is not the letter i'],
    ['00A0', 'no-break space'],
  ]
    .map(([code, name]) => `self.contains('\\u${code}') ? 'U+${code} (${name})' : `)
    .join(
      '',
    )}'a character that passes for another one, or cannot be seen') + '; type the plain ASCII character'`,
};
