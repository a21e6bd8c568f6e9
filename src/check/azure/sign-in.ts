/** Whether the controller, as a pod of its ServiceAccount would, or the caller gets a token for Resource Manager. */
import type { TokenCredential } from '@azure/identity';
import { type AzureCaller, whoAmI } from '../../azure/arm/caller.ts';
import type { Cloud } from '../../azure/arm/clouds.ts';
import { assertionCredential } from '../../azure/arm/credential.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import { createToken } from '../../kube/builtin.ts';
import { KubeError } from '../../kube/errors.ts';
import { type CheckDeps, type CheckFinding, ok, problem, unknown } from '../finding.ts';

const AREA = 'sign-in';

/** The least that the API server gives; it is used once. */
const TOKEN_SECONDS = 600;

/** A way to sign in, and why the API server gave no token for it. */
export interface SignIn {
  /** In words: `ServiceAccount azid-system/azid-controller`. */
  readonly whom: string;
  readonly cloud: Cloud;
  readonly credential: TokenCredential;
  refused?(): KubeError | undefined;
}

/**
 * The controller's own way in, without its pod: a token of its ServiceAccount, asked of the API server, which keeps nothing of it. So
 * issuer, subject, audience and federated credential are those of the controller.
 */
export function controllerSignIn(
  { tenantId, clientId }: { readonly tenantId: string; readonly clientId: string },
  cloud: Cloud,
  { client, clock, namespace, serviceAccount, signal }: CheckDeps,
): SignIn {
  const { authorityHost, caPem, instanceDiscovery, federationAudience } = cloud;
  const options = { audiences: [federationAudience], expirationSeconds: TOKEN_SECONDS };
  // The SDK makes an error of its own of it.
  let refused: KubeError | undefined;
  const credential = assertionCredential(
    { tenantId, clientId, authorityHost, caPem, disableInstanceDiscovery: !instanceDiscovery, clock },
    async () => {
      try {
        return (await createToken(client, namespace, serviceAccount, options, signal)).token;
      } catch (error) {
        if (error instanceof KubeError) refused = error;
        throw error;
      }
    },
  );
  return {
    whom: `ServiceAccount ${namespace}/${serviceAccount}`,
    cloud,
    credential,
    refused: () => refused,
  };
}

export async function signInFinding(signIn: SignIn, signal: AbortSignal): Promise<CheckFinding> {
  const { credential, cloud, whom } = signIn;
  try {
    return signedIn(await whoAmI(credential, cloud.armScope), whom);
  } catch (error) {
    signal.throwIfAborted();
    const refused = signIn.refused?.();
    return refused ? notAsked(refused, whom) : notSignedIn(toAzureError(error).message, whom);
  }
}

/** Pure. */
export function notAsked({ message }: KubeError, whom: string): CheckFinding {
  return unknown(
    AREA,
    `whether ${whom} gets a token: ${message}`,
    "you need create on serviceaccounts/token in azid's namespace; or ask with your own rights, --azure-as caller",
  );
}

/** Pure. */
export function signedIn({ clientId, objectId, tenantId }: AzureCaller, whom: string): CheckFinding {
  return ok(AREA, `${whom} gets a token: client ${clientId}, principal ${objectId}, tenant ${tenantId}`);
}

/** Pure. @param message Entra's own words, or those of the API server */
export function notSignedIn(message: string, whom: string): CheckFinding {
  const [firstLine = ''] = message.split(/\r?\n/);
  const remedy = /AADSTS7002(1|13)\b/.test(message)
    ? 'issuer, subject and audience of the federated credential on azid’s identity must be those of its ServiceAccount: docs/guides/run-on-azure.md'
    : 'docs/guides/troubleshoot.md#authentication-fails; a new credential takes minutes to act';
  return problem(AREA, `${whom} gets no token: ${firstLine}`, remedy);
}
