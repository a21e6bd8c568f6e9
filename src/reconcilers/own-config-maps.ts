/** ConfigMaps that azid keeps for itself in its own namespace: no `spec.output` may name one there. */

/** Which installation of azid this is. */
export const INSTALLATION_CONFIG_MAP = 'azid-installation';
/** Which principal is whose; a hexadecimal digit follows. */
export const PRINCIPALS_CONFIG_MAP = 'azid-principals-';

/** @param azidNamespace azid's own */
export function isOwnConfigMap(namespace: string | undefined, name: string, azidNamespace: string): boolean {
  if (namespace !== azidNamespace) return false;
  return name === INSTALLATION_CONFIG_MAP || name.startsWith(PRINCIPALS_CONFIG_MAP);
}
