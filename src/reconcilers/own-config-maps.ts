/** ConfigMaps that azid keeps for itself in its own namespace: no `spec.output` may name one there. */

/** Which installation of azid this is. */
export const INSTALLATION_CONFIG_MAP = 'azid-installation';
/** In its data: what a handover to another cluster has come to (docs/design/2026-11-29-handover.md). Times, RFC 3339. */
export const HANDOVER = {
  /** On the cluster that is left: no controller works here any more. */
  handedOver: 'handedOverAt',
  /** There: its objects are gone. */
  finished: 'finishedAt',
  /** On the new cluster: not all objects are there yet, so no controller works here yet. */
  importing: 'importingSince',
  imported: 'importedAt',
} as const;
/** Which principal is whose; a hexadecimal digit follows. */
export const PRINCIPALS_CONFIG_MAP = 'azid-principals-';
/** What `deletionPolicy: Retain` left in Azure; a dash and a hexadecimal digit may follow. */
export const RETAINED_CONFIG_MAP = 'azid-retained';
/** How far the Activity Log was read (`src/hints/activity-log/positions.ts`); of a shard other than `default`, a dash and its name follow. */
export const ACTIVITY_LOG_CONFIG_MAP = 'azid-activity-log';

/** What stayed in Azure of objects that were let go (`src/leaving/left-behind.ts`); a number follows where one is full. */
export const LEFT_BEHIND_CONFIG_MAP = 'azid-left-behind';

/** @param azidNamespace azid's own */
export function isOwnConfigMap(namespace: string | undefined, name: string, azidNamespace: string): boolean {
  if (namespace !== azidNamespace) return false;
  return (
    name === INSTALLATION_CONFIG_MAP ||
    name === ACTIVITY_LOG_CONFIG_MAP ||
    name.startsWith(`${ACTIVITY_LOG_CONFIG_MAP}-`) ||
    name === RETAINED_CONFIG_MAP ||
    name.startsWith(`${RETAINED_CONFIG_MAP}-`) ||
    name.startsWith(PRINCIPALS_CONFIG_MAP) ||
    name.startsWith(LEFT_BEHIND_CONFIG_MAP)
  );
}
