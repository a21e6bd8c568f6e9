import type { TokenCredential } from '@azure/identity';
import { decodeJwt } from 'jose';
import { parseIdentityIdIfAny } from '../names/resource-id.ts';
import { AzureError, LOCAL_CODES } from './errors.ts';

/** Who azid is in Azure: it must not manage, detach or collect what it depends on (docs/guarantees.md G21). */
export interface AzureCaller {
  /** Object id of its service principal. */
  readonly objectId: string;
  /** Application (client) id. */
  readonly clientId: string;
  readonly tenantId: string;
  /** ARM id of a user-assigned identity, where the token names it. */
  readonly identityId?: string;
}

/** Reads the caller from its own token for Resource Manager. The signature is not checked: it comes from Entra itself. */
export async function whoAmI(credential: TokenCredential, armScope: string): Promise<AzureCaller> {
  const token = await credential.getToken(armScope);
  if (!token) throw unreadable('the credential gave no token');
  const claims = decode(token.token);
  const clientId = claims.appid ?? claims.azp;
  const { oid, tid } = claims;
  if (typeof oid !== 'string' || typeof clientId !== 'string' || typeof tid !== 'string')
    throw unreadable('expected the token to hold oid, appid and tid');
  const { xms_mirid: identity } = claims;
  const isIdentity = typeof identity === 'string' && parseIdentityIdIfAny(identity) !== undefined;
  return { objectId: oid, clientId, tenantId: tid, ...(isIdentity && { identityId: identity }) };
}

function decode(token: string): Record<string, unknown> {
  try {
    return decodeJwt(token);
  } catch {
    throw unreadable('expected the token to be a JWT');
  }
}

function unreadable(message: string): AzureError {
  return new AzureError({
    code: LOCAL_CODES.authentication,
    message: `cannot find out who azid is in Azure: ${message}`,
  });
}
