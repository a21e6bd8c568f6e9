import type { ManagedObject } from '../../api/schema/common.ts';
import { type Finding, findCondition } from '../../runtime/status/conditions.ts';

/**
 * Of a condition that is `True` while something is so: `False` once it is over, since one that went away could not be waited for
 * (`kubectl wait`); and nothing on objects of which it never was.
 */
export function noLonger(
  { status }: Pick<ManagedObject, 'status'>,
  type: string,
  over: { readonly reason: string; readonly message: string },
): readonly Finding[] {
  if (findCondition(status?.conditions ?? [], type)?.status !== 'True') return [];
  return [{ type, status: 'False', ...over }];
}
