import type { ManagedObject } from '../api/schema/common.ts';
import { armKey } from '../azure/names/resource-id.ts';
import { keyOf } from '../kube/types.ts';
import type { RetainedRecords } from '../orphans/records/retained.ts';
import type { RetainedEntry, RetainedKind } from '../orphans/records/retained-index.ts';
import type { Decision, FailedAction } from './decision.ts';
import type { Performed } from './kind.ts';
import { summaryOf } from './status/summary.ts';

/** For the facts of kinds whose things a sweep may take. */
export interface KeptFacts {
  /** What is on record as kept for this object, or for one of its name that lived before. Absent: nothing is put on record. */
  readonly onRecord?: readonly RetainedEntry[] | undefined;
}

export type KeptAction =
  /** Writes down, out of everybody's reach, that these stay in Azure on purpose: nothing there says so. */
  | { readonly type: 'recordRetained'; readonly ids: readonly string[] }
  | { readonly type: 'forgetRetained'; readonly entries: readonly RetainedEntry[] };

/**
 * What an object says by `deletionPolicy: Retain` is carried out when it is deleted. One that goes by force is never deleted as azid sees
 * it, and a sweep would take what it had for an orphan. So it stands on record before azid makes or takes the thing, and as soon as the
 * object says it; once for all kinds (docs/design/2026-11-29-retain-on-record.md). Pure.
 */
export interface Keeping<T, Facts, Action, Status> {
  /** Ids of all that the object has or is about to have by this decision, as far as it is proven to be its own. */
  ids(object: T, facts: Facts, decision: Decision<Action, Status>): readonly string[];
  /** It gives the object something in Azure, or marks it as the object's. */
  gives(action: Action): boolean;
  /** Something else in Azure says so by now, so that nothing on record has to. Absent: nothing ever does. */
  isMarkedInAzure?(object: T, facts: Facts): boolean;
}

type Retaining = ManagedObject & {
  readonly spec: { readonly deletionPolicy?: 'Delete' | 'Retain' | undefined };
};

/** @param decide whose actions `KeptAction` are among */
export function withKept<
  T extends Retaining,
  Facts extends KeptFacts,
  Action extends { readonly type: string },
  Status,
  Made extends Decision<Action, Status>,
>(
  decide: (object: T, facts: Facts, failed?: FailedAction<Action>) => Made,
  keeping: Keeping<T, Facts, Action, Status>,
): (object: T, facts: Facts, failed?: FailedAction<Action>) => Made {
  return (object, facts, failed) => {
    const { onRecord } = facts;
    if (!onRecord) return decide(object, facts, failed);
    const isDeleting = object.metadata.deletionTimestamp !== undefined;
    const own = failed && isOwn(failed, isDeleting) ? failed : undefined;
    const decision = decide(object, facts, own ? undefined : failed);
    // What cannot be taken off the record must not hold an object that goes.
    if (isDeleting) return own ? decision : withoutFinalizer(object, facts, onRecord, decision, keeping);
    const change = changeOf(object, facts, onRecord, decision, keeping);
    if (!change) return decision;
    const { actions } = decision;
    const isResting = actions.length === 0;
    // Nothing is given that a sweep could take for an orphan; what is taken away waits for no record.
    if (!isResting && !actions.some((action) => keeping.gives(action))) return decision;
    if (own) return { ...decision, actions: [], summary: summaryOf(own.failure) };
    // An object that is suspended, or denied what it has, may go by force as well.
    if (isResting) return { ...decision, actions: [change as unknown as Action], binds: true };
    if (change.type === 'forgetRetained') return decision;
    const finalizers = actions.filter(isFinalizer);
    const others = actions.filter((action) => !isFinalizer(action));
    return { ...decision, actions: [...finalizers, change as unknown as Action, ...others] };
  };
}

/** What failed is about the record alone. That an object which goes cannot be put on record is for its own decision to report. */
function isOwn({ action: { type } }: FailedAction<{ readonly type: string }>, isDeleting: boolean): boolean {
  return type === 'forgetRetained' || (type === 'recordRetained' && !isDeleting);
}

function isFinalizer({ type }: { readonly type: string }): boolean {
  return type === 'addFinalizer';
}

/** What the record lacks, or has too much. What goes waits until the object is as declared. */
function changeOf<T extends Retaining, Facts extends KeptFacts, Action, Status>(
  object: T,
  facts: Facts,
  onRecord: readonly RetainedEntry[],
  decision: Decision<Action, Status>,
  keeping: Keeping<T, Facts, Action, Status>,
): KeptAction | undefined {
  const { uid } = object.metadata;
  const ids = keeping.ids(object, facts, decision);
  const keys = new Set(ids.map(armKey));
  const own = onRecord.filter((each) => each.uid === uid);
  // Of an object of this name that lived before: this one has the thing now, and it is as this one says.
  const before = onRecord.filter((each) => each.uid !== uid && keys.has(each.key));
  if (object.spec.deletionPolicy !== 'Retain') return forgetting([...own, ...before]);
  const known = new Set(own.map(({ key }) => key));
  const missing = ids.filter((id) => !known.has(armKey(id)));
  if (missing.length > 0) return { type: 'recordRetained', ids: missing };
  if (decision.summary.state !== 'ready') return undefined;
  return forgetting([...own.filter(({ key }) => !keys.has(key)), ...before]);
}

function forgetting(entries: readonly RetainedEntry[]): KeptAction | undefined {
  return entries.length > 0 ? { type: 'forgetRetained', entries } : undefined;
}

/**
 * The finalizer goes: what azid took away needs no record. Nor does what is marked in Azure as retained; all else that `Retain` leaves
 * stays on record, and by what name it was left it is found.
 */
function withoutFinalizer<
  T extends Retaining,
  Facts extends KeptFacts,
  Action extends { readonly type: string },
  Status,
  Made extends Decision<Action, Status>,
>(
  object: T,
  facts: Facts,
  onRecord: readonly RetainedEntry[],
  decision: Made,
  keeping: Keeping<T, Facts, Action, Status>,
): Made {
  const own = onRecord.filter(({ uid }) => uid === object.metadata.uid);
  const stays = object.spec.deletionPolicy === 'Retain' && keeping.isMarkedInAzure?.(object, facts) !== true;
  const at = decision.actions.findIndex(({ type }) => type === 'removeFinalizer');
  if (own.length === 0 || stays || at < 0) return decision;
  const forget = { type: 'forgetRetained', entries: own } as const;
  return { ...decision, actions: decision.actions.toSpliced(at, 0, forget as unknown as Action) };
}

interface KeptDeps {
  readonly retained: Pick<RetainedRecords, 'record' | 'forget'>;
}

export function isKeptAction(action: { readonly type: string }): action is KeptAction {
  return action.type === 'recordRetained' || action.type === 'forgetRetained';
}

export async function performKept(
  action: KeptAction,
  { metadata }: ManagedObject,
  signal: AbortSignal,
  { retained }: KeptDeps,
): Promise<Performed> {
  if (action.type === 'recordRetained')
    await retained.record(action.ids, { owner: keyOf({ metadata }), uid: metadata.uid }, signal);
  else await retained.forget(action.entries, signal);
  return {};
}

/** What this process knows of the record. */
export function keptFacts(
  kind: RetainedKind | 'identities',
  { metadata }: ManagedObject,
  { retained }: { readonly retained: Pick<RetainedRecords, 'ofObject'> },
): KeptFacts {
  return { onRecord: retained.ofObject(kind, metadata.uid, keyOf({ metadata })) };
}
