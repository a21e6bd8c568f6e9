import type { ManagedObject } from '../../api/schema/common.ts';
import { keyOf } from '../../kube/types.ts';
import type { RetainedKind, RetainedRecords } from '../../orphans/records/retained.ts';
import type { Performed } from '../kind.ts';
import type { KeptAction, KeptFacts } from './facts.ts';

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
