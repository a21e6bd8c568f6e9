import { expect, it } from 'vitest';
import { SharedTexts } from './shared.ts';

it('gives equal texts back as they are, and does not grow without end', () => {
  const texts = new SharedTexts();
  for (let n = 0; n < 100_000; n++) expect(texts.of(`rg-${n}`)).toBe(`rg-${n}`);
  expect(texts.size).toBeLessThan(5_000);
  expect(texts.of('rg-1')).toBe('rg-1');
});
