import type { Operation } from '../http/operation.ts';

/** Which federated credential lets a presented assertion in. Implemented by `federation/`. */
export interface FederatedCredentials {
  /**
   * Exact comparison of all three (src/simulator/README.md). `pending`: there is one, but so young that the token
   * endpoint does not know it yet (docs/azure-facts.md section 4). `appId` is the client id of the identity asked for.
   */
  match(appId: string, issuer: string, subject: string, audience: string): 'match' | 'pending' | 'none';
}

/** A credential as it stands, whoever made it. */
export interface HeldCredential {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/** What `createFederation(frame: Frame)` of `federation/index.ts` gives the simulator. */
export interface FederationPart extends FederatedCredentials {
  readonly operations: readonly Operation[];
  /** All credentials of an identity there are now, lags aside. */
  held(identityId: string): readonly HeldCredential[];
  /** Ends all lags and windows now pending. */
  settle(): void;
}
