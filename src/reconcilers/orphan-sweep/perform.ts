import { type OrphanRecord, type OrphanRecordSpec, orphanRecord } from '../../api/orphan-record.ts';
import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import { API_VERSION } from '../../api/schema/kind.ts';
import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { isAlreadyExists, KubeError } from '../../kube/errors.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import type { CommonAction } from '../decision.ts';
import { type Performed, type ReconcileContext, written } from '../kind.ts';
import type { Services } from '../services.ts';
import type { Action, OwnStatus } from './facts.ts';
import { merged } from './record.ts';
import { writeClaim } from './run/claim.ts';

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: Exclude<Action, CommonAction<OwnStatus>>,
  _sweep: OrphanSweep,
  context: ReconcileContext,
  deps: Services,
): Promise<Performed> {
  switch (action.type) {
    case 'claim': {
      const to = { id: action.write.identityId, change: 'write' } as const;
      return written(action.event, to, await writeClaim(action.write, context, deps));
    }
    case 'baseline':
      await deps.retained.baseline(action.kind, action.scope, action.ids, context.signal);
      return {};
    case 'forgetRetained':
      await deps.retained.forget(action.entries, context.signal);
      return {};
    case 'confirmRecord':
      await confirm(action.recordName, undefined, context, deps);
      return {};
    case 'record':
      await record(action.name, action.record, context, deps);
      return {};
    case 'delete': {
      const result = await remove(action, { ...context, priority: 'resync' }, deps);
      await confirm(action.recordName, result.correlationId, context, deps);
      return written(action.event, { id: action.id, change: 'delete' }, result);
    }
  }
}

type Removal = Extract<Action, { type: 'delete' }>;

async function remove({ of, id }: Removal, context: ReconcileContext, deps: Services) {
  switch (of) {
    case 'Identity':
      return await deps.identities.delete(id, context);
    case 'RoleAssignment': {
      const { scope, name } = parseAssignmentId(id);
      return await deps.assignments.delete(scope, name, context);
    }
    case 'FederatedIdentityCredential': {
      const { identityId, name } = parseCredentialId(id);
      return await deps.credentials.delete(identityId, name, context);
    }
  }
}

/** The API server has it when this returns: nothing is deleted before. */
async function record(
  name: string,
  spec: OrphanRecordSpec,
  { signal }: ReconcileContext,
  { client, azidNamespace: namespace, stores }: Services,
): Promise<void> {
  const { resource } = orphanRecord;
  const draft = { apiVersion: API_VERSION, kind: resource.kind, metadata: { namespace, name }, spec };
  try {
    stores.orphanRecords.recordWrite(await client.create(resource, draft as unknown as OrphanRecord, signal));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const key = `${namespace}/${name}`;
    const before = await client.get(resource, key, signal);
    const body = {
      metadata: { resourceVersion: before.metadata.resourceVersion },
      spec: { ...merged(before.spec, spec), deletion: null },
    };
    stores.orphanRecords.recordWrite(await client.mergePatch(resource, key, body, signal));
  }
}

/** That it is deleted is true whether or not this can be written down: the Event and the log report it as well. */
async function confirm(
  name: string,
  correlationId: string | undefined,
  { signal, log }: ReconcileContext,
  { client, azidNamespace, stores, clock }: Services,
): Promise<void> {
  const deletion = {
    time: timestamp(clock.now()),
    ...(correlationId !== undefined && { correlationId }),
  };
  try {
    const body = { spec: { deletion } };
    stores.orphanRecords.recordWrite(
      await client.mergePatch(orphanRecord.resource, `${azidNamespace}/${name}`, body, signal),
    );
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    log.warn({ error, record: name }, 'the record of a deletion could not be completed');
  }
}
