import { decodeJwt } from 'jose';
import type { Clock } from '../../clock.ts';
import type { Callers } from '../../http/callers.ts';
import { ArmError } from '../../http/operation.ts';
import type { AccessTokens } from '../../token/access-tokens.ts';
import { type Namespace, type Namespaces, ROOT_KEY } from '../queues/namespaces.ts';
import type { Holder } from './claims.ts';
import { decoded, isSignedBy, readSharedAccess } from './shared-access.ts';

/** One audience in every cloud (docs/azure-facts.md section 10). */
const AUDIENCES = ['https://servicebus.azure.net/', 'https://servicebus.azure.net'];

type TokenCheck =
  | { readonly valid: true; readonly holder: Holder /** Wall ms. */; readonly expiresAt: number }
  /** The texts are known from public reports. */
  | { readonly valid: false; readonly why: string };

export interface TokenCheckParts {
  readonly clock: Clock;
  readonly tokens: Pick<AccessTokens, 'verify'>;
  readonly callers: Pick<Callers, 'nameOf'>;
  readonly namespaces: Pick<Namespaces, 'takesKeys'>;
}

const INVALID: TokenCheck = { valid: false, why: 'InvalidSignature: The token has an invalid signature.' };

const KEYS_OFF: TokenCheck = {
  valid: false,
  why: 'LocalAuthDisabled: Authorization failed because SAS authentication has been disabled for the namespace.',
};

/** What `$cbs` makes of a token: a JWT of Entra for Service Bus, or a signature by the namespace's key. */
export async function checkToken(
  parts: TokenCheckParts,
  namespace: Namespace,
  token: { readonly type: string; readonly value: string; readonly audience: string },
  /** As Microsoft's emulator: whatever key it was signed with. */
  anyKey: boolean,
): Promise<TokenCheck> {
  switch (token.type) {
    case 'jwt':
      return checkJwt(parts, token.value);
    case 'servicebus.windows.net:sastoken':
      if (!anyKey && !parts.namespaces.takesKeys(namespace)) return KEYS_OFF;
      return checkSharedAccess(parts.clock.now(), namespace, token, anyKey);
    default:
      return { valid: false, why: `InvalidTokenType: The token type '${token.type}' is not supported.` };
  }
}

async function checkJwt({ tokens, callers }: TokenCheckParts, jwt: string): Promise<TokenCheck> {
  try {
    const verified = await tokens.verify(`Bearer ${jwt}`, AUDIENCES);
    const caller = { ...verified, name: callers.nameOf(verified.objectId) };
    const expiresAt = (decodeJwt(jwt).exp ?? 0) * 1000;
    return { valid: true, holder: { kind: 'principal', caller }, expiresAt };
  } catch (error) {
    if (!(error instanceof ArmError)) throw error;
    switch (error.code) {
      case 'ExpiredAuthenticationToken':
        return { valid: false, why: 'ExpiredToken: The token is expired.' };
      case 'InvalidAuthenticationTokenAudience':
        return { valid: false, why: 'InvalidAudience: Invalid authorization token audience.' };
      default:
        return INVALID;
    }
  }
}

function checkSharedAccess(
  now: number,
  { key }: Namespace,
  { value, audience }: { readonly value: string; readonly audience: string },
  anyKey: boolean,
): TokenCheck {
  const access = readSharedAccess(value);
  if (!access) return INVALID;
  const expiresAt = Number(access.expiry) * 1000;
  if (!anyKey && (access.keyName !== ROOT_KEY || !isSignedBy(access, key))) return INVALID;
  if (!(expiresAt > now))
    return {
      valid: false,
      why: `ExpiredToken: The token is expired. Expiration time: '${utc(expiresAt)}'.`,
    };
  const covered = decoded(access.signedResource).toLowerCase();
  if (!audience.toLowerCase().startsWith(covered))
    return { valid: false, why: 'InvalidAudience: Invalid authorization token audience.' };
  return { valid: true, holder: { kind: 'key' }, expiresAt };
}

/** `2026-11-23 10:00:00Z`, as Service Bus writes times in this message. */
const utc = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ').concat('Z');
