import { federatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import type { CredentialCache } from '../../cache/credentials/credentials.ts';
import type { Kind } from '../kind.ts';
import { decide } from './decide.ts';
import { EndedWrites } from './ended-writes.ts';
import type { Action, Facts, FederatedIdentityCredential, OwnStatus } from './facts.ts';
import { type Eyes, gather } from './gather.ts';
import { IdentitiesInUse } from './in-use.ts';
import { type Hands, perform } from './perform.ts';

export type FederatedIdentityCredentialKind = Kind<FederatedIdentityCredential, Facts, Action, OwnStatus>;
export type FederatedIdentityCredentialParts = Omit<Eyes, 'ended' | 'inUse' | 'credentialMirror'> &
  Hands & {
    readonly credentialMirror: Pick<
      CredentialCache,
      'content' | 'relist' | 'refresh' | 'use' | 'forget' | 'inUse'
    >;
  };

/** FederatedIdentityCredential as the frame runs it. */
export function federatedIdentityCredentialKind(
  parts: FederatedIdentityCredentialParts,
): FederatedIdentityCredentialKind {
  const ended = new EndedWrites(parts.clock);
  const inUse = new IdentitiesInUse(parts.credentialMirror);
  const eyes: Eyes = { ...parts, ended, inUse };
  return {
    name: 'federatedidentitycredential',
    resource: federatedIdentityCredential.resource,
    gather: (object, context) => gather(object, context, eyes),
    decide,
    async perform(action, object, context) {
      const { uid } = object.metadata;
      const begun = action.type === 'putCredential' ? object.status?.writeStartedAt : undefined;
      try {
        const performed = await perform(action, context, parts);
        ended.end(uid, begun);
        return performed;
      } catch (error) {
        ended.fail(uid);
        // A refusal is an end as well; a call without an answer may still take effect.
        if (!toAzureError(error).ambiguous) ended.end(uid, begun);
        throw error;
      }
    },
    forget: (key, uid) => {
      inUse.forget(key);
      if (uid) ended.forget(uid);
    },
  };
}
