import { expect, test } from 'vitest';
import { tagOf, tokenOfBytes, tokenOfTag } from './messages.ts';

const TOKEN = '00112233-4455-6677-8899-aabbccddeeff';

test('a tag has the first three groups turned round, as a .NET GUID', () => {
  expect(tagOf(TOKEN).toString('hex')).toBe('33221100554477668899aabbccddeeff');
  expect(tokenOfTag(tagOf(TOKEN))).toBe(TOKEN);
});

test('plain bytes are not', () => {
  expect(tokenOfBytes(Buffer.from('00112233445566778899aabbccddeeff', 'hex'))).toBe(TOKEN);
});
