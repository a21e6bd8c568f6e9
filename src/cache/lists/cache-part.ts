/** How one part of a cache of Azure stands: what one list, or one rotation of reads, keeps true. For metrics. */
export interface CachePart {
  readonly cache: 'identities' | 'assignments' | 'roles' | 'credentials' | 'hosts';
  /** Lower-cased; empty for what lies above subscriptions. */
  readonly subscription: string;
  /** Which part of the subscription's, or which scope above it: a resource type, a management group, `/`. Empty: all. */
  readonly part: string;
  /** Since the oldest of what is held was asked for; undefined: something was never read. */
  readonly ageMs: number | undefined;
  readonly entries: number;
  /** It may miss resources, so nothing is deleted because it lacks them. */
  readonly partial: boolean;
}

/** The subscription and part that an area of scopes stands for: `/subscriptions/<id>`, a management group, `/`. */
export function placeOfScope(area: string): Pick<CachePart, 'subscription' | 'part'> {
  const subscription = /^\/subscriptions\/([^/]+)$/.exec(area)?.[1];
  return subscription === undefined ? { subscription: '', part: area } : { subscription, part: '' };
}

/** One part for all of the same place: as old as the oldest, partial if one is. */
export function joined(parts: Iterable<CachePart>): readonly CachePart[] {
  const byPlace = new Map<string, CachePart>();
  for (const part of parts) {
    const place = `${part.cache} ${part.subscription} ${part.part}`;
    const held = byPlace.get(place);
    byPlace.set(place, held === undefined ? part : both(held, part));
  }
  return [...byPlace.values()];
}

function both(left: CachePart, right: CachePart): CachePart {
  const read = left.ageMs !== undefined && right.ageMs !== undefined;
  return {
    ...left,
    ageMs: read ? Math.max(left.ageMs, right.ageMs) : undefined,
    entries: left.entries + right.entries,
    partial: left.partial || right.partial,
  };
}
