import type { ManagedObject } from '../api/schema/common.ts';
import { type Event, events } from '../kube/builtin.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { PAGE_SIZE, pagedList } from '../kube/informer/list.ts';

/** The Events about an object, the newest first; a text: why they could not be read. */
export async function eventsOf(
  { metadata }: ManagedObject,
  { client, signal }: { readonly client: KubeClient; readonly signal: AbortSignal },
): Promise<readonly Event[] | string> {
  // Those of objects of the cluster stand in `default`, as of any reporter.
  const { namespace = 'default', name, uid } = metadata;
  try {
    const { items } = await pagedList<Event>(
      client,
      events,
      { namespace, fieldSelector: `regarding.name=${name}`, limit: PAGE_SIZE },
      signal,
    );
    return items
      .filter(({ regarding }) => regarding?.uid === uid)
      .toSorted((left, right) => lastSeen(right) - lastSeen(left));
  } catch (error) {
    if (signal.aborted || !(error instanceof KubeError)) throw error;
    return error.message;
  }
}

/** Wall ms. An Event that came again says so in its series. */
export function lastSeen({ eventTime, series, metadata }: Event): number {
  const time = Date.parse(series?.lastObservedTime ?? eventTime ?? metadata.creationTimestamp);
  return Number.isNaN(time) ? 0 : time;
}
