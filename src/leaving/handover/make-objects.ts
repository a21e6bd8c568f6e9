/**
 * The objects of a bundle on the new cluster: made under the uids they get there, each with the status that it had. Ledgers, records and ends
 * name their owners by uid, so each is written with the new ones: an old uid would be that of an object that is gone.
 */
import { kindNamed } from '../../api/index.ts';
import { FINALIZER, type ManagedObject } from '../../api/schema/common.ts';
import { applyStatus } from '../../kube/apply.ts';
import { addFinalizer } from '../../kube/finalizers.ts';
import { apiVersionOf, keyOf, type Resource } from '../../kube/types.ts';
import { ownsCondition } from '../../reconcilers/status/status-memory.ts';
import { CommandRefused } from '../../runtime/command-refused.ts';
import { type Found, type InstallationDeps, listKind } from '../objects.ts';
import { type Bundle, type BundledObject, isInternal, keyAmongKinds } from './bundle.ts';
import { differenceOf } from './decide-import.ts';

type Resources = ReadonlyMap<string, Resource<ManagedObject>>;

export function resourcesOf({ objects }: Bundle): Resources {
  return new Map(
    [...new Set(objects.map(({ kind }) => kind))].map((name) => {
      const kind = kindNamed(name);
      if (!kind)
        throw new CommandRefused(
          `the bundle has objects of kind ${name}, which this azid does not know: use the version that exported it`,
        );
      return [name, kind.resource as Resource<ManagedObject>];
    }),
  );
}

/** What is there of the bundle's kinds, by kind and key. */
export async function existing(
  resources: Resources,
  deps: InstallationDeps,
): Promise<ReadonlyMap<string, Found['object']>> {
  const all = new Map<string, Found['object']>();
  for (const name of resources.keys()) {
    const kind = kindNamed(name);
    const found = kind && (await listKind(kind, deps));
    if (!found)
      throw new CommandRefused(
        `this cluster does not serve ${name}: kubectl apply --server-side -f crds/ first`,
      );
    for (const { object } of found) all.set(`${name} ${keyOf(object)}`, object);
  }
  return all;
}

/** Users' objects first, since ledgers name them by the uids they get. */
export async function makeObjects(
  { objects }: Bundle,
  there: ReadonlyMap<string, ManagedObject>,
  resources: Resources,
  deps: InstallationDeps,
): Promise<Uids> {
  const uids = new Map<string, string>();
  const [internal, people] = [objects.filter(isInternal), objects.filter((each) => !isInternal(each))];
  const made: [BundledObject, ManagedObject][] = [];
  for (const each of people) {
    const object = await make(each, there, resources, uids, deps);
    uids.set(each.uid.toLowerCase(), object.metadata.uid);
    made.push([each, object]);
  }
  for (const each of internal) made.push([each, await make(each, there, resources, uids, deps)]);
  deps.say(`${made.length} objects are made; writing what their statuses remember`);
  for (const [each, object] of made) await writeStatus(each, object, resources, uids, deps);
  return uids;
}

async function make(
  each: BundledObject,
  there: ReadonlyMap<string, ManagedObject>,
  resources: Resources,
  uids: Uids,
  { client, namespace: azidNamespace, signal }: InstallationDeps,
): Promise<ManagedObject> {
  const resource = resourceOf(each, resources);
  const { kind, name, labels, annotations, finalizer, spec } = each;
  const namespace = isInternal(each) ? azidNamespace : each.namespace;
  const wanted = isInternal(each) ? withNewUids(spec, uids) : spec;
  const found = there.get(keyAmongKinds(each, azidNamespace));
  if (found) {
    const held = finalizer ? await addFinalizer(client, resource, found, FINALIZER, signal) : found;
    // Of an earlier run, for an object that was made again since.
    if (isInternal(each) && differenceOf(wanted, held.spec, 'spec') !== undefined)
      return client.mergePatch(resource, keyOf(held), { spec: wanted }, signal);
    return held;
  }
  const draft = {
    apiVersion: apiVersionOf(resource),
    kind,
    metadata: {
      ...(namespace !== undefined && { namespace }),
      name,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizer && { finalizers: [FINALIZER] }),
    },
    spec: wanted,
  };
  return client.create(resource, draft as never, signal);
}

/** As azid itself writes it, so that azid can take away again what stands there. */
async function writeStatus(
  { status, generation, ...each }: BundledObject,
  object: ManagedObject,
  resources: Resources,
  uids: Uids,
  { client, signal }: InstallationDeps,
): Promise<void> {
  if (!status) return;
  const to = object.metadata.generation ?? 1;
  const wanted = statusFor(status, { from: generation, to }, uids);
  const resource = resourceOf({ status, generation, ...each }, resources);
  await applyStatus(client, resource, object, wanted as NonNullable<ManagedObject['status']>, signal, {
    ownsCondition,
  });
}

function resourceOf({ kind }: BundledObject, resources: Resources): Resource<ManagedObject> {
  const resource = resources.get(kind);
  if (!resource) throw new Error(`expected ${kind} to be among the kinds of the bundle`);
  return resource;
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

/** From the uid that an object had to the one that it has on the new cluster. */
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
