import type { Watch } from '../../runtime/controller/watch.ts';
import type { Stores } from '../stores.ts';
import { onEdit, onSelf } from '../watches/watches.ts';

/** What enqueues an EventSource: itself, and any other, which may have or leave its queue. Its queue enqueues it besides. */
export function watches({
  stores: { eventSources },
}: {
  readonly stores: Pick<Stores, 'eventSources'>;
}): readonly Watch[] {
  return [onSelf(eventSources), onEdit(eventSources, () => eventSources.keys())];
}
