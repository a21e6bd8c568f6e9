import { expect, test } from 'vitest';
import { parseEntityPath } from './namespaces.ts';

test.each([
  ['orders', { queue: 'orders', deadLetters: false, management: false }],
  ['/orders/', { queue: 'orders', deadLetters: false, management: false }],
  ['a/b', { queue: 'a/b', deadLetters: false, management: false }],
  ['amqps://bus.servicebus.windows.net/orders', { queue: 'orders', deadLetters: false, management: false }],
  ['orders/$DeadLetterQueue', { queue: 'orders', deadLetters: true, management: false }],
  ['orders/$deadletterqueue/$management', { queue: 'orders', deadLetters: true, management: true }],
  ['orders/$management', { queue: 'orders', deadLetters: false, management: true }],
  ['$cbs', undefined],
  ['', undefined],
  [undefined, undefined],
])('%s', (address, expected) => {
  expect(parseEntityPath(address)).toEqual(expected);
});
