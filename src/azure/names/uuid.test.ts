import { expect, it } from 'vitest';
import { uuidV5 } from './guid.ts';

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

it('gives the vector of RFC 9562 appendix A.4', () => {
  expect(uuidV5(DNS, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

it('refuses a namespace that is no UUID', () => {
  expect(() => uuidV5('azid', 'x')).toThrow("expected the namespace to be a UUID, got 'azid'");
});
