import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeJwt } from 'jose';
import { ArmError } from '../../http/operation.ts';
import type { BrokerParts } from '../parts.ts';
import { type Namespace, ROOT_KEY } from '../queues/namespaces.ts';
import type { Holder } from './claims.ts';

/** One audience in every cloud (docs/azure-facts.md section 10). */
const AUDIENCES = ['https://servicebus.azure.net/', 'https://servicebus.azure.net'];

type TokenCheck =
  | { readonly valid: true; readonly holder: Holder /** Wall ms. */; readonly expiresAt: number }
  /** The texts are known from public reports. */
  | { readonly valid: false; readonly why: string };

const INVALID: TokenCheck = { valid: false, why: 'InvalidSignature: The token has an invalid signature.' };

const KEYS_OFF: TokenCheck = {
  valid: false,
  why: 'LocalAuthDisabled: Authorization failed because SAS authentication has been disabled for the namespace.',
};

/** What `$cbs` makes of a token: a JWT of Entra for Service Bus, or a signature by the namespace's key. */
export async function checkToken(
  parts: BrokerParts,
  namespace: Namespace,
  token: { readonly type: string; readonly value: string; readonly audience: string },
  /** As Microsoft's emulator: signed with any key. */
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

async function checkJwt({ tokens, callers }: BrokerParts, jwt: string): Promise<TokenCheck> {
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

/** A shared access signature: for which key, at which address, and until when. */
interface SharedAccess {
  readonly keyName: string;
  /** The address it is for, as its maker encoded it: what was signed. */
  readonly signedResource: string;
  readonly signature: string;
  /** Seconds since the epoch, as text: what was signed. */
  readonly expiry: string;
}

/** Reads `SharedAccessSignature sr=…&sig=…&se=…&skn=…`; undefined for what is none. */
function readSharedAccess(token: string): SharedAccess | undefined {
  const [, fields] = /^SharedAccessSignature\s+(.*)$/i.exec(token.trim()) ?? [];
  if (fields === undefined) return undefined;
  const values = new Map(
    fields.split('&').map((field) => {
      const at = field.indexOf('=');
      return [field.slice(0, at).toLowerCase(), field.slice(at + 1)] as const;
    }),
  );
  const [sr, sig, se, skn] = ['sr', 'sig', 'se', 'skn'].map((name) => values.get(name));
  if (sr === undefined || sig === undefined || se === undefined || skn === undefined) return undefined;
  return { keyName: decoded(skn), signedResource: sr, signature: decoded(sig), expiry: se };
}

/** As it is, where it is no valid encoding: it will match nothing. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether the key made it: HMAC-SHA256 over address and expiry, one line each. */
function isSignedBy({ signedResource, expiry, signature }: SharedAccess, key: string): boolean {
  const expected = createHmac('sha256', key).update(`${signedResource}\n${expiry}`).digest();
  const given = Buffer.from(signature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
