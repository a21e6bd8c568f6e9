import { writeFile } from 'node:fs/promises';
import { WorkloadIdentityCredential } from '@azure/identity';
import type { JSONWebKeySet } from 'jose';
import { createToken } from '../../../src/kube/builtin.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { TOKEN_EXCHANGE_AUDIENCE } from '../../../src/sandbox/names.ts';
import type { Cluster, World } from '../testbed.ts';

/** What a pod has in its hands, without the pod: a ServiceAccount token of the real API server in a file. */

const never = new AbortController().signal;

/** As the API server's discovery document has it. */
export async function issuerOf({ client }: Cluster): Promise<string> {
  const { issuer } = await client.transport.request<{ issuer: string }>(
    { method: 'GET', path: '/.well-known/openid-configuration' },
    never,
  );
  return issuer;
}

/** Makes the cluster's issuer one that the simulated Entra can reach, and returns it. */
export async function publishIssuer(cluster: Cluster, { azure }: World): Promise<string> {
  const issuer = await issuerOf(cluster);
  azure.declareIssuer(issuer, () =>
    cluster.client.transport.request<JSONWebKeySet>(
      { method: 'GET', path: '/openid/v1/jwks', accept: 'application/jwk-set+json' },
      never,
    ),
  );
  return issuer;
}

export class Pod implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #world: World;
  readonly #folder: TemporaryFolder;

  private constructor(cluster: Cluster, world: World, folder: TemporaryFolder) {
    this.#cluster = cluster;
    this.#world = world;
    this.#folder = folder;
  }

  static async start(cluster: Cluster, world: World): Promise<Pod> {
    return new Pod(cluster, world, await temporaryFolder());
  }

  /** The SDK's own credential, unchanged, as it would be configured in a pod of this ServiceAccount. */
  async credential(
    namespace: string,
    serviceAccount: string,
    clientId: string,
  ): Promise<WorkloadIdentityCredential> {
    const { token } = await createToken(
      this.#cluster.client,
      namespace,
      serviceAccount,
      { audiences: [TOKEN_EXCHANGE_AUDIENCE], expirationSeconds: 3600 },
      never,
    );
    const tokenFilePath = this.#folder.file(`${namespace}-${serviceAccount}`);
    await writeFile(tokenFilePath, token);
    const { tenantId, origin, caPem } = this.#world.azure;
    return new WorkloadIdentityCredential({
      tenantId,
      clientId,
      tokenFilePath,
      authorityHost: origin,
      disableInstanceDiscovery: true,
      tlsOptions: { ca: caPem },
      retryOptions: { maxRetries: 0 },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}
