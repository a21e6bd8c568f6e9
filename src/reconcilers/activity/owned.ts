import type { ManagedObject } from '../../api/schema/common.ts';
import type { Call } from '../../hints/activity/call.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Stores } from '../stores.ts';

/** What the objects of a kind have in Azure, for `status.activity`: of each, where the journal keeps what was done to it. */
export interface OwnedInAzure<T extends ManagedObject = ManagedObject> {
  /** By what the spec names and the status remembers. */
  of(object: T): readonly OwnedThing[];
  /** The objects that may have it; one too many costs a reconcile. `key`: of the journal. */
  ownersOf(key: string, stores: Stores): Iterable<ObjectKey>;
  /** Whether such a call concerns the objects. Absent: each does. */
  concerns?(call: Call): boolean;
}

export interface OwnedThing {
  /** Of the journal: `armKey`, or `partOf` a resource. */
  readonly key: string;
  /** Shown with each call, where an object has several things. */
  readonly resourceId?: string;
}
