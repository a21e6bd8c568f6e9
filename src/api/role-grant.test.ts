import { expect, it } from 'vitest';
import { roleGrant } from './role-grant.ts';

const takes = (expiresAt: string) =>
  roleGrant.spec.safeParse({ principal: {}, role: {}, scope: '/', expiresAt }).success;

it.each([
  '2026-12-01T12:00:00Z',
  '2026-12-01T12:00:00.123456789Z',
  '2026-12-31T23:59:59+14:00',
  '2028-02-29T00:00:00-08:30',
])('expiresAt takes %s, which can be read', (text) => {
  expect(takes(text)).toBe(true);
  expect(Date.parse(text)).not.toBeNaN();
});

it.each([
  '2026-12-01T12:00:00+99:99',
  '2026-12-01T12:00:00,5Z',
  '2026-02-30T12:00:00Z',
  '2026-12-01',
  'soon',
])('expiresAt refuses %s', (text) => {
  expect(takes(text)).toBe(false);
});
