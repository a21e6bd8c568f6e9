import { systemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import type { Turns } from '../hosts/turns.ts';
import type { Kind } from '../kind.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, SystemAssignedIdentity } from './facts.ts';
import { type Eyes, gather } from './gather.ts';
import { type Hands, perform } from './perform.ts';

export type SystemAssignedIdentityKind = Kind<SystemAssignedIdentity, Facts, Action, OwnStatus>;
export type SystemAssignedIdentityParts = Omit<Eyes, 'principals' | 'released' | 'looked' | 'areas'> &
  Omit<Hands, 'released' | 'turns'> & {
    readonly turns: Pick<Turns, 'set' | 'forget'>;
    readonly areas: Pick<AreasInUse, 'use'>;
  };

/** SystemAssignedIdentity as the frame runs it. */
export function systemAssignedIdentityKind(parts: SystemAssignedIdentityParts): SystemAssignedIdentityKind {
  const principals = new Map<string, string>();
  const released = new Set<string>();
  const looked = new Map<string, string>();
  const eyes: Eyes = { ...parts, principals, released, looked };
  const hands = { ...parts, released };
  return {
    name: 'systemassignedidentity',
    resource: systemAssignedIdentity.resource,
    gather: (object, context) => gather(object, context, eyes),
    decide(object, facts, failed) {
      const { uid } = object.metadata;
      const decision = decide(object, facts, failed);
      // Remembered while the resource is gone, when the status names nobody.
      const { principalId } = decision.status;
      if (principalId !== undefined) principals.set(uid, principalId);
      return decision;
    },
    perform: (action, object, context) => perform(action, object, context, hands),
    forget(key, uid) {
      parts.areas.use(key, []);
      if (uid === undefined) return;
      parts.turns.forget(uid);
      principals.delete(uid);
      released.delete(uid);
      looked.delete(uid);
    },
  };
}
