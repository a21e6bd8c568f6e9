import { type KubeObject, type ObjectKey, type Resource, splitKey } from './types.ts';

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
