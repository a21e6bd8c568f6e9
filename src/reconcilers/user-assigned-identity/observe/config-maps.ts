import { type ConfigMap, configMaps } from '../../../kube/builtin.ts';
import { isNotFound } from '../../../kube/errors.ts';
import { keyOf } from '../../../kube/types.ts';
import type { ReconcileContext } from '../../kind.ts';
import { INDEX, ownersOf } from '../../stores.ts';
import type { SeenConfigMap, UserAssignedIdentity } from '../facts.ts';
import type { ObserveDeps } from './deps.ts';

/** ConfigMaps that azid made for the object, and the one that `spec.output` names. */
export async function seenConfigMaps(
  object: UserAssignedIdentity,
  { signal }: ReconcileContext,
  { stores, client }: ObserveDeps,
): Promise<readonly SeenConfigMap[]> {
  const made = stores.configMaps.byIndex(INDEX.owner, keyOf(object)).map((map) => seenConfigMap(map, object));
  const name = object.spec.output?.configMap?.name;
  if (name === undefined || object.metadata.deletionTimestamp || made.some((map) => map.name === name))
    return made;
  // Not among azid's own: whether it is free or somebody else's only the API server knows.
  try {
    const map = await client.get(configMaps, `${object.metadata.namespace}/${name}`, signal);
    return [...made, seenConfigMap(map, object)];
  } catch (error) {
    if (isNotFound(error)) return made;
    throw error;
  }
}

function seenConfigMap(map: ConfigMap, object: UserAssignedIdentity): SeenConfigMap {
  const { name, uid, labels } = map.metadata;
  const ours = labels?.['app.kubernetes.io/managed-by'] === 'azid' && ownersOf(map).includes(keyOf(object));
  return { name, uid, data: map.data ?? {}, ours };
}
