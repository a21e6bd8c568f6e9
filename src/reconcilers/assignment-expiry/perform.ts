import { type AssignmentExpiry, assignmentExpiry } from '../../api/assignment-expiry.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { Store } from '../../kube/informer/store.ts';
import { keyOf } from '../../kube/types.ts';
import type { CommonAction } from '../decision.ts';
import { type Performed, type ReconcileContext, written } from '../kind.ts';
import type { Action, OwnStatus } from './facts.ts';

interface PerformDeps {
  readonly assignments: Pick<RoleAssignments, 'delete'>;
  readonly client: Pick<KubeClient, 'delete'>;
  readonly stores: { readonly expiries: Pick<Store<AssignmentExpiry>, 'recordDelete'> };
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: Exclude<Action, CommonAction<OwnStatus>>,
  object: AssignmentExpiry,
  context: ReconcileContext,
  { assignments, client, stores }: PerformDeps,
): Promise<Performed> {
  switch (action.type) {
    case 'deleteAssignment': {
      const { scope, name } = parseAssignmentId(action.id);
      const to = { id: action.id, change: 'delete' } as const;
      return written(action.event, to, await assignments.delete(scope, name, context));
    }
    case 'deleteSelf': {
      const { uid, resourceVersion } = object.metadata;
      const preconditions = { uid, resourceVersion };
      try {
        await client.delete(assignmentExpiry.resource, keyOf(object), { preconditions }, context.signal);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      stores.expiries.recordDelete(object);
      return { gone: true };
    }
  }
}
