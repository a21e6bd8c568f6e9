import { CredentialMirror } from '../cache/credential-mirror.ts';
import type { IdentityMirror } from '../cache/mirror.ts';
import type { KubeClient } from '../kube/client.ts';
import { ClusterIssuer } from '../kube/cluster-issuer.ts';
import {
  type FederatedIdentityCredentialKind,
  federatedIdentityCredentialKind,
} from '../reconcilers/federated-identity-credential/index.ts';
import type { IdentityProofs } from '../reconcilers/proof/identity-proofs.ts';
import type { Stores } from '../reconcilers/stores.ts';
import type { AzureSide } from './azure.ts';
import { AZURE_CALL_LIMIT_MS, type OperatorOptions } from './options.ts';
import {
  onIdentity,
  type WakeCredential,
  wakeCredentialsOnAzure,
  wakeCredentialsOnKubernetes,
} from './wake-credentials.ts';

/** What FederatedIdentityCredentials need to work: their mirror, their kind, and what wakes them. */

export interface FederationParts {
  readonly options: OperatorOptions;
  readonly azure: AzureSide;
  readonly client: KubeClient;
  readonly stores: Stores;
  /** Of the identities. */
  readonly mirror: IdentityMirror;
  readonly proofs: IdentityProofs;
  readonly installationId: string;
  /** Ends the mirror's reads. */
  readonly signal: AbortSignal;
}

export class Federation implements AsyncDisposable {
  readonly kind: FederatedIdentityCredentialKind;
  readonly mirror: CredentialMirror;
  readonly clusterIssuer: ClusterIssuer;
  readonly #parts: FederationParts;
  readonly #cleanup = new AsyncDisposableStack();

  constructor(parts: FederationParts) {
    this.#parts = parts;
    const { options, azure, client, stores, proofs, installationId, signal } = parts;
    const {
      clock,
      cloud,
      log,
      azureLagMs,
      releaseAfterMs,
      clusterIssuer: given,
      credentialRoundMs: roundMs,
    } = options;
    const { credentials } = azure;
    this.mirror = new CredentialMirror({
      credentials,
      clock,
      signal,
      lagMs: azureLagMs,
      ...(roundMs !== undefined && { roundMs }),
      onReadFailure: (identity, error) =>
        log.warn({ identity, error }, 'read of federated credentials failed'),
    });
    this.#cleanup.defer(() => this.mirror.stop());
    this.clusterIssuer = new ClusterIssuer({ client, clock, given });
    this.kind = federatedIdentityCredentialKind({
      stores,
      onIdentity: (key) => onIdentity(stores, key),
      proofs,
      credentials,
      credentialMirror: this.mirror,
      clusterIssuer: this.clusterIssuer,
      federationAudience: cloud.federationAudience,
      clock,
      installationId,
      azureLagMs,
      callLimitMs: AZURE_CALL_LIMIT_MS,
      releaseAfterMs,
    });
  }

  /** From now on whatever touches a credential wakes it. */
  wakes(wake: WakeCredential): void {
    const { stores, mirror } = this.#parts;
    this.#cleanup.use(wakeCredentialsOnKubernetes(stores, wake));
    for (const picture of [mirror, this.mirror]) {
      this.#cleanup.use(
        picture.onChange((key, how) => {
          // What this process wrote itself it knows already.
          if (how !== 'write' && how !== 'delete') wakeCredentialsOnAzure(stores, wake, key);
        }),
      );
    }
    for (const key of stores.credentials.keys()) wake(key, 'resync');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }
}
