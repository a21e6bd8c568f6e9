import { isDeepStrictEqual } from 'node:util';
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../api/schema/common.ts';
import { API_VERSION } from '../../api/schema/kind.ts';
import { userAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { FIELD_MANAGER } from '../../kube/apply.ts';
import { type ConfigMap, configMaps } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists, isForbidden, isNotFound, KubeError } from '../../kube/errors.ts';
import { keyOf } from '../../kube/types.ts';
import { RECHECK_OUTSIDE_MS, type Summary } from '../decision.ts';
import type { ReconcileContext } from '../kind.ts';
import { isOwnConfigMap } from '../own-config-maps.ts';
import { stalledInside } from '../status/summary.ts';
import { INDEX, ownersOf, type Stores } from '../stores.ts';
import type {
  Action,
  Facts,
  IdentityDecision,
  OwnStatus,
  SeenConfigMap,
  UserAssignedIdentity,
} from './facts.ts';

/**
 * `spec.output.configMap`, which pods read: the ConfigMaps that are there, what is decided of them, and the writes.
 */

export interface OutputDeps {
  readonly client: KubeClient;
  readonly stores: Pick<Stores, 'configMaps'>;
}

/** ConfigMaps that azid made for the object, and the one that `spec.output` names. */
export async function seenConfigMaps(
  object: UserAssignedIdentity,
  { signal }: ReconcileContext,
  { stores, client }: OutputDeps,
): Promise<readonly SeenConfigMap[]> {
  const made = stores.configMaps.byIndex(INDEX.owner, keyOf(object)).map((map) => seenConfigMap(map, object));
  const name = object.spec.output?.configMap?.name;
  if (name === undefined || object.metadata.deletionTimestamp || made.some((map) => map.name === name))
    return made;
  // Not among azid's own: only a GET shows whether the name is free or another's.
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
  const ours = labels?.[MANAGED_BY_LABEL] === MANAGED_BY && ownersOf(map).includes(keyOf(object));
  return { name, uid, data: map.data ?? {}, ours };
}

/** ConfigMaps that azid made for the object; what has a name of azid's own holds more than that, and stays. */
export function outputsOf(object: UserAssignedIdentity, facts: Facts): readonly SeenConfigMap[] {
  return facts.configMaps.filter((map) => map.ours && !isReserved(map.name, object, facts));
}

function isReserved(name: string, { metadata }: UserAssignedIdentity, { azidNamespace }: Facts): boolean {
  return isOwnConfigMap(metadata.namespace, name, azidNamespace);
}

/** Decided last, from the status that the object is about to have. */
export function decideOutput(
  object: UserAssignedIdentity,
  facts: Facts,
  status: OwnStatus,
  ready: Summary,
): IdentityDecision {
  const name = object.spec.output?.configMap?.name;
  const actions: Action[] = outputsOf(object, facts)
    .filter((map) => map.name !== name)
    .map((map) => ({ type: 'deleteConfigMap', name: map.name, uid: map.uid }));
  if (name === undefined) return { actions, status, summary: ready };
  if (isReserved(name, object, facts)) {
    const message = `spec.output.configMap.name: expected a name that azid does not keep for itself in its own namespace ${facts.azidNamespace}, got '${name}'; choose another name`;
    return { actions, status, summary: stalledInside('OutputConflict', message) };
  }

  const existing = facts.configMaps.find((map) => map.name === name);
  if (existing && !existing.ours) {
    return {
      actions,
      status,
      summary: {
        state: 'stalled',
        reason: 'OutputConflict',
        message: `spec.output.configMap.name: expected a ConfigMap that azid makes, but '${name}' exists and is not azid's; delete it, or choose another name`,
        recheckMs: RECHECK_OUTSIDE_MS,
      },
    };
  }
  const { clientId = '', principalId = '', tenantId = '', id = '' } = status;
  const data = { clientId, principalId, tenantId, id };
  if (!existing || !isDeepStrictEqual({ ...existing.data }, data))
    actions.push({ type: 'applyConfigMap', name, ...(existing && { uid: existing.uid }), data });
  return { actions, status, summary: ready };
}

/**
 * Between the read and the write another client may make a ConfigMap of that name, and server-side apply would then write
 * into it. So a new one is created, and an old one changed by its uid; either way the later write gets a conflict.
 */
export async function applyConfigMap(
  { name, uid, data }: Extract<Action, { type: 'applyConfigMap' }>,
  object: UserAssignedIdentity,
  { signal }: ReconcileContext,
  { client, stores }: OutputDeps,
): Promise<void> {
  const { namespace = '', name: owner, uid: ownerUid } = object.metadata;
  const map = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      namespace,
      name,
      ...(uid !== undefined && { uid }),
      labels: { [MANAGED_BY_LABEL]: MANAGED_BY },
      ownerReferences: [
        {
          apiVersion: API_VERSION,
          kind: userAssignedIdentity.resource.kind,
          name: owner,
          uid: ownerUid,
          controller: true,
        },
      ],
    },
    data,
  };
  const options = { fieldManager: FIELD_MANAGER, force: true };
  try {
    stores.configMaps.recordWrite(
      uid === undefined ? await create(map) : await client.apply(configMaps, map, options, signal),
    );
  } catch (error) {
    throw withRemedy(error, `${namespace}/${name}`);
  }

  async function create(draft: typeof map): Promise<ConfigMap> {
    try {
      return await client.create(configMaps, draft, signal);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const message = `ConfigMap ${namespace}/${name}: somebody made it at the same moment`;
      throw new KubeError(message, { status: 409, reason: 'Conflict', cause: error });
    }
  }
}

export async function deleteConfigMap(
  { name, uid }: Extract<Action, { type: 'deleteConfigMap' }>,
  object: UserAssignedIdentity,
  { signal }: ReconcileContext,
  { client, stores }: OutputDeps,
): Promise<void> {
  const key = `${object.metadata.namespace}/${name}`;
  try {
    await client.delete(configMaps, key, { preconditions: { uid } }, signal);
  } catch (error) {
    // The right to write outputs may have been taken away. An object that is being deleted must not wait
    // for it: the ConfigMap names it as its owner, so Kubernetes collects it.
    if (isForbidden(error) && object.metadata.deletionTimestamp) return;
    if (!isNotFound(error)) throw withRemedy(error, key);
  }
  const known = stores.configMaps.get(key);
  if (known?.metadata.uid === uid) stores.configMaps.recordDelete(known);
}

/**
 * Where azid may write outputs is decided at installation, so the message names the right that is missing. A quota is refused with 403 as
 * well.
 */
function withRemedy(error: unknown, key: string): unknown {
  if (!(error instanceof KubeError && isForbidden(error))) return error;
  if (!/ cannot (?:create|patch|delete) resource /.test(error.message)) return error;
  const message = `spec.output: ConfigMap ${key} cannot be written: ${error.message}; azid needs ClusterRole azid-controller-outputs there, by a RoleBinding or for all namespaces`;
  return new KubeError(message, { status: 403, reason: error.reason, cause: error });
}
