/** Lets go of one object whose deletion hangs, and writes down what stays in Azure. */

import { kindNamed } from '../api/index.ts';
import { hasFinalizer, RELEASE_ANNOTATION } from '../api/schema/common.ts';
import { unlessNotFound } from '../kube/errors.ts';
import { controllerAtWork } from '../kube/lease/at-work.ts';
import { splitKey } from '../kube/types.ts';
import { CommandRefused } from '../runtime/command-refused.ts';
import { sleep } from '../runtime/time/clock.ts';
import { askForRelease, inAzure, type LeftBehind, leftBehindOf, takeFinalizer } from './left-behind.ts';
import { type Found, type InstallationDeps, nameOf } from './objects.ts';

export interface ReleaseOptions {
  readonly timeoutMs: number;
  /** The caller knows that no controller works, where there is no Lease to show it. */
  readonly withoutController: boolean;
  /** @param ids what stays in Azure, as the status has it */
  readonly confirm: (ids: readonly string[]) => Promise<boolean>;
}

const POLL_MS = 1_000;

/** @returns what was left behind; undefined: it was not confirmed */
export async function release(
  { kind: name, key }: { readonly kind: string; readonly key: string },
  deps: InstallationDeps,
  { timeoutMs, withoutController, confirm }: ReleaseOptions,
): Promise<LeftBehind | undefined> {
  const { clock, signal, say } = deps;
  const read = reader(name, key, deps);
  const found = await read();
  if (!found) throw new CommandRefused(`expected ${name} ${key} to exist, it does not`);
  if (!found.object.metadata.deletionTimestamp)
    throw new CommandRefused(
      `${nameOf(found)} is not being deleted, and only a deletion that hangs can be let go: kubectl delete it first`,
    );
  if (!hasFinalizer(found.object))
    throw new CommandRefused(
      `${nameOf(found)} has no finalizer of azid any more; it is kept by ${(found.object.metadata.finalizers ?? []).join(', ') || 'nothing'}`,
    );
  if (!(await confirm(inAzure(found)))) return undefined;
  const why = 'released with azid release';
  const atWork = await controllerAtWork(deps);
  if (withoutController && atWork.state === 'working')
    throw new CommandRefused(`${atWork.holder} works: leave --without-controller out, it lets the object go`);
  const isAlone = atWork.state === 'none' || withoutController;
  if (atWork.state !== 'working') say(atWork.why);
  let left = isAlone ? leftBehindOf(found, why, clock.now()) : await askForRelease(found, why, deps);
  const until = clock.monotonic() + timeoutMs;
  for (;;) {
    const now = await read();
    if (now?.object.metadata.uid !== left.uid || !hasFinalizer(now.object)) return left;
    // An object that changed in between is read and tried again.
    if (isAlone) left = (await takeFinalizer(now, why, deps)) ?? left;
    // The annotation may have met a version that was old already.
    else if (now.object.metadata.annotations?.[RELEASE_ANNOTATION] !== 'true')
      left = await askForRelease(now, why, deps);
    if (clock.monotonic() >= until)
      throw new CommandRefused(
        `${nameOf(now)} was not let go within the time${isAlone ? '' : '; is a controller running? If none is, pass --without-controller'}`,
      );
    await sleep(clock, POLL_MS, signal);
  }
}

function reader(
  name: string,
  key: string,
  { client, signal }: InstallationDeps,
): () => Promise<Found | undefined> {
  const kind = kindNamed(name);
  if (!kind)
    throw new CommandRefused(
      `expected a kind of azid such as UserAssignedIdentity or its short name uai, got "${name}"`,
    );
  const { namespaced, kind: resourceKind } = kind.resource;
  const { namespace, name: objectName } = splitKey(key);
  if (namespaced !== (namespace !== undefined) || objectName === '' || objectName.includes('/'))
    throw new CommandRefused(
      `expected the ${resourceKind} as ${namespaced ? 'namespace/name' : 'name'}, got "${key}"`,
    );
  return async () => {
    const object = await unlessNotFound(client.get(kind.resource, key, signal));
    return object && { kind, object: object as Found['object'] };
  };
}
