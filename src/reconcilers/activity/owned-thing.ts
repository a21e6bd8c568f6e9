import type { ManagedObject } from '../../api/schema/common.ts';

/** What an object has in Azure, by what its spec names and its status remembers. */
export interface HasInAzure<T extends ManagedObject = ManagedObject> {
  of(object: T): readonly OwnedThing[];
}

interface OwnedThing {
  /** Of the journal: `armKey`, or `partOf` a resource. */
  readonly key: string;
  /** Shown with each call, where an object has several things. */
  readonly resourceId?: string;
}
