/**
 * An object that is made anew on another cluster has another uid there. Ledgers, records and ends name their owners by uid, so each is
 * written with the new ones: one that still named the old uid would be that of an object that is gone.
 */

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

export type Uids = ReadonlyMap<string, string>;

/** Every old uid, in values and in keys, gives way to the new one; what names no object of the bundle stays as it is. Pure. */
export function withNewUids<T>(value: T, uids: Uids): T {
  if (typeof value === 'string')
    return value.replace(UUID, (each) => uids.get(each.toLowerCase()) ?? each) as T;
  if (Array.isArray(value)) return value.map((each) => withNewUids(each, uids)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [withNewUids(key, uids), withNewUids(each, uids)]),
  ) as T;
}

/**
 * A status as it stands on the new object: one of the spec's current generation stays current there; one of an
 * earlier generation gets none. Pure.
 */
export function statusFor<T extends object>(
  status: T,
  { from, to }: { readonly from: number; readonly to: number },
  uids: Uids,
): T {
  const generation = (observed: unknown) => (observed === from ? to : -1);
  return withNewUids(atGeneration(status, generation), uids) as T;
}

function atGeneration(value: unknown, generation: (observed: unknown) => number): unknown {
  if (Array.isArray(value)) return value.map((each) => atGeneration(each, generation));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === 'observedGeneration' ? generation(each) : atGeneration(each, generation),
    ]),
  );
}
