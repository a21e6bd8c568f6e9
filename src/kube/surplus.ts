import { isDeepStrictEqual } from 'node:util';

type Members = Readonly<Record<string, unknown>>;

/** The API server's schema has a default for it, so it cannot be removed. */
const DEFAULTED = 'observedGeneration';

/**
 * The merge patch that removes from a status what server-side apply left of other managers' fields, once all that is
 * wanted stands there: members that are not wanted, and lists that hold more, or in another order. Undefined when
 * nothing is left over.
 *
 * It only ever takes away: a merge patch that set a value would make its sender a second manager of the field, and a later
 * apply without the field would not remove it.
 */
export function surplusOf(
  actual: Members,
  wanted: Members,
  ownsCondition: (type: string) => boolean,
): Members | undefined {
  const patch: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(actual)) {
    const want = wanted[name];
    if (name === 'conditions') {
      const kept = withForeign(asList(value), asList(want), ownsCondition);
      if (!isDeepStrictEqual(kept, value)) patch[name] = kept.length > 0 ? kept : null;
    } else if (want === undefined) {
      if (name !== DEFAULTED) patch[name] = null;
    } else if (Array.isArray(value)) {
      if (!isDeepStrictEqual(value, want)) patch[name] = want;
    } else if (isMembers(value) && isMembers(want)) {
      const inner = surplusOf(value, want, () => false);
      if (inner) patch[name] = inner;
    }
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

interface Conditioned {
  readonly type?: string;
}

/** The writer's own conditions as wanted, and those of others as they are, each at its place. */
function withForeign(
  actual: readonly Conditioned[],
  wanted: readonly Conditioned[],
  ownsCondition: (type: string) => boolean,
): readonly Conditioned[] {
  return actual.flatMap((each) => {
    const want = wanted.find(({ type }) => type === each.type);
    if (want) return want;
    return ownsCondition(each.type ?? '') ? [] : each;
  });
}

function asList(value: unknown): readonly Conditioned[] {
  return Array.isArray(value) ? value : [];
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
