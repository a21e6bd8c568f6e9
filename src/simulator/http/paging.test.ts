import { expect, test } from 'vitest';
import { splitTarget } from './message.ts';
import { type ArmRequest, type Page, page } from './operation.ts';

function request(target: string): ArmRequest {
  return {
    ...splitTarget(target),
    method: 'GET',
    headers: {},
    body: undefined,
    origin: 'https://127.0.0.1:4443',
    apiVersion: 'v1',
    caller: { objectId: 'o', appId: 'a', tenantId: 't', name: 'test', tokenIssuedAt: 0 },
  };
}

/** All pages of a list of numbers, following nextLink as a client does. */
function pages(count: number, size: number, shape?: (item: number) => unknown): Page[] {
  const items = Array.from({ length: count }, (_, i) => i);
  const found: Page[] = [];
  let target: string | undefined = "/a b/things?api-version=v1&$filter=x eq 'y'";
  while (target !== undefined) {
    const next: Page = page(request(target), items, size, shape);
    found.push(next);
    target = next.nextLink?.replace('https://127.0.0.1:4443', '');
  }
  return found;
}

test('pages hold every item once and the last has no nextLink', () => {
  expect(pages(5, 2).map(({ value }) => value)).toEqual([[0, 1], [2, 3], [4]]);
  expect(pages(4, 2).map(({ value }) => value)).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(pages(0, 2)).toEqual([{ value: [] }]);
});

test('nextLink is absolute, under the host of the request, and keeps the query', () => {
  const link = new URL(pages(3, 2)[0]?.nextLink ?? '');
  expect(link.origin).toBe('https://127.0.0.1:4443');
  expect(link.pathname).toBe('/a%20b/things');
  expect(link.searchParams.get('api-version')).toBe('v1');
  expect(link.searchParams.get('$filter')).toBe("x eq 'y'");
});

test('items without a shape are left out and do not shorten the page before the end', () => {
  const odd = (item: number) => (item % 2 === 1 ? item : undefined);
  expect(pages(8, 2, odd).map(({ value }) => value)).toEqual([
    [1, 3],
    [5, 7],
  ]);
});
