import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from './client.ts';
import { isConflict, KubeError } from './errors.ts';
import { apiVersionOf, type KubeObject, keyOf, type Resource } from './types.ts';

/** The one field manager; a change of this name would leave the fields of the old one behind for ever. */
export const FIELD_MANAGER = 'azid';

/** Another client changes the object between our read and our write, this many times in a row: leave it to the next reconcile. */
const ATTEMPTS = 4;

type WithStatus = KubeObject & { readonly status?: object };

interface StatusOptions {
  /** Condition types that are the writer's alone: those it does not state are removed. Others are left alone. */
  readonly ownsCondition?: (type: string) => boolean;
}

/**
 * Makes `/status` say `status`, by server-side apply of all of it, and returns the object as it then is. No call when
 * `current` says so already: the order of members does not matter, that of list items does, and a member that is
 * undefined counts as absent. So does an empty list, which is never sent: of a list that it merges by its items the server keeps
 * nothing once it was emptied, so what stands would depend on what stood before. What another manager added is removed by a
 * patch, since apply leaves it to them.
 *
 * Only ever written to `current`'s uid: a namesake made meanwhile is a conflict, since a status pins what azid owns in
 * Azure. An edit of the spec meanwhile is none; `observedGeneration` says which spec the status is about.
 */
export async function applyStatus<T extends WithStatus>(
  client: KubeClient,
  resource: Resource<T>,
  current: T,
  status: NonNullable<T['status']>,
  signal: AbortSignal,
  { ownsCondition = () => false }: StatusOptions = {},
): Promise<T> {
  const wanted = withoutEmptyLists(asJson(status));
  if (isDeepStrictEqual(asStored(wanted), asStored(current.status ?? {}))) return current;
  const { name, namespace, uid } = current.metadata;
  let { resourceVersion } = current.metadata;
  for (let attempt = 1; ; attempt++) {
    // The version is what protects a namesake: on /status the server ignores a uid (1.37, test/kube/kube.test.ts).
    const metadata = { name, uid, resourceVersion, ...(namespace ? { namespace } : {}) };
    const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, status: wanted };
    try {
      const options = { fieldManager: FIELD_MANAGER, force: true, subresource: 'status' };
      const applied = await client.apply<T>(resource, object, options, signal);
      const surplus = surplusOf(asJson(applied.status ?? {}), wanted, ownsCondition);
      if (!surplus) return applied;
      const patch = { metadata: { resourceVersion: applied.metadata.resourceVersion }, status: surplus };
      return await client.mergePatch(resource, keyOf(current), patch, signal, { subresource: 'status' });
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
    }
    const latest = await client.get(resource, keyOf(current), signal);
    if (latest.metadata.uid !== uid)
      throw new KubeError(
        `status of ${resource.kind} ${keyOf(current)}: another object has taken its place`,
        {
          status: 409,
          reason: 'Conflict',
        },
      );
    resourceVersion = latest.metadata.resourceVersion;
  }
}

/** As the server would see it: without undefined members. */
const asJson = (value: object): Members => JSON.parse(JSON.stringify(value));

/** Its members alone: within them a list may have to be there. */
const withoutEmptyLists = (status: Members): Members =>
  Object.fromEntries(
    Object.entries(status).filter(([, value]) => !(Array.isArray(value) && value.length === 0)),
  );

/** For comparisons of what was sent with what the server shows of it: without empty lists too, wherever they are. */
export const asStored = (value: object): Members =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) =>
      Array.isArray(each) && each.length === 0 ? undefined : each,
    ),
  );

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
