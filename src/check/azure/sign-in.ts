import type { TokenCredential } from '@azure/identity';
import { type AzureCaller, whoAmI } from '../../azure/arm/caller.ts';
import type { Cloud } from '../../azure/arm/clouds.ts';
import { assertionCredential } from '../../azure/arm/credential.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import { createToken } from '../../kube/builtin.ts';
import type { CheckDeps } from '../deps.ts';
import { type CheckFinding, ok, problem } from '../finding.ts';

/** Whether somebody gets a token for Resource Manager: the controller, as a pod of its ServiceAccount would, or the caller. */

const AREA = 'sign-in';

/** The least that the API server gives; it is used once. */
const TOKEN_SECONDS = 600;

/**
 * The controller's own way in, without its pod: a token of its ServiceAccount, asked of the API server, which keeps nothing of it. So
 * issuer, subject, audience and federated credential are those of the controller.
 */
export function controllerCredential(
  { tenantId, clientId }: { readonly tenantId: string; readonly clientId: string },
  cloud: Cloud,
  { client, clock, namespace, serviceAccount, signal }: CheckDeps,
): TokenCredential {
  const { authorityHost, caPem, instanceDiscovery, federationAudience } = cloud;
  const options = { audiences: [federationAudience], expirationSeconds: TOKEN_SECONDS };
  return assertionCredential(
    { tenantId, clientId, authorityHost, caPem, disableInstanceDiscovery: !instanceDiscovery, clock },
    async () => (await createToken(client, namespace, serviceAccount, options, signal)).token,
  );
}

/** @param whom `azid's ServiceAccount`, for instance */
export async function signInFinding(
  credential: TokenCredential,
  { armScope }: Pick<Cloud, 'armScope'>,
  whom: string,
  signal: AbortSignal,
): Promise<CheckFinding> {
  try {
    return signedIn(await whoAmI(credential, armScope), whom);
  } catch (error) {
    signal.throwIfAborted();
    return notSignedIn(toAzureError(error).message, whom);
  }
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
