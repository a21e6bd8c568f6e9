import type { EventSource } from '../../api/event-source.ts';
import { asciiLower } from '../../azure/names/text.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import type { QueueAddress } from '../service-bus/queue-link.ts';

/** Whether an EventSource is received from, and if not, why. */
export type Assignment =
  | { readonly type: 'receives'; readonly address: QueueAddress }
  /** Suspended, or being deleted. */
  | { readonly type: 'off' }
  /** Its host is none of the cloud's: a token would go elsewhere. */
  | { readonly type: 'otherCloud' }
  /** An older EventSource names the same queue. */
  | { readonly type: 'taken'; readonly by: string };

/**
 * Which EventSources receive. Of several with one queue the oldest does: two consumers would share the messages between them, and
 * neither would know how long the queue was silent.
 * @param suffix what hosts of namespaces end in
 */
export function assignmentsOf(
  sources: readonly EventSource[],
  suffix: string,
): ReadonlyMap<ObjectKey, Assignment> {
  const assignments = new Map<ObjectKey, Assignment>();
  const receivers = new Map<string, string>();
  for (const source of sources.toSorted(byAge)) {
    const { namespace, queue } = source.spec.serviceBus;
    const address = { namespace: asciiLower(namespace), queue };
    // Entities of Service Bus compare without case.
    const id = `${address.namespace}/${asciiLower(queue)}`;
    const by = receivers.get(id);
    const assignment: Assignment = isOff(source)
      ? { type: 'off' }
      : !address.namespace.endsWith(`.${suffix}`)
        ? { type: 'otherCloud' }
        : by !== undefined
          ? { type: 'taken', by }
          : { type: 'receives', address };
    if (assignment.type === 'receives') receivers.set(id, source.metadata.name);
    assignments.set(keyOf(source), assignment);
  }
  return assignments;
}

function isOff({ spec, metadata }: EventSource): boolean {
  return spec.suspend === true || metadata.deletionTimestamp !== undefined;
}

function byAge({ metadata: a }: EventSource, { metadata: b }: EventSource): number {
  const born = (at: string | undefined) => Date.parse(at ?? '');
  return born(a.creationTimestamp) - born(b.creationTimestamp) || (a.uid < b.uid ? -1 : 1);
}
