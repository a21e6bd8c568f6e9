import type { CelRule } from './kind.ts';

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
