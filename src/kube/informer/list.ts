import type { KubeClient, List, ListQuery } from '../client.ts';
import { isGone } from '../errors.ts';
import type { KubeObject, Resource } from '../types.ts';

/** Which objects of a resource are meant. */
interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListOptions<T extends KubeObject> extends Selection {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
}

/** A full list of a large cluster takes longer than other calls. */
export const LIST_TIMEOUT_MS = 60_000;
/** client-go's page size (`tools/pager`). */
const PAGE_SIZE = 500;

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

/** All objects, as they are stored. */
export async function listAll<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  signal: AbortSignal,
  selection: Selection = {},
): Promise<readonly T[]> {
  return (await pagedList(client, resource, { ...selection, limit: PAGE_SIZE }, signal)).items;
}

/** @param resourceVersion '' reads what is stored; '0' what the API server has in its cache; else what is not older */
export function listSelected<T extends KubeObject>(
  options: ListOptions<T>,
  resourceVersion: string,
  signal: AbortSignal,
): Promise<List<T>> {
  // A limit at a set version would bypass the watch cache and read etcd; at '0' the cache ignores it (client-go).
  const paged = resourceVersion === '' || resourceVersion === '0';
  const query = {
    ...selectionOf(options),
    ...(resourceVersion === '' ? {} : { resourceVersion }),
    ...(paged ? { limit: PAGE_SIZE } : {}),
    timeoutMs: LIST_TIMEOUT_MS,
  };
  return pagedList(options.client, options.resource, query, signal);
}

/** As a query takes it: without what is not set. */
export function selectionOf({ namespace, labelSelector, fieldSelector }: Selection): Selection {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}
