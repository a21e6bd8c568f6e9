import { assignmentExpiry } from '../../api/assignment-expiry.ts';
import type { Store } from '../../kube/informer/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import type { Kind } from '../kind.ts';
import { decide, HANDOVER_MS, lastEnd } from './decide.ts';
import type { Action, AssignmentExpiry, Facts, OwnStatus } from './facts.ts';
import { type Eyes, gather } from './gather.ts';
import { type Hands, perform } from './perform.ts';

export type AssignmentExpiryKind = Kind<AssignmentExpiry, Facts, Action, OwnStatus>;

export type AssignmentExpiryParts = Omit<Eyes, 'assignments' | 'assignmentMirror' | 'stores'> &
  Omit<Hands, 'assignments' | 'stores'> & {
    readonly assignments: Eyes['assignments'] & Hands['assignments'];
    readonly assignmentMirror: Eyes['assignmentMirror'];
    readonly stores: Eyes['stores'] & Hands['stores'];
    /** Enqueues an object after so many ms, whatever the present reconcile comes to. */
    readonly alarm: (key: ObjectKey, afterMs: number) => void;
  };

/** AssignmentExpiry as the reconciler of all kinds runs it: revokes what has ended, whatever became of the RoleGrant. */
export function assignmentExpiryKind(parts: AssignmentExpiryParts): AssignmentExpiryKind {
  return {
    name: 'assignmentexpiry',
    resource: assignmentExpiry.resource,
    gather: (object, context) => gather(object, context, parts),
    decide(object, facts, failed) {
      // Rechecks are spread by chance, which an end must not be.
      const moment = nextMoment(object, facts.now);
      if (moment !== undefined) parts.alarm(keyOf(object), moment - facts.now);
      return decide(object, facts, failed);
    },
    perform: (action, object, context) => perform(action, object, context, parts),
  };
}

/** In whose turns it is reconciled: it lives in azid's own namespace, but ends what its owners have. */
export function expiryTurns(
  key: ObjectKey,
  { expiries }: { readonly expiries: Pick<Store<AssignmentExpiry>, 'get'> },
): readonly string[] {
  const namespaces = new Set(expiries.get(key)?.spec.owners.map(({ namespace }) => namespace));
  return namespaces.size > 0 ? [...namespaces] : [''];
}

function nextMoment(object: AssignmentExpiry, now: number): number | undefined {
  const end = object.spec.owners.length > 0 ? lastEnd(object) : undefined;
  if (end === undefined) return undefined;
  return [end, end + HANDOVER_MS].find((at) => at > now);
}
