import type { z } from 'zod';
import type { CelRule } from './kind.ts';

/**
 * The form that a text must have, with a message for whoever gets it wrong. A bare pattern in a schema makes the API
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
    // Of what is too short the schema speaks alone, of white space at the ends a rule of its own where there is one.
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
