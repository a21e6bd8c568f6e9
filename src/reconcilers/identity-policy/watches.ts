import type { Watch } from '../../runtime/controller/watch.ts';
import type { Stores } from '../stores.ts';
import { onEdit, onLabels, onSelf } from '../watches/watches.ts';

/** What enqueues an IdentityPolicy: itself, and any other, which may contradict it or have done so. */
export function watches({
  stores: { policies, namespaces },
}: {
  readonly stores: Pick<Stores, 'policies' | 'namespaces'>;
}): readonly Watch[] {
  return [
    onSelf(policies),
    onEdit(policies, () => policies.keys()),
    onLabels(namespaces, () => policies.keys()),
  ];
}
