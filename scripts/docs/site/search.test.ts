import { describe, expect, it } from 'vitest';
import { searchWords, weightOf } from './search.ts';

describe('words of the search', () => {
  it.each([
    ['set `--azure-lag` (2m)', ['set', 'azure', 'lag', '2m', 'azure-lag', '--azure-lag']],
    ['azid.dev/release', ['azid', 'dev', 'release', 'azid.dev/release']],
    ['azid_mirror_partial', ['azid', 'mirror', 'partial', 'azid_mirror_partial']],
    ['an end.', ['an', 'end']],
  ])('%s', (text, words) => {
    expect(searchWords(text)).toEqual(words);
  });

  it('need nothing from outside of the function, which goes to the browser as text', () => {
    const inBrowser = new Function(`return (${searchWords.toString()})`)() as typeof searchWords;
    expect(inBrowser('--azure-lag')).toEqual(searchWords('--azure-lag'));
  });
});

it('what explains a word weighs more than a guide, and a guide more than a design note', () => {
  const inBrowser = new Function(`return (${weightOf.toString()})`)() as typeof weightOf;
  const weights = [
    '/azid/conditions.html#events',
    '/azid/guides/x.html',
    '/azid/design/2026-11-30-site.html',
  ];
  expect(weights.map(inBrowser)).toEqual([2, 1, 0.3]);
});
