import type { ArmRequest } from './operation.ts';

/** One page of a list as ARM answers it; `nextLink` is absent on the last page. */
export interface Page {
  readonly value: readonly unknown[];
  readonly nextLink?: string;
}

type Shape<T> = (item: T) => unknown;

/**
 * Cuts a list into pages. `nextLink` is absolute, under the host and scheme of the request (src/simulator/README.md),
 * and carries all query parameters of the first call plus `$skiptoken`, the position in the list. `shape` makes the body
 * of an item, or undefined to leave it out (the caller may not read it); only the items of this page are asked about.
 */
export function page<T>(
  request: ArmRequest,
  items: readonly T[],
  pageSize: number,
  shape: Shape<T> = (item) => item,
): Page {
  const value: unknown[] = [];
  let next = Number(request.query.get('$skiptoken') ?? 0) || 0;
  for (; next < items.length && value.length < pageSize; next++) {
    const shaped = shape(items[next] as T);
    if (shaped !== undefined) value.push(shaped);
  }
  if (next >= items.length) return { value };
  const query = new URLSearchParams([...request.query].filter(([name]) => name !== '$skiptoken'));
  query.set('$skiptoken', String(next));
  return { value, nextLink: `${request.origin}${encodeURI(request.path)}?${query}` };
}

/** What `$top` asks for, never more than a page holds. */
export function pageSizeOf({ query }: Pick<ArmRequest, 'query'>, most: number): number {
  const top = Number(query.get('$top') ?? most);
  return Math.max(1, Math.min(Number.isNaN(top) ? most : top, most));
}
