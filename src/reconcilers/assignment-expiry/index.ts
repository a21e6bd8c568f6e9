import { assignmentExpiry } from '../../api/assignment-expiry.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Store } from '../../kube/informer/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import type { Watch } from '../../runtime/controller/watch.ts';
import type { CommonAction } from '../decision.ts';
import type { KindDefinition } from '../definition.ts';
import { deleteSelf, type Performed, type ReconcileContext, written } from '../kind.ts';
import { INDEX, type StoreDefinition, type Stores } from '../stores.ts';
import { onEdit, onSelf } from '../watches/watches.ts';
import { decide } from './decide.ts';
import {
  type Action,
  type AssignmentExpiry,
  type Facts,
  HANDOVER_MS,
  lastEnd,
  type OwnStatus,
} from './facts.ts';
import { observe } from './observe.ts';

export const store: StoreDefinition<AssignmentExpiry> = {
  name: 'expiries',
  internal: true,
  indexes: {
    [INDEX.assignment]: ({ spec }) => [armKey(spec.assignmentId)],
    [INDEX.expiryOwner]: ({ spec }) => [...new Set(spec.owners.map(({ uid }) => uid))],
  },
};

/** AssignmentExpiry: revokes what has ended, even if the RoleGrant is gone. */
export const assignmentExpiryKind: KindDefinition<AssignmentExpiry, Facts, Action, OwnStatus> = {
  name: 'assignmentexpiry',
  resource: assignmentExpiry.resource,
  status: assignmentExpiry.status,
  store,
  namespacesOf: (key, { stores }) => expiryNamespaces(key, stores),
  watches,
  decide,
  start: (services, enqueue) => ({
    observe: (object, context) => observe(object, context, services),
    decided(object, { now }) {
      // Rechecks are spread by chance, which an end must not be.
      const moment = nextMoment(object, now);
      if (moment !== undefined) enqueue(keyOf(object), 'event', moment - now);
    },
    perform: (action, object, context) => perform(action, object, context, services),
  }),
};

function nextMoment(object: AssignmentExpiry, now: number): number | undefined {
  const end = object.spec.owners.length > 0 ? lastEnd(object) : undefined;
  if (end === undefined) return undefined;
  return [end, end + HANDOVER_MS].find((at) => at > now);
}

/** The namespaces in whose turns it is reconciled: it is in azid's own, but ends what its owners have. */
export function expiryNamespaces(
  key: ObjectKey,
  { expiries }: { readonly expiries: Pick<Store<AssignmentExpiry>, 'get'> },
): readonly string[] {
  const namespaces = new Set(expiries.get(key)?.spec.owners.map(({ namespace }) => namespace));
  return namespaces.size > 0 ? [...namespaces] : [''];
}

/** What enqueues an AssignmentExpiry: itself, and an edit of a grant that it names as an owner. */
export function watches({
  stores: { expiries, grants },
}: {
  readonly stores: Pick<Stores, 'expiries' | 'grants'>;
}): readonly Watch[] {
  return [
    onSelf(expiries),
    onEdit(grants, ({ old, new: next }) => {
      const { uid } = (next ?? old)?.metadata ?? {};
      return uid === undefined ? [] : expiries.keysByIndex(INDEX.expiryOwner, uid);
    }),
  ];
}

interface PerformDeps {
  readonly assignments: Pick<RoleAssignments, 'delete'>;
  readonly client: Pick<KubeClient, 'delete'>;
  readonly stores: { readonly expiries: Pick<Store<AssignmentExpiry>, 'recordDelete'> };
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
async function perform(
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
    case 'deleteSelf':
      return deleteSelf(object, assignmentExpiry.resource, stores.expiries, client, context.signal);
  }
}
