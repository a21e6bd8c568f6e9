import type { Watch } from '../../runtime/controller/watch.ts';
import { INDEX, type Stores } from '../stores.ts';
import { onEdit, onSelf } from '../watches/watches.ts';

/** What enqueues an AssignmentExpiry: itself, and an edit of a grant that it names as an owner. */
export function watches({
  stores: { expiries, grants },
}: {
  readonly stores: Pick<Stores, 'expiries' | 'grants'>;
}): readonly Watch[] {
  return [
    onSelf(expiries),
    onEdit(grants, ({ old, new: next }) => {
      const { uid } = (next ?? old)?.metadata ?? {};
      return uid === undefined ? [] : expiries.keysByIndex(INDEX.expiryOwner, uid);
    }),
  ];
}
