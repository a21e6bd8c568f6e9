import {
  type AssignmentExpiry,
  assignmentExpiry,
  type ExpiryOwner,
  MAX_EXPIRY_OWNERS,
} from '../../../api/assignment-expiry.ts';
import { FINALIZER } from '../../../api/schema/common.ts';
import { API_VERSION } from '../../../api/schema/kind.ts';
import { parseAssignmentId } from '../../../azure/azure-role-assignment.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { isAlreadyExists, KubeError } from '../../../kube/errors.ts';
import type { Store } from '../../../kube/informer/store.ts';
import type { Action, RoleGrant } from '../facts.ts';
import { countingOwners, type EndDeps, recordOf } from './ends.ts';

export interface RecordEndDeps {
  readonly client: Pick<KubeClient, 'create' | 'get' | 'mergePatch'>;
  readonly stores: EndDeps['stores'] & {
    readonly expiries: Pick<Store<AssignmentExpiry>, 'recordWrite'>;
  };
  /** azid's own: AssignmentExpiries are nowhere else. */
  readonly azidNamespace: string;
  /** Wall ms. */
  readonly now: () => number;
}

/**
 * Makes the record of an assignment's end say what this object was given. Others write to the same record, so each write names
 * the version it rests on: what lost a race is decided anew.
 */
export async function recordEnd(
  action: Extract<Action, { type: 'recordEnd' }>,
  { metadata }: RoleGrant,
  signal: AbortSignal,
  deps: RecordEndDeps,
): Promise<void> {
  const { assignmentId, expiresAt, role, principalId } = action;
  const { namespace = '', name, uid } = metadata;
  const mine: ExpiryOwner = { namespace, name, uid, ...(expiresAt !== undefined && { expiresAt }) };
  const record =
    recordOf(assignmentId, deps) ??
    (await create(
      { assignmentId, owners: [mine], ...(role && { role }), ...(principalId && { principalId }) },
      signal,
      deps,
    ));
  const others = record.spec.owners.filter((each) => each.uid !== uid);
  const counting = countingOwners(others, deps.now(), deps);
  // Others were quicker: nothing that follows may be done, and the outcome is decided anew.
  if (counting.length >= MAX_EXPIRY_OWNERS) {
    const message = `AssignmentExpiry ${record.metadata.name} has no room for another owner`;
    throw new KubeError(message, { status: 409, reason: 'Conflict' });
  }
  await write(record, [...counting, mine], signal, deps);
}

export async function withdrawEnd(
  { assignmentId }: Extract<Action, { type: 'withdrawEnd' }>,
  { metadata: { uid } }: RoleGrant,
  signal: AbortSignal,
  deps: RecordEndDeps,
): Promise<void> {
  const record = recordOf(assignmentId, deps);
  if (!record) return;
  await write(
    record,
    record.spec.owners.filter((each) => each.uid !== uid),
    signal,
    deps,
  );
}

/** The record with these owners, or the one that another object's reconcile made at the same moment. */
async function create(
  spec: AssignmentExpiry['spec'],
  signal: AbortSignal,
  { client, stores, azidNamespace }: RecordEndDeps,
): Promise<AssignmentExpiry> {
  const { resource } = assignmentExpiry;
  const name = parseAssignmentId(spec.assignmentId).name.toLowerCase();
  const draft = {
    apiVersion: API_VERSION,
    kind: resource.kind,
    metadata: { namespace: azidNamespace, name, finalizers: [FINALIZER] },
    spec,
  };
  try {
    const made = await client.create(resource, draft, signal);
    stores.expiries.recordWrite(made);
    return made;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return client.get(resource, `${azidNamespace}/${name}`, signal);
  }
}

async function write(
  record: AssignmentExpiry,
  owners: readonly ExpiryOwner[],
  signal: AbortSignal,
  { client, stores }: RecordEndDeps,
): Promise<void> {
  if (JSON.stringify(owners) === JSON.stringify(record.spec.owners)) return;
  const { namespace, name, resourceVersion } = record.metadata;
  const body = { metadata: { resourceVersion }, spec: { owners } };
  const { resource } = assignmentExpiry;
  stores.expiries.recordWrite(await client.mergePatch(resource, `${namespace}/${name}`, body, signal));
}
