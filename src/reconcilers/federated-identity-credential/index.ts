import { federatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import { toAzureError } from '../../azure/errors.ts';
import type { Kind } from '../kind.ts';
import { decide } from './decide.ts';
import type { Action, Facts, FederatedIdentityCredential, OwnStatus } from './facts.ts';
import { type Eyes, gather } from './gather.ts';
import { type Hands, perform } from './perform.ts';

export type FederatedIdentityCredentialKind = Kind<FederatedIdentityCredential, Facts, Action, OwnStatus>;
export type FederatedIdentityCredentialParts = Omit<Eyes, 'endedHere'> & Hands;

/** FederatedIdentityCredential as the frame runs it. */
export function federatedIdentityCredentialKind(
  parts: FederatedIdentityCredentialParts,
): FederatedIdentityCredentialKind {
  const endedHere = new Map<string, string>();
  const eyes: Eyes = { ...parts, endedHere };
  return {
    name: 'federatedidentitycredential',
    resource: federatedIdentityCredential.resource,
    gather: (object, context) => gather(object, context, eyes),
    decide,
    async perform(action, object, context) {
      const ended = () => {
        const begun = object.status?.writeStartedAt;
        if (action.type === 'putCredential' && begun !== undefined) endedHere.set(object.metadata.uid, begun);
      };
      try {
        const performed = await perform(action, context, parts);
        ended();
        return performed;
      } catch (error) {
        // A refusal is an end as well; a call without an answer may still take effect.
        if (!toAzureError(error).ambiguous) ended();
        throw error;
      }
    },
    forget: (_key, uid) => {
      if (uid) endedHere.delete(uid);
    },
  };
}
