/**
 * Finalizers, with the version that was read: two writers of one list cannot lose each other's entry. A conflict goes
 * to the caller, who reads again; it is never forced (docs/kubernetes.md section 7).
 */
import type { KubeClient } from './client.ts';
import { isNotFound } from './errors.ts';
import { type KubeObject, keyOf, type Resource } from './types.ts';

/** The object with the finalizer; no call when it is there. Throws a conflict when `object` is not the latest. */
export async function addFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
  signal: AbortSignal,
): Promise<T> {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(finalizer)) return object;
  return client.mergePatch(resource, keyOf(object), patchOf(object, [...finalizers, finalizer]), signal);
}

/**
 * The object without the finalizer, or undefined when nothing holds it any more, be it that it was gone before. Throws
 * a conflict when `object` is not the latest, also when a namesake has taken its place.
 */
export async function removeFinalizer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
  signal: AbortSignal,
): Promise<T | undefined> {
  const finalizers = object.metadata.finalizers ?? [];
  if (!finalizers.includes(finalizer)) return object;
  const rest = finalizers.filter((each) => each !== finalizer);
  try {
    const result = await client.mergePatch(resource, keyOf(object), patchOf(object, rest), signal);
    const { deletionTimestamp, finalizers: left } = result.metadata;
    return deletionTimestamp && !left?.length ? undefined : result;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A version belongs to one state of one object, so the server refuses the patch for a namesake too. */
function patchOf(object: KubeObject, finalizers: readonly string[]): object {
  return { metadata: { resourceVersion: object.metadata.resourceVersion, finalizers } };
}
