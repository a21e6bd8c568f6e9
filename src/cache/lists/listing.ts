/** What one call of a list showed. */
export interface Page<T> {
  readonly found: readonly T[];
  /** Monotonic ms at which this page's request began. */
  readonly requestedAt: number;
  /** Areas beneath, each of which has a list of its own: the slots of each site. */
  readonly areas?: readonly string[];
  /** Ids of resources of which the list leaves out what matters: they are read one by one. */
  readonly leftOut?: readonly string[];
  /** Azure answered that the parent of these resources is not there. */
  readonly gone?: boolean;
}

/** A whole list: every page came. */
export interface CompletedList<T> {
  /** When its first request began, monotonic ms: an absence is as old as this. */
  readonly startedAt: number;
  /** Each with the time at which its own page's request began. */
  readonly found: readonly { readonly resource: T; readonly requestedAt: number }[];
  readonly areas?: readonly string[] | undefined;
  readonly leftOut?: readonly string[];
  readonly gone?: boolean;
}

/** @param now monotonic ms, for a list without a page */
export async function collected<T>(
  pages: AsyncIterable<Page<T>>,
  now: () => number,
): Promise<CompletedList<T>> {
  const found: { resource: T; requestedAt: number }[] = [];
  const leftOut: string[] = [];
  let startedAt: number | undefined;
  let areas: string[] | undefined;
  let gone = false;
  for await (const page of pages) {
    startedAt ??= page.requestedAt;
    for (const resource of page.found) found.push({ resource, requestedAt: page.requestedAt });
    if (page.areas) areas = [...(areas ?? []), ...page.areas];
    leftOut.push(...(page.leftOut ?? []));
    gone ||= page.gone ?? false;
  }
  return { startedAt: startedAt ?? now(), found, areas, leftOut, gone };
}
