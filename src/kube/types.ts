/** The shapes every Kubernetes object shares, their paths and the order of their versions; kinds extend `KubeObject` with their own spec and status. */
import { type ObjectKey, splitKey } from '../runtime/key.ts';

export { type ObjectKey, splitKey } from '../runtime/key.ts';
export type { Condition } from '../runtime/status/conditions.ts';

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Objects from a store are read-only: many readers share one instance. Times are the strings the server sent. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export function keyOf(object: { readonly metadata: Pick<ObjectMeta, 'namespace' | 'name'> }): ObjectKey {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** One kind as the API server serves it. The type parameter ties requests to the kind's TypeScript type. */
export interface Resource<_T extends KubeObject = KubeObject> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export function apiVersionOf(resource: Resource): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version;
}

/** Path of the collection: of one namespace, or of all for a namespaced resource without one. */
export function collectionPath(resource: Resource, namespace?: string): string {
  if (namespace !== undefined && !resource.namespaced)
    throw new Error(
      `Expected no namespace for ${resource.kind}, which is cluster-scoped, got "${namespace}"`,
    );
  const base = resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`;
  return namespace
    ? `${base}/namespaces/${encodeURIComponent(namespace)}/${resource.plural}`
    : `${base}/${resource.plural}`;
}

/** Path of one object; throws when the key's form does not fit the resource's scope. */
export function objectPath(resource: Resource, key: ObjectKey, subresource?: string): string {
  const { namespace, name } = splitKey(key);
  if (resource.namespaced !== (namespace !== undefined) || !name)
    throw new Error(
      `Expected the key of a ${resource.kind} to be "${resource.namespaced ? 'namespace/name' : 'name'}", got "${key}"`,
    );
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** Path to create an object at. */
export function creationPath(
  resource: Resource,
  object: { metadata: Partial<KubeObject['metadata']> },
): string {
  const namespace = object.metadata.namespace;
  if (resource.namespaced && !namespace)
    throw new Error(`Expected metadata.namespace of a ${resource.kind} to be set, got none`);
  return collectionPath(resource, resource.namespaced ? namespace : undefined);
}

/**
 * Order of two resourceVersions of one resource type: negative, 0 or positive, or undefined if they cannot be ordered.
 * Since Kubernetes 1.35 they are by contract decimal integers without bound (KEP-5504), so they are compared by length,
 * then by digits; anything else is opaque, and only equality is known.
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!isOrdered(a) || !isOrdered(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

/** Where they can be ordered. */
export function isOlder(version: string, than: string): boolean {
  return (compareVersions(version, than) ?? 0) < 0;
}

const isOrdered = (version: string) => /^[1-9][0-9]*$/.test(version);
