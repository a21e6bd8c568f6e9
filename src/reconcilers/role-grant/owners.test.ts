import { describe, expect, it } from 'vitest';
import { sameCondition } from './owners.ts';

describe('two conditions are one', () => {
  it.each([
    ['a line end for a space', "@Resource[a:b]  StringEquals\n 'x'", "@Resource[a:b] StringEquals 'x'", true],
    ['spaces around', " @Resource[a:b] StringEquals 'x' ", "@Resource[a:b] StringEquals 'x'", true],
    [
      'more spaces within a text',
      "@Resource[a:b] StringEquals 'x  y'",
      "@Resource[a:b] StringEquals 'x y'",
      false,
    ],
    [
      'a no-break space within a text',
      "@Resource[a:b] StringEquals 'x\u00a0y'",
      "@Resource[a:b] StringEquals 'x y'",
      false,
    ],
    [
      'spaces at the ends of a text',
      "@Resource[a:b] StringEquals ' x'",
      "@Resource[a:b] StringEquals 'x'",
      false,
    ],
    ['an escaped quote in a text', "A 'x\\'  y'  B", "A 'x\\'  y' B", true],
    ['no condition and an empty one', undefined, '', true],
  ])('%s: %#', (_, left, right, same) => {
    expect(sameCondition(left, right)).toBe(same);
  });
});
