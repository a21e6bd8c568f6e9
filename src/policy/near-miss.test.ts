import { describe, expect, it } from 'vitest';
import { differsOnlyIn, nearMiss } from './near-miss.ts';

describe('the nearest word', () => {
  it.each([
    ['Redaer', ['Owner', 'Reader', 'Contributor'], 'Reader'],
    ['reader', ['Reader'], 'Reader'],
    ['Reader\u00a0', ['Reader'], 'Reader'],
    [
      'Storage Blob Data Raeder',
      ['Storage Blob Data Owner', 'Storage Blob Data Reader'],
      'Storage Blob Data Reader',
    ],
    ['clutser', ['cluster'], 'cluster'],
    ['Owner', ['Reader', 'Contributor'], undefined],
    ['a', ['b'], undefined],
    ['Reader', ['Reader'], undefined],
    ['Key Vault Reader', ['Reader'], undefined],
  ])('to %j among %j is %j', (word, candidates, expected) => {
    expect(nearMiss(word, candidates)).toBe(expected);
  });

  it.each([
    ['https://a', 'https://a/', 'a slash at the end'],
    ['https://A', 'https://a', 'upper and lower case'],
    ['a ', 'a', 'white space at an end'],
    ['team-\u212a', 'team-k', 'letters that look alike'],
    ['a', 'b', undefined],
    ['a', 'a', undefined],
  ])('%j and %j differ only in %j', (left, right, what) => {
    expect(differsOnlyIn(left, right)).toBe(what);
  });
});
