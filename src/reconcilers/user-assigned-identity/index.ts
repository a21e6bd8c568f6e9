import { userAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { Kind } from '../kind.ts';
import type { IdentityProofs } from '../proof/identity-proofs.ts';
import type { RecordedPrincipals } from '../proof/recorded-principals.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, UserAssignedIdentity } from './facts.ts';
import { type Eyes, gather } from './gather.ts';
import { type Hands, perform } from './perform.ts';

export type UserAssignedIdentityKind = Kind<UserAssignedIdentity, Facts, Action, OwnStatus>;

/** UserAssignedIdentity as the frame runs it. */
export function userAssignedIdentityKind(
  parts: Omit<Eyes, 'begunHere' | 'proofs' | 'principals'> &
    Omit<Hands, 'proofs' | 'principals'> & {
      readonly proofs: IdentityProofs;
      readonly principals: RecordedPrincipals;
    },
): UserAssignedIdentityKind {
  const begunHere = new Map<string, string>();
  const eyes: Eyes = { ...parts, begunHere };
  return {
    name: 'userassignedidentity',
    resource: userAssignedIdentity.resource,
    gather: (object, context) => gather(object, context, eyes),
    decide,
    perform(action, object, context) {
      const begun = object.status?.createStartedAt;
      if (action.type === 'createIdentity' && begun) begunHere.set(object.metadata.uid, begun);
      return perform(action, object, context, parts);
    },
    forget: (key, uid) => {
      parts.subscriptions.use(key, []);
      if (uid) {
        begunHere.delete(uid);
        parts.proofs.forget(uid);
        parts.principals.forget(uid);
      }
    },
  };
}
