import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from './client.ts';
import { apiVersionOf, type KubeObject, type Resource } from './types.ts';

/** The one field manager; a change of this name would leave the fields of the old one behind for ever. */
export const FIELD_MANAGER = 'azid';

/**
 * Makes `/status` say `status`, by server-side apply of all of it, and returns the object as it then is. No call when
 * `current` says so already: the order of members does not matter, that of list items does, and a member that is
 * undefined counts as absent. Applies to `current`'s uid only: a namesake made meanwhile is a conflict.
 */
export async function applyStatus<T extends KubeObject & { readonly status?: object }>(
  client: KubeClient,
  resource: Resource<T>,
  current: T,
  status: NonNullable<T['status']>,
  signal: AbortSignal,
): Promise<T> {
  const wanted = asJson(status);
  if (isDeepStrictEqual(wanted, asJson(current.status ?? {}))) return current;
  const { name, namespace, uid } = current.metadata;
  return client.apply(
    resource,
    {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { name, uid, ...(namespace ? { namespace } : {}) },
      status: wanted,
    },
    { fieldManager: FIELD_MANAGER, force: true, subresource: 'status' },
    signal,
  );
}

/** As the server would see it: without undefined members. */
const asJson = (value: object): object => JSON.parse(JSON.stringify(value));
