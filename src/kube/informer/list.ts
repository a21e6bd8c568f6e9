import type { KubeClient, List, ListQuery } from '../client.ts';
import { isGone } from '../errors.ts';
import type { KubeObject, Resource } from '../types.ts';

/** client-go's page size (`tools/pager`). */
export const PAGE_SIZE = 500;

/**
 * Reads all pages of a list. When the continue token of a later page has expired, the whole list is read again in one
 * piece, as client-go's pager does: pages of two versions never mix.
 */
export async function pagedList<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  query: Omit<ListQuery, 'continue'>,
  signal: AbortSignal,
): Promise<List<T>> {
  const first = await client.list(resource, query, signal);
  if (first.continue === undefined) return first;
  const items = [...first.items];
  // The version is part of the token; sending both is refused.
  const { resourceVersion: _, resourceVersionMatch: __, ...rest } = query;
  let token: string | undefined = first.continue;
  while (token !== undefined) {
    try {
      const page: List<T> = await client.list(resource, { ...rest, continue: token }, signal);
      items.push(...page.items);
      token = page.continue;
    } catch (error) {
      if (!isGone(error)) throw error;
      const { limit: _limit, ...whole } = query;
      return client.list(resource, whole, signal);
    }
  }
  return { items, resourceVersion: first.resourceVersion };
}
