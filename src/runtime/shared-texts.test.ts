import { expect, it } from 'vitest';
import { SharedTexts } from './shared-texts.ts';

it('gives equal texts back as they are, and does not grow without end', () => {
  const texts = new SharedTexts(1_000);
  for (let n = 0; n < 100_000; n++) expect(texts.of(`rg-${n}`)).toBe(`rg-${n}`);
  expect(texts.size).toBeLessThanOrEqual(2_000);
  expect(texts.of('rg-1')).toBe('rg-1');
});

it('keeps what is asked for again and again', () => {
  const texts = new SharedTexts(2);
  for (let n = 0; n < 10; n++) {
    texts.of('often');
    texts.of(`once-${n}`);
  }
  expect(texts.size).toBeLessThanOrEqual(4);
});
