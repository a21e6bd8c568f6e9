import { armKey } from '../../azure/names/resource-id.ts';

/** Under which keys the journal keeps what was done: a resource by `armKey`, and what of it is somebody's by a key of its own. */

/** A part of a resource; `#` stands in no id. */
export function partOf(id: string, part: string): string {
  return `${armKey(id)}#${part}`;
}

/** The resource and the part of it that such a key is of. */
export function parsePart(key: string): { readonly resource: string; readonly part: string } | undefined {
  const at = key.indexOf('#');
  return at < 0 ? undefined : { resource: key.slice(0, at), part: key.slice(at + 1) };
}
