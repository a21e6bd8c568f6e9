import type { ManagedObject } from '../../api/schema/common.ts';
import type { Call } from '../../hints/activity/call.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Stores } from '../stores.ts';
import type { HasInAzure } from './owned-thing.ts';

/** What the objects of a kind have in Azure, for `status.activity`: of each, where the journal keeps what was done to it. */
export interface OwnedInAzure<T extends ManagedObject = ManagedObject> extends HasInAzure<T> {
  /** The objects that may have it; one too many costs a reconcile. `key`: of the journal. */
  ownersOf(key: string, stores: Stores): Iterable<ObjectKey>;
  /** Whether such a call concerns the objects. Absent: each does. */
  concerns?(call: Call): boolean;
}
