import { assignmentExpiry } from '../../api/assignment-expiry.ts';
import { keyOf } from '../../kube/types.ts';
import type { KindDefinition } from '../definition.ts';
import { decide, HANDOVER_MS, lastEnd } from './decide.ts';
import type { Action, AssignmentExpiry, Facts, OwnStatus } from './facts.ts';
import { expiryNamespaces } from './namespaces.ts';
import { observe } from './observe.ts';
import { perform } from './perform.ts';
import { store } from './store.ts';
import { watches } from './watches.ts';

/** AssignmentExpiry: revokes what has ended, whatever became of the RoleGrant. */
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
