/**
 * @module Federated identity credentials: the store the token endpoint asks, and its ARM routes (docs/azure-facts.md section 4;
 * src/simulator/README.md).
 */
import type { Frame } from '../frame.ts';
import type { FederationPart } from '../token/federation.ts';
import { Credentials } from './credentials.ts';
import { credentialOperations } from './operations.ts';

export function createFederation(frame: Frame): FederationPart {
  const credentials = new Credentials(frame);
  return {
    operations: credentialOperations(frame, credentials),
    match: (appId, issuer, subject, audience) => credentials.match(appId, issuer, subject, audience),
    held: (identityId) => credentials.of(identityId),
    settle: () => credentials.settle(),
  };
}
