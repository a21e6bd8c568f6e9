import { isDeepStrictEqual } from 'node:util';
import type { ManagedObject, ManagedStatus } from '../../api/schema/common.ts';
import { asStored } from '../../kube/apply.ts';
import { type Condition, compareVersions, keyOf, type ObjectKey } from '../../kube/types.ts';

/**
 * The types of condition that azid sets. Others in a status are other managers': they are neither believed nor touched.
 */
export const OWN_CONDITIONS: ReadonlySet<string> = new Set([
  'Ready',
  'Reconciling',
  'Stalled',
  'Suspended',
  'Propagated',
  'EventsArriving',
  'ClocksAgree',
  'Contested',
  'DetachConfirmed',
  'DeletionBlocked',
  'RemovalBlocked',
  'MutableSubject',
  'LedgerFull',
  'SecondIdentity',
  'Stopped',
]);

interface Known {
  readonly key: ObjectKey;
  own: ManagedStatus | undefined;
  writing?: object | undefined;
  /** As the API server has it, where another client wrote it. */
  altered?: { readonly status: ManagedStatus | undefined; readonly version: string } | undefined;
}

/**
 * What this process last wrote into each object's status, or read there when it first met the object. A status is azid's
 * own memory: what another client writes into it no part of azid reads, since the store shows azid's own instead; and
 * the reconcile which that change causes undoes it. Of what happened while no process of azid ran nothing is known here;
 * then only Azure's own word counts, as always.
 */
export class StatusMemory<T extends ManagedObject> {
  readonly #byUid = new Map<string, Known>();
  /** What is known under each key: an object may go before any reconcile has met it. */
  readonly #uids = new Map<ObjectKey, string>();
  readonly #onAltered: (object: T) => void;
  readonly #read: (status: ManagedStatus | undefined) => ManagedStatus | undefined;

  /**
   * @param onAltered another client wrote into the status of an object
   * @param read what is believed of a status that this process did not write; the same object if all of it is
   */
  constructor(
    onAltered: (object: T) => void = () => {},
    read: (status: ManagedStatus | undefined) => ManagedStatus | undefined = (status) => status,
  ) {
    this.#onAltered = onAltered;
    this.#read = read;
  }

  /** How many objects it knows. */
  get size(): number {
    return this.#byUid.size;
  }

  /**
   * The object as it is first met, by the store or by a reconcile. One that was just made has no status yet, since the API
   * server takes none at the creation: what stands there later is azid's, or foreign. Of one that is older only what
   * can be azid's is believed; the rest counts as foreign.
   */
  meet(object: T): void {
    const { uid } = object.metadata;
    if (!this.#byUid.has(uid)) this.#met(object);
  }

  #met(object: T): Known {
    const key = keyOf(object);
    this.gone(key);
    const known = { key, own: this.#read(object.status) };
    this.#uids.set(key, object.metadata.uid);
    this.#byUid.set(object.metadata.uid, known);
    return known;
  }

  /** The object as readers are to see it: for the store. */
  shown(object: T): T {
    const { uid, resourceVersion: version } = object.metadata;
    const known = this.#byUid.get(uid) ?? this.#met(object);
    const isForeign = this.#isForeign(known, object);
    known.altered = isForeign ? { status: object.status, version } : undefined;
    if (!isForeign) return object;
    this.#onAltered(object);
    return { ...object, status: this.#restored(known, object) };
  }

  /**
   * The object as the API server has it, if another client wrote into its status since azid did: what the store shows of it
   * is to be written again.
   */
  altered(object: T): T | undefined {
    const known = this.#byUid.get(object.metadata.uid);
    return known?.altered && { ...object, status: known.altered.status };
  }

  /** The status that is to stand in place of an altered one. */
  own(altered: T): ManagedStatus {
    const known = this.#byUid.get(altered.metadata.uid);
    return known ? this.#restored(known, altered) : (altered.status ?? {});
  }

  /** A write of this status is about to leave: the watch may show it before its answer comes. */
  begin({ metadata: { uid } }: T, status: object): void {
    const known = this.#byUid.get(uid);
    if (known) known.writing = status;
  }

  /** The answer to a write of this process. What another client wrote after it is still to be undone. */
  wrote({ metadata: { uid, resourceVersion }, status }: T): void {
    const known = this.#byUid.get(uid);
    if (!known) return;
    known.own = status;
    known.writing = undefined;
    if (known.altered && (compareVersions(known.altered.version, resourceVersion) ?? 0) <= 0)
      known.altered = undefined;
  }

  /** How the write ended is not known, it was refused, or nothing was sent. */
  failed({ metadata: { uid } }: T): void {
    const known = this.#byUid.get(uid);
    if (known) known.writing = undefined;
  }

  forget(uid: string): void {
    const known = this.#byUid.get(uid);
    this.#byUid.delete(uid);
    if (known && this.#uids.get(known.key) === uid) this.#uids.delete(known.key);
  }

  /** Another process writes the objects of this namespace from now on. */
  forgetNamespace(namespace: string): void {
    for (const [key, uid] of [...this.#uids]) if (key.startsWith(`${namespace}/`)) this.forget(uid);
  }

  /** Of an object that another process writes: what is believed of a status that this one did not write. */
  ofAnother(object: T): T {
    const status = this.#read(object.status);
    return status === object.status ? object : { ...object, status };
  }

  /** Nothing stands under the key any more, or another object. */
  gone(key: ObjectKey): void {
    const uid = this.#uids.get(key);
    if (uid !== undefined) this.forget(uid);
  }

  #isForeign(known: Known, { status }: T): boolean {
    if (status === known.own) return false;
    if (same(status, known.own)) {
      // One copy of it will do.
      known.own = status;
      return false;
    }
    return known.writing === undefined || !same(status, known.writing);
  }

  /** azid's own status, and the conditions of other managers as they are now. */
  #restored({ own }: Known, { status }: T): ManagedStatus {
    const foreign = (status?.conditions ?? []).filter(isForeignCondition);
    const mine = (own?.conditions ?? []).filter((each) => !isForeignCondition(each));
    const conditions = [...mine, ...foreign];
    return { ...own, ...(conditions.length > 0 && { conditions }) };
  }
}

export function ownsCondition(type: string): boolean {
  return OWN_CONDITIONS.has(type);
}

function isForeignCondition({ type }: Pick<Condition, 'type'>): boolean {
  return !OWN_CONDITIONS.has(type);
}

function same(left: object | undefined, right: object | undefined): boolean {
  return isDeepStrictEqual(comparable(left), comparable(right));
}

/** As the API server stores it, without other managers' conditions, and without what it puts in by default. */
function comparable(status: object | undefined): object {
  const plain = asStored(status ?? {}) as {
    conditions?: Condition[];
    observedGeneration?: number;
  };
  const conditions = plain.conditions?.filter((each) => !isForeignCondition(each)) ?? [];
  const { conditions: _, observedGeneration = -1, ...rest } = plain;
  return { ...rest, observedGeneration, conditions };
}
