/** How an object loses its finalizer without a clean-up in Azure: by the controller, or directly where no controller works. */
import { FINALIZER, hasFinalizer, RELEASE_ANNOTATION } from '../api/schema/common.ts';
import { isConflict, isNotFound } from '../kube/errors.ts';
import { removeFinalizer } from '../kube/finalizers.ts';
import { keyOf } from '../kube/types.ts';
import type { InstallationDeps } from './deps.ts';
import { type LeftBehind, leftBehindOf, writeDown } from './left-behind.ts';
import type { Found } from './objects.ts';

type Deps = Pick<InstallationDeps, 'client' | 'clock' | 'namespace' | 'signal'>;

/** The controller removes the finalizer at its next reconcile, and records an Event; what then stays is recorded here. */
export async function askForRelease(found: Found, why: string, deps: Deps): Promise<LeftBehind> {
  const left = leftBehindOf(found, why, deps.clock.now());
  await writeDown([left], deps);
  const { object, kind } = found;
  const annotations = { [RELEASE_ANNOTATION]: 'true' };
  // Refused for a namesake that was made meanwhile.
  const metadata = { resourceVersion: object.metadata.resourceVersion, annotations };
  await unlessGone(deps.client.mergePatch(kind.resource, keyOf(object), { metadata }, deps.signal));
  return left;
}

/** Only where no controller works: azid's finalizer goes, with nothing done in Azure. Those of others stay. */
export async function takeFinalizer(found: Found, why: string, deps: Deps): Promise<LeftBehind | undefined> {
  const { object, kind } = found;
  if (!hasFinalizer(object)) return undefined;
  const left = leftBehindOf(found, why, deps.clock.now());
  await writeDown([left], deps);
  await unlessGone(removeFinalizer(deps.client, kind.resource, object, FINALIZER, deps.signal));
  return left;
}

/** Somebody else was there first, or the object changed: the next read of it shows which. */
export async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return undefined;
    throw error;
  }
}
