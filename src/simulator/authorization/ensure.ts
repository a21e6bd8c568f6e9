/** The value under a key, made and kept when there is none. (`Map.getOrInsertComputed` is not in Node 24 yet.) */
export function ensure<K, V>(map: Map<K, V>, key: K, make: (key: K) => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make(key);
  map.set(key, made);
  return made;
}
