import { MANAGED_BY, MANAGED_BY_LABEL } from '../../api/schema/common.ts';
import { API_VERSION } from '../../api/schema/kind.ts';
import { userAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import type { Identities } from '../../azure/identities.ts';
import { MARK, tag } from '../../azure/names/identity-marks.ts';
import { parseIdentityId } from '../../azure/names/resource-id.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import { FIELD_MANAGER } from '../../kube/apply.ts';
import { type ConfigMap, configMaps } from '../../kube/builtin.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists, isForbidden, isNotFound, KubeError } from '../../kube/errors.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { CommonAction } from '../decision.ts';
import { type Performed, type ReconcileContext, written } from '../kind.ts';
import type { IdentityProofs } from '../proof/identity-proofs.ts';
import type { RecordedPrincipals } from '../proof/recorded-principals.ts';
import type { KeptAction } from '../retained.ts';
import { AlreadyExists } from '../status/failure.ts';
import type { Stores } from '../stores.ts';
import type { Action, OwnStatus, UserAssignedIdentity } from './facts.ts';

type IdentityAction = Exclude<Action, CommonAction<OwnStatus> | KeptAction>;

interface PerformDeps {
  readonly identities: Identities;
  readonly assignments: Pick<RoleAssignments, 'delete'>;
  readonly client: KubeClient;
  readonly stores: Pick<Stores, 'configMaps'>;
  readonly proofs: Pick<IdentityProofs, 'dispute' | 'settle'>;
  readonly principals: Pick<RecordedPrincipals, 'record' | 'withdraw' | 'shown'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: IdentityAction,
  object: UserAssignedIdentity,
  context: ReconcileContext,
  deps: PerformDeps,
): Promise<Performed> {
  const { identities } = deps;
  switch (action.type) {
    case 'createIdentity': {
      const { id, location, tags, isolationScope, event } = action;
      const put = { ...parseIdentityId(id), location, tags, isolationScope };
      const { created, ...answer } = await identities.put(put, context);
      const { uid } = object.metadata;
      const { principalId } = answer.identity;
      if (created) {
        deps.proofs.settle(uid);
        // Not before Azure says that it is new: what is on record may still have been elsewhere.
        if (principalId !== '') deps.principals.shown(principalId, uid, deps.clock.monotonic());
      } else deps.proofs.dispute(uid, principalId);
      if (!created) throw new AlreadyExists(`identity ${id} was made by someone else at the same moment`);
      return written(event, { id, change: 'write' }, answer);
    }
    case 'updateIdentity': {
      const { id, tags, isolationScope, event } = action;
      // Marks that are set on purpose count, whatever was once written by mistake.
      if (tags && tag(tags, MARK.ownerUid) !== undefined) deps.proofs.settle(object.metadata.uid);
      const change = { ...(tags && { tags }), isolationScope };
      return written(event, { id, change: 'write' }, await identities.patch(id, change, context));
    }
    case 'deleteIdentity':
      return written(
        action.event,
        { id: action.id, change: 'delete' },
        await identities.delete(action.id, context),
      );
    case 'recordPrincipal':
      await deps.principals.record(object.metadata.uid, action.principalId, context.signal);
      return {};
    case 'withdrawPrincipal':
      await deps.principals.withdraw(action.principalId, action.uids, deps.clock.monotonic(), context.signal);
      return {};
    case 'deleteLeftover': {
      const { scope, name } = parseAssignmentId(action.id);
      const to = { id: action.id, change: 'delete' } as const;
      return written(action.event, to, await deps.assignments.delete(scope, name, context));
    }
    case 'applyConfigMap':
      await applyConfigMap(action, object, context, deps);
      return {};
    case 'deleteConfigMap':
      await deleteConfigMap(action, object, context, deps);
      return {};
  }
}

/**
 * Between the read and the write somebody else may make a ConfigMap of that name: server-side apply would then write
 * into theirs. So a new one is created, and an old one changed by its uid; either way the loser gets a conflict.
 */
async function applyConfigMap(
  { name, uid, data }: Extract<IdentityAction, { type: 'applyConfigMap' }>,
  object: UserAssignedIdentity,
  { signal }: ReconcileContext,
  { client, stores }: PerformDeps,
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

async function deleteConfigMap(
  { name, uid }: Extract<IdentityAction, { type: 'deleteConfigMap' }>,
  object: UserAssignedIdentity,
  { signal }: ReconcileContext,
  { client, stores }: PerformDeps,
): Promise<void> {
  const key = `${object.metadata.namespace}/${name}`;
  try {
    await client.delete(configMaps, key, { preconditions: { uid } }, signal);
  } catch (error) {
    // The right to write outputs may have been taken away. An object that is going must not wait for it: its ConfigMap names it as its owner,
    // so Kubernetes deletes it after it.
    if (isForbidden(error) && object.metadata.deletionTimestamp) return;
    if (!isNotFound(error)) throw withRemedy(error, key);
  }
  const known = stores.configMaps.get(key);
  if (known?.metadata.uid === uid) stores.configMaps.recordDelete(known);
}

/** Where azid may write outputs an installer decides, so the object says which right that is. A quota is refused with 403 as well. */
function withRemedy(error: unknown, key: string): unknown {
  if (!(error instanceof KubeError && isForbidden(error))) return error;
  if (!/ cannot (?:create|patch|delete) resource /.test(error.message)) return error;
  const message = `spec.output: ConfigMap ${key} cannot be written: ${error.message}; azid needs ClusterRole azid-controller-outputs there, by a RoleBinding or for all namespaces`;
  return new KubeError(message, { status: 403, reason: error.reason, cause: error });
}
