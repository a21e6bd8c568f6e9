import { expect, test } from 'vitest';
import { parseRelaxedJson } from './arm-request.ts';

test.each([
  ['plain', '{"a": [1, true, null, "x"]}', { a: [1, true, null, 'x'] }],
  ['a name without quotes', '{"p": {"m": "I", template:{"a": 1}}}', { p: { m: 'I', template: { a: 1 } } }],
  ['comments', '{ // one\n "a": /* two */ 1 }', { a: 1 }],
  ['what looks like a comment in a string', '{"a": "https://b /* c */"}', { a: 'https://b /* c */' }],
  ['a string over lines', '{"a": "b\n  c"}', { a: 'b\n  c' }],
  ['single quotes', `{'a': 'b "c" d\\'e'}`, { a: 'b "c" d\'e' }],
  ['a comma too many', '{"a": [1, 2, ], /* c */ "b": "x,]", // d\n}', { a: [1, 2], b: 'x,]' }],
  ['a quote in a string', '{"a": "b\\"c: d"}', { a: 'b"c: d' }],
])('%s', (_, text, value) => {
  expect(parseRelaxedJson(text)).toEqual(value);
});

test('what is no JSON stays none', () => {
  expect(() => parseRelaxedJson('{"a": b}')).toThrow(SyntaxError);
});
