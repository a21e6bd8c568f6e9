/** Does the simulated Azure really hold what an object declares? Asked of its state, never of azid. */

import { KINDS } from '../../api/index.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { DeclaredResource } from '../../api/schema/declared.ts';
import { type HeldResource, heldIn, type SimulatedState, same } from './held.ts';

/** What differs, one line each; undefined for an object that does not show what it has in Azure. */
export function differences(object: ManagedObject, azure: SimulatedState): readonly string[] | undefined {
  const kind = KINDS.find(({ resource }) => resource.kind === object.kind);
  return kind?.declares?.(object)?.flatMap((each) => differencesOf(each, azure));
}

function differencesOf({ what, id, fields, tags = {} }: DeclaredResource, azure: SimulatedState): string[] {
  if (id === undefined) return [`no ${what} named in the status`];
  const held = heldIn(azure, what, id);
  if (!held) return [`no ${what} ${id}`];
  return [
    ...Object.entries(fields).flatMap(([field, expected]) =>
      unequal(field, expected, fieldOf(held.fields, field)),
    ),
    ...Object.entries(tags).flatMap(([tag, expected]) => differentTag(tag, expected, held)),
  ];
}

function unequal(field: string, expected: string | undefined, actual: string | undefined): string[] {
  if (expected === undefined || same(expected, actual ?? '')) return [];
  return [`${field}: expected ${expected}, found ${actual ?? 'none'}`];
}

/** Of a tag's value the case counts. */
function differentTag(tag: string, expected: string, { tags = {} }: HeldResource): string[] {
  const actual = fieldOf(tags, tag);
  return actual === expected ? [] : [`tag ${tag}: expected ${expected}, found ${actual ?? 'none'}`];
}

function fieldOf<V>(of: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.entries(of).find(([key]) => same(key, name))?.[1];
}
