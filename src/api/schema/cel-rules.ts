/** CEL rules that several fields have, each with a message that says what was expected, what was given and the remedy. */
import type { z } from 'zod';
import type { CelRule } from './kind.ts';

/**
 * The form that a text must have, with a message for a user who gets it wrong. A bare pattern in a schema makes the API
 * server answer with the regular expression and nothing else; the CRD generator writes it as a CEL rule that names
 * what was expected, what was given and the remedy (`shapeRule`). Both are Go's regular expressions and match the
 * same.
 */
export interface Shape {
  /** Follows "expected": a GUID such as … */
  readonly expected: string;
  /** Follows a semicolon: what helps, where the expectation does not say it already. */
  readonly remedy?: string;
  /**
   * For a text in a list within a list, where the API server's estimate of the pattern's cost as a CEL rule can
   * exceed what it allows a CRD. The schema keeps the pattern; this cheaper CEL rule, which every matching text
   * fulfils, carries the message. For most mistakes the API server then reports both.
   */
  readonly cheaply?: string;
}

/** The key under which a zod schema carries its shape to the CRD generator; it never enters a CRD. */
export const SHAPE = 'x-azid-shape';

export function shaped(text: z.ZodString, pattern: RegExp, shape: Shape): z.ZodString {
  return text.regex(pattern).meta({ [SHAPE]: shape });
}

/** The CEL rule for a pattern; `pattern` is the source of a regular expression. */
export function shapeRule(
  pattern: string,
  { expected, remedy, cheaply }: Shape,
  {
    minLength = 0,
    blanksReported = false,
  }: { readonly minLength?: number; readonly blanksReported?: boolean } = {},
): CelRule {
  const end = remedy === undefined ? '' : `; ${remedy}`;
  const rules = [
    // A text that is too short is reported by the schema alone, white space at the ends by a rule of its own where there is one.
    ...(minLength > 0 ? [`size(self) < ${minLength}`] : []),
    ...(blanksReported ? ['self.trim() != self'] : []),
    cheaply ?? `self.matches(r'${celRaw(pattern)}')`,
  ];
  const blanks = `(self.trim() == self ? '' : '; there is white space at its ends, remove it')`;
  return {
    rule: rules.join(' || '),
    // Should the given value have a line break in it, the API server takes this instead.
    message: `expected ${expected}${end}`,
    messageExpression: [
      celText(`expected ${expected}, got '`),
      'self',
      celText(`'${end}`),
      ...(blanksReported ? [] : [blanks]),
    ].join(' + '),
  };
}

/** A raw string of CEL knows no escapes, so what it cannot hold is refused here. */
function celRaw(pattern: string): string {
  // JavaScript writes `/` with a backslash; Go needs none.
  const source = pattern.replaceAll('\\/', '/');
  if (/['\n]/.test(source))
    throw new Error(`expected a pattern without quotes and line breaks, got ${source}`);
  return source;
}

const celText = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/**
 * White space at the ends is part of the text for Azure. The reconcilers refuse it again, as the characters below, in objects that are older
 * than the rules (src/azure/names/text.ts).
 */
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

/**
 * One field of several, no less and no more; the message says which were given.
 *
 * @param given by what people call the field: when it counts as given, in CEL; `has(self.<field>)` if left out
 */
export function exactlyOne(fields: readonly string[], given: Readonly<Record<string, string>> = {}): CelRule {
  const isGiven = (field: string) => given[field] ?? `has(self.${field})`;
  const needed = `exactly one of ${fields.slice(0, -1).join(', ')} and ${fields.at(-1)} is needed`;
  // Joined by hand: the API server estimates what a list of texts may cost, and refuses it.
  const present = fields.map((field, at) => {
    const before = fields.slice(0, at).map((each) => `(${isGiven(each)})`);
    const text = at === 0 ? `'${field}'` : `(${before.join(' || ')} ? ' and ${field}' : '${field}')`;
    return `(${isGiven(field)} ? ${text} : '')`;
  });
  const none = `(${fields.map((field) => `(${isGiven(field)})`).join(' || ')} ? '' : 'none of them')`;
  return {
    rule: `[${fields.map(isGiven).join(', ')}].filter(x, x).size() == 1`,
    message: needed,
    messageExpression: `'${needed}, got ' + ${[none, ...present].join(' + ')}`,
  };
}
