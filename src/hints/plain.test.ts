import { describe, expect, it } from 'vitest';
import { plain, quoted } from './foreign-texts.ts';

describe('a foreign text', () => {
  it.each([
    ['as it is', 'alice@contoso.com', 'alice@contoso.com'],
    ['on one line', 'a\r\nb\u2028c', 'a b c'],
    ['without what a terminal obeys', '\u001b[2Jx\u009b2J', '[2Jx 2J'],
    ['without marks that turn it around', 'a\u202Eb\u2066c', 'a b c'],
    ['without halves of letters', 'a\uD83Db', 'a b'],
    ['not at all where nothing of it can be seen', '\u200b \n', undefined],
  ])('is shown %s', (_, text, shown) => {
    expect(plain(text, 20)).toBe(shown);
  });

  it('is cut between letters', () => {
    expect(plain('😀'.repeat(10_000), 4)).toBe('😀😀😀…');
  });

  it('stands between quotes, or is shown as none', () => {
    expect([quoted('a\u202Eb', 9), quoted('ab', 9, "'"), quoted('\u200b', 9)]).toEqual([
      '"a b"',
      "'ab'",
      'a text of which nothing can be seen',
    ]);
  });
});
