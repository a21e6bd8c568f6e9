import { roleGrant } from '../../api/role-grant.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import { AlreadyExists } from '../failure.ts';
import type { Kind } from '../kind.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, RoleGrant } from './facts.ts';
import { type Eyes, gather } from './gather.ts';
import { type Hands, perform } from './perform.ts';
import { RefusedWrites } from './refused.ts';
import { nextMoment } from './standing.ts';
import type { Told } from './twins.ts';

export type RoleGrantKind = Kind<RoleGrant, Facts, Action, OwnStatus>;
export type RoleGrantParts = Omit<
  Eyes,
  'endedHere' | 'told' | 'refused' | 'assignments' | 'areas' | 'stores'
> & {
  readonly assignments: Pick<RoleAssignments, 'get' | 'list' | 'put' | 'delete'>;
  readonly areas: Pick<AreasInUse, 'use'>;
  readonly client: Hands['client'];
  readonly stores: Eyes['stores'] & Hands['stores'];
  readonly azidNamespace: string;
  /** Wakes an object after so many ms, whatever the present visit comes to. */
  readonly alarm: (key: ObjectKey, afterMs: number) => void;
};

/** RoleGrant as the frame runs it. */
export function roleGrantKind(parts: RoleGrantParts): RoleGrantKind {
  const endedHere = new Map<string, string>();
  const { firstSeen } = parts;
  const told = new Map<string, Told>();
  const refused = new RefusedWrites();
  const eyes: Eyes = { ...parts, endedHere, told, refused };
  const { assignments, client, stores, azidNamespace, clock } = parts;
  const hands: Hands = { assignments, client, stores, azidNamespace, told, now: () => clock.now() };
  return {
    name: 'rolegrant',
    resource: roleGrant.resource,
    gather: (object, context) => gather(object, context, eyes),
    decide(object, facts, failed) {
      const decision = decide(object, facts, failed);
      const moment = nextMoment(object, decision.status, facts);
      if (moment !== undefined) parts.alarm(keyOf(object), moment - facts.now);
      return decision;
    },
    async perform(action, object, context) {
      const ended = () => {
        const begun = object.status?.writeStartedAt;
        if (action.type === 'putAssignment' && begun !== undefined) endedHere.set(object.metadata.uid, begun);
      };
      try {
        const performed = await perform(action, object, context, hands);
        ended();
        if (action.type === 'putAssignment') refused.written(object.metadata.uid);
        return performed;
      } catch (error) {
        const target = action.type === 'putAssignment' ? action.target : undefined;
        if (!(error instanceof AlreadyExists))
          refused.note(object.metadata.uid, toAzureError(error), target, parts.clock.monotonic());
        // A refusal is an end as well; a call without an answer may still take effect.
        if (error instanceof AlreadyExists || !toAzureError(error).ambiguous) ended();
        throw error;
      }
    },
    forget(key, uid) {
      parts.areas.use(key, []);
      if (uid === undefined) return;
      for (const map of [endedHere, firstSeen, told]) map.delete(uid);
      refused.forget(uid);
    },
  };
}
