import type { AzureCaches } from '../cache/caches.ts';
import { ClusterIssuer } from '../kube/access/cluster-issuer.ts';
import type { KubeClient } from '../kube/client.ts';
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

/** What FederatedIdentityCredentials need to work: their kind, and what wakes them. */

export interface FederationParts {
  readonly options: OperatorOptions;
  readonly azure: AzureSide;
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly caches: AzureCaches;
  readonly proofs: IdentityProofs;
  readonly installationId: string;
}

export class Federation implements AsyncDisposable {
  readonly kind: FederatedIdentityCredentialKind;
  readonly clusterIssuer: ClusterIssuer;
  readonly #parts: FederationParts;
  readonly #cleanup = new AsyncDisposableStack();

  constructor(parts: FederationParts) {
    this.#parts = parts;
    const { options, azure, client, stores, proofs, installationId, caches } = parts;
    const { clock, cloud, azureLagMs, releaseAfterMs, clusterIssuer: given } = options;
    const { credentials } = azure;
    this.clusterIssuer = new ClusterIssuer({ client, clock, given });
    this.kind = federatedIdentityCredentialKind({
      stores,
      onIdentity: (key) => onIdentity(stores, key),
      proofs,
      credentials,
      credentialMirror: caches.credentials,
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
    const { stores, caches } = this.#parts;
    this.#cleanup.use(wakeCredentialsOnKubernetes(stores, wake));
    for (const cache of [caches.identities, caches.credentials]) {
      this.#cleanup.use(
        cache.onChange((key, how) => {
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
