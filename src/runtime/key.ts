/** What queues hold: names of things, not the things. */

/** `namespace/name`, or `name` for what has no namespace. */
export type ObjectKey = string;

export function splitKey(key: ObjectKey): { namespace?: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
