import { describe, expect, test } from 'vitest';
import { formatAddress, parseListenAddress } from './server.ts';

const FLAG = '--metrics-bind-address';

describe('parseListenAddress', () => {
  test.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
    [':8080', { port: 8080 }],
  ])('reads %s', (text, expected) => {
    expect(parseListenAddress(FLAG, text)).toEqual(expected);
    expect(formatAddress(expected)).toBe(text);
  });

  test('0 is off', () => {
    expect(parseListenAddress(FLAG, '0')).toBeUndefined();
  });

  test.each([
    '',
    '8080',
    '127.0.0.1',
    '127.0.0:8080',
    '300.0.0.1:8080',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '::1:8080',
    '[127.0.0.1]:80',
    'http://127.0.0.1:8080',
    'a b:80',
    ' :80',
  ])('refuses "%s", naming flag, forms and value', (text) => {
    expect(() => parseListenAddress(FLAG, text)).toThrow(
      `Expected \`${FLAG}\` to be an address like \`127.0.0.1:8080\`, \`[::1]:8080\`, \`:8080\` (all interfaces) or \`0\` (off), got \`${text}\``,
    );
  });
});
