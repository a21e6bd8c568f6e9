import type { ArmRequest } from './operation.ts';

/** One page of a list as ARM answers it; `nextLink` is absent on the last page. */
export interface Page {
  readonly value: readonly unknown[];
  readonly nextLink?: string;
}

/**
 * Cuts a list into pages. `nextLink` is absolute, under the host and scheme of the request (simulator.md section 1),
 * and carries all query parameters of the first call plus `$skiptoken`, which is the number of items already given.
 */
export function page(request: ArmRequest, items: readonly unknown[], pageSize: number): Page {
  const skip = Number(request.query.get('$skiptoken') ?? 0) || 0;
  const value = items.slice(skip, skip + pageSize);
  const next = skip + pageSize;
  if (next >= items.length) return { value };
  const query = new URLSearchParams([...request.query].filter(([name]) => name !== '$skiptoken'));
  query.set('$skiptoken', String(next));
  return { value, nextLink: `${request.origin}${encodeURI(request.path)}?${query}` };
}
