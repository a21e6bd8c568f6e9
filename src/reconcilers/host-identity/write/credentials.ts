/** By which credential azid acts. There is one until the policies bring more; each write is of one alone. */

/** azid's own. */
export const AZID = 'azid';

/** In the order in which each credential is first met. */
export function byCredential<T extends { readonly credential: string }>(
  items: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.credential, [...(groups.get(item.credential) ?? []), item]);
  return groups;
}
