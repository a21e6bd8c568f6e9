import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TokenCredential } from '@azure/identity';
import type { Simulator } from './simulator.ts';

/** How tests point the unchanged Azure SDKs at a simulator (src/simulator/README.md). */
export function clientOptions(simulator: Simulator) {
  return {
    endpoint: simulator.origin,
    credentialScopes: ['https://management.azure.com/.default'],
    tlsOptions: { ca: simulator.caPem },
    retryOptions: { maxRetries: 0 },
  };
}

/** A credential of someone else, or of a caller named with `control.nameCaller`. */
export async function tokenCredential(simulator: Simulator, caller?: string): Promise<TokenCredential> {
  const mint = (audience?: string) =>
    simulator.control.token({ ...(caller !== undefined && { caller }), ...(audience && { audience }) });
  const { accessToken } = await mint();
  return {
    async getToken(scopes) {
      const [audience] = [scopes].flat().filter((scope) => scope.includes('graph.'));
      const token = audience ? (await mint(audience.replace('/.default', ''))).accessToken : accessToken;
      // Far ahead in real time: the SDK asks the machine's clock, the simulator its own.
      return { token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER };
    },
  };
}

interface Refusal {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
}

/** Status, code and text of the error a call ends with. Throws when it succeeds. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    const { statusCode, code, message } = error as { statusCode?: number; code?: string; message: string };
    return { status: statusCode, code, message };
  }
  throw new Error('expected the call to be refused, it succeeded');
}

/** Every item of a paged list, pages followed. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const WORKLOAD = fileURLToPath(new URL('./hosts/workload-process.ts', import.meta.url));

/**
 * What a workload gets with the unchanged `ManagedIdentityCredential` on a host whose metadata endpoint was opened:
 * `env` is `AZURE_POD_IDENTITY_AUTHORITY_HOST`, or `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` of an app.
 */
export async function tokenInside(
  env: Readonly<Record<string, string>>,
  identity: { readonly clientId?: string; readonly resourceId?: string; readonly objectId?: string } = {},
): Promise<{ readonly token?: string; readonly error?: string }> {
  const { stdout } = await promisify(execFile)(process.execPath, [WORKLOAD, JSON.stringify(identity)], {
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout);
}
