/**
 * The comparison operators of conditions on single values. All but the `...IgnoreCase` ones mind the case; GUIDs
 * compare as GUIDs, so role definition ids may come as full ids or bare.
 */
type Comparison = (left: string, right: string) => boolean;

const lower = (text: string) => text.toLowerCase();

/** `*` any run of characters, `?` one. */
const like: Comparison = (left, right) => {
  const body = right
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${body}$`, 's').test(left);
};
const guid = (text: string) => lower(text.split('/').at(-1) ?? text).replaceAll(/[{}]/g, '');
const not =
  (comparison: Comparison): Comparison =>
  (left, right) =>
    !comparison(left, right);
const ignoringCase =
  (comparison: Comparison): Comparison =>
  (left, right) =>
    comparison(lower(left), lower(right));

const equals: Comparison = (left, right) => left === right;
const startsWith: Comparison = (left, right) => left.startsWith(right);
const guidEquals: Comparison = (left, right) => guid(left) === guid(right);
const boolEquals = ignoringCase(equals);
const numbers =
  (comparison: (left: number, right: number) => boolean): Comparison =>
  (left, right) =>
    comparison(Number(left), Number(right));
const moments =
  (comparison: (left: number, right: number) => boolean): Comparison =>
  (left, right) =>
    comparison(Date.parse(left), Date.parse(right));

export const COMPARISONS: Readonly<Record<string, Comparison>> = {
  StringEquals: equals,
  StringNotEquals: not(equals),
  StringEqualsIgnoreCase: ignoringCase(equals),
  StringNotEqualsIgnoreCase: not(ignoringCase(equals)),
  StringLike: like,
  StringNotLike: not(like),
  StringLikeIgnoreCase: ignoringCase(like),
  StringNotLikeIgnoreCase: not(ignoringCase(like)),
  StringStartsWith: startsWith,
  StringNotStartsWith: not(startsWith),
  StringStartsWithIgnoreCase: ignoringCase(startsWith),
  StringNotStartsWithIgnoreCase: not(ignoringCase(startsWith)),
  GuidEquals: guidEquals,
  GuidNotEquals: not(guidEquals),
  BoolEquals: boolEquals,
  BoolNotEquals: not(boolEquals),
  NumericEquals: numbers((left, right) => left === right),
  NumericNotEquals: numbers((left, right) => left !== right),
  NumericLessThan: numbers((left, right) => left < right),
  NumericLessThanEquals: numbers((left, right) => left <= right),
  NumericGreaterThan: numbers((left, right) => left > right),
  NumericGreaterThanEquals: numbers((left, right) => left >= right),
  DateTimeEquals: moments((left, right) => left === right),
  DateTimeNotEquals: moments((left, right) => left !== right),
  DateTimeLessThan: moments((left, right) => left < right),
  DateTimeLessThanEquals: moments((left, right) => left <= right),
  DateTimeGreaterThan: moments((left, right) => left > right),
  DateTimeGreaterThanEquals: moments((left, right) => left >= right),
};
