import { describe, expect, it } from 'vitest';
import { coOwner, older } from '../facts.fixture.ts';
import { descriptionOf, type Mark, markOf, sameCondition } from './owners.ts';

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

describe('who is written on an assignment', () => {
  const id = 'b7d8a1f0-0000-4000-8000-000000000001';
  it.each<[string, string | undefined, Mark | undefined]>([
    ['the one owner', descriptionOf(id, [coOwner()]), { key: 'team-a/later', alone: true }],
    [
      'the first of several',
      descriptionOf(id, [older(), coOwner(), coOwner()]),
      { key: 'team-a/older', alone: false },
    ],
    [
      'the owner after its own text',
      descriptionOf(id, [coOwner({ description: 'For [x: y].' })]),
      { key: 'team-a/later', alone: true },
    ],
    ['nobody of another installation', descriptionOf('another', [coOwner()]), undefined],
    ['nobody where the mark is not at the end', `[azid ${id}: team-a/later] and more`, undefined],
    ['nobody by hand', 'For the shop.', undefined],
    ['nobody where nothing is written', undefined, undefined],
  ])('%s', (_, description, mark) => {
    expect(markOf(description, id)).toEqual(mark);
  });
});
