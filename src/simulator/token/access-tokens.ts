import { exportJWK, generateKeyPair, type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../clock.ts';
import { ArmError, type Caller } from '../http/operation.ts';

/** The principal of a token. */
interface TokenSubject {
  readonly objectId: string;
  readonly appId: string;
  readonly tenantId: string;
}

export interface AccessTokens {
  /** A signed token for an audience such as `https://management.azure.com`. */
  mint(subject: TokenSubject, audience: string, lifetimeSeconds: number): Promise<string>;
  /** Who presents this `authorization` header. Throws 401 as ARM does (docs/azure-facts.md section 15). */
  verify(authorization: string | undefined, audiences?: readonly string[]): Promise<Omit<Caller, 'name'>>;
  /** The public key, as the `jwks_uri` of the token endpoint serves it. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

/** What ARM accepts, with and without the trailing slash that `//.default` scopes leave (docs/azure-facts.md section 15). */
const AUDIENCES = [
  'https://management.core.windows.net/',
  'https://management.core.windows.net',
  'https://management.azure.com/',
  'https://management.azure.com',
];

/** Wall ms of issue: `iat` has whole seconds only, too coarse to distinguish a token from before a grant from one after it. */
const ISSUED_AT_MS = 'azid_iat_ms';

/** So many verified tokens are kept: a client sends the same one with every call, and its signature costs more than the rest. */
const KNOWN_TOKENS = 1_000;

/** Made once: a key costs more than a simulator's whole start, and tests start hundreds in one process. */
let keys: ReturnType<typeof generateKeyPair> | undefined;

/**
 * The simulator's own signing key. A token is good until it expires, even when its principal is gone: tokens
 * outlive the identity (docs/azure-facts.md section 3).
 */
export async function createAccessTokens(clock: Clock): Promise<AccessTokens> {
  keys ??= generateKeyPair('RS256');
  const { publicKey, privateKey } = await keys;
  const kid = 'azid-simulated-azure';
  const known = new Map<string, JWTPayload>();
  const payloadOf = async (token: string): Promise<JWTPayload> => {
    const before = known.get(token);
    if (before) return before;
    const { payload } = await jwtVerify(token, publicKey, {
      algorithms: ['RS256'],
      // Times are compared at each call, and refused in ARM's own words.
      currentDate: new Date(0),
      clockTolerance: Number.MAX_SAFE_INTEGER,
    });
    if (known.size >= KNOWN_TOKENS) known.clear();
    known.set(token, payload);
    return payload;
  };
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' };
  return {
    jwks: { keys: [jwk] },
    mint(subject, audience, lifetimeSeconds) {
      const now = Math.floor(clock.now() / 1000);
      return new SignJWT({
        oid: subject.objectId,
        sub: subject.objectId,
        appid: subject.appId,
        tid: subject.tenantId,
        idtyp: 'app',
        ver: '1.0',
        [ISSUED_AT_MS]: clock.now(),
      })
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
        .setIssuer(`https://sts.windows.net/${subject.tenantId}/`)
        .setAudience(audience)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(privateKey);
    },
    async verify(authorization, audiences = AUDIENCES) {
      if (authorization === undefined)
        throw unauthorized(
          'AuthenticationFailed',
          "Authentication failed. The 'Authorization' header is missing.",
        );
      const token = /^bearer\s+(\S+)$/i.exec(authorization)?.[1];
      if (token === undefined)
        throw unauthorized(
          'AuthenticationFailed',
          "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        );
      const payload = await payloadOf(token).catch(() => {
        throw unauthorized('InvalidAuthenticationToken', 'The access token is invalid.');
      });
      const expiresAt = (payload.exp ?? 0) * 1000;
      if (expiresAt <= clock.now())
        throw unauthorized(
          'ExpiredAuthenticationToken',
          `The access token expiry UTC time '${utc(expiresAt)}' is earlier than current UTC time '${utc(clock.now())}'.`,
        );
      const audience = String(payload.aud);
      if (!audiences.includes(audience) && !audiences.includes(audience.replace(/\/$/, '')))
        throw unauthorized(
          'InvalidAuthenticationTokenAudience',
          `The access token has been obtained for wrong audience or resource '${audience}'. It should exactly match with one of the allowed audiences ${audiences.map((each) => `'${each}'`).join(',')}.`,
        );
      return {
        objectId: String(payload.oid),
        appId: String(payload.appid),
        tenantId: String(payload.tid),
        tokenIssuedAt: Number(payload[ISSUED_AT_MS]),
      };
    },
  };
}

function unauthorized(code: string, message: string): ArmError {
  return new ArmError(401, code, message, {
    'www-authenticate': `Bearer authorization_uri="https://login.windows.net/", error="invalid_token", error_description="${message}"`,
  });
}

/** `11/23/2026 10:00:00 AM`, as ARM writes times in this message. */
function utc(ms: number): string {
  return new Date(ms).toLocaleString('en-US', { timeZone: 'UTC' }).replace(',', '');
}
