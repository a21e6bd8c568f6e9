import { hostIdentity } from '../../api/host-identity.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import type { Kind } from '../kind.ts';
import { decide } from './decide.ts';
import type { Action, Facts, HostIdentity, OwnStatus } from './facts.ts';
import { type Eyes, gather } from './gather.ts';
import { type IdentityEyes, IdentityViews } from './identity-views.ts';
import { HostMemory } from './memory.ts';
import { type Hands, perform } from './perform.ts';

export type HostIdentityKind = Kind<HostIdentity, Facts, Action, OwnStatus>;

/** `mirror`: of the identities. */
export type HostParts = Omit<Eyes, 'memory' | 'views' | 'areas' | 'hosts' | 'stores'> &
  Omit<Hands, 'memory' | 'hosts' | 'stores'> &
  IdentityEyes & {
    readonly hosts: Eyes['hosts'] & Hands['hosts'];
    readonly stores: Eyes['stores'] & Hands['stores'];
    readonly areas: Pick<AreasInUse, 'use'>;
  };

/** HostIdentity as the frame runs it: the only writer of a host's `identity`. */
export function hostIdentityKind(parts: HostParts): HostIdentityKind {
  const memory = new HostMemory();
  const eyes: Eyes = { ...parts, memory, views: new IdentityViews(parts) };
  const hands: Hands = { ...parts, memory };
  return {
    name: 'hostidentity',
    resource: hostIdentity.resource,
    gather: (object, context) => gather(object, context, eyes),
    decide(object, facts) {
      const decision = decide(object, facts);
      // A write that was not sent, because something came in between, is none that somebody must wait for.
      for (const action of decision.actions)
        if (action.type === 'writeIdentity') memory.intend(object.metadata.uid, action.begun, action.asked);
      return decision;
    },
    perform: (action, object, context) => perform(action, object, context, hands),
    forget(key, uid) {
      parts.areas.use(key, []);
      if (uid !== undefined) memory.forget(uid);
    },
  };
}

export { entryFor } from './own.ts';
