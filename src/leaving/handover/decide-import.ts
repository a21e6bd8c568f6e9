/** Whether a bundle may be imported into a cluster, by what is there. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { FINALIZER, type ManagedObject } from '../../api/schema/common.ts';
import { CommandRefused } from '../../runtime/command-refused.ts';
import { type Bundle, isInternal, keyAmongKinds, keyOfBundled } from './bundle.ts';
import type { Installation } from './installation.ts';

/** `done`: it was imported before. Throws `CommandRefused` where it may not be. */
export function decideImport(
  bundle: Pick<Bundle, 'installationId' | 'clusterUid'>,
  installation: Installation | undefined,
  clusterUid: string,
  there: ReadonlyMap<string, ManagedObject>,
  where: string,
): 'begin' | 'done' {
  if (bundle.clusterUid === clusterUid)
    throw new CommandRefused(
      'this is the cluster that the bundle was exported from: import it into the new one; to work here again, run azid handover revert',
    );
  if (installation?.handedOver !== undefined)
    throw new CommandRefused(
      `${where} says that what azid had here was itself handed over at ${installation.handedOver}: delete that ConfigMap once the handover is finished`,
    );
  if (installation?.installationId === undefined) return 'begin';
  if (installation.installationId === bundle.installationId) {
    if (installation.importing !== undefined) return 'begin';
    if (installation.clusterUid === clusterUid) return 'done';
    throw new CommandRefused(
      `${where} claims this installation for another cluster (${installation.clusterUid}): it seems to be a copy. Delete the ConfigMap, and what azid has here, and run the command again`,
    );
  }
  const held = [...there.values()].filter(({ metadata }) => metadata.finalizers?.includes(FINALIZER));
  if (installation.importing !== undefined || held.length > 0)
    throw new CommandRefused(
      `${where} says that this cluster has installation ${installation.installationId}, with objects of its own; the bundle is of ${bundle.installationId}, and a cluster has one. Uninstall azid here first`,
    );
  return 'begin';
}

/** Throws `CommandRefused` where an object of the bundle is there already and is declared otherwise. */
export function refuseDifferences(
  { objects }: Pick<Bundle, 'objects'>,
  there: ReadonlyMap<string, ManagedObject>,
  azidNamespace: string,
): void {
  const differences = objects.flatMap((each) => {
    const found = there.get(keyAmongKinds(each, azidNamespace));
    // What azid writes by itself is a part of an earlier run.
    const difference = found && !isInternal(each) && differenceOf(each.spec, found.spec, 'spec');
    return difference ? [`${each.kind} ${keyOfBundled(each, azidNamespace)}: ${difference}`] : [];
  });
  if (differences.length > 0)
    throw new CommandRefused(
      `these exist here already, and differ: ${differences.slice(0, 10).join('; ')}. Nothing that is there is overwritten: make them equal, or delete them, and run the command again`,
    );
}

/** The first member in which two specs differ, for people; undefined: none. Pure. */
export function differenceOf(expected: unknown, actual: unknown, path: string): string | undefined {
  if (isDeepStrictEqual(expected, actual)) return undefined;
  if (!isMembers(expected) || !isMembers(actual))
    return `${path}: expected ${textOf(expected)}, got ${textOf(actual)}`;
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const difference = differenceOf(expected[key], actual[key], `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
