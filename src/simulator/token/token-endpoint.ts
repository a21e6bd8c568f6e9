import { decodeJwt } from 'jose';
import type { Credentials } from '../federation/credentials.ts';
import type { Foundation } from '../frame.ts';
import type { SignIns } from '../graph/sign-ins.ts';
import { jsonReply, type Message, type Reply } from '../http/message.ts';
import type { Identities } from '../identities/identities.ts';
import type { Random } from '../random.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Issuers } from './issuers.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface TokenEndpointParts extends Foundation {
  readonly identities: Identities;
  readonly tokens: AccessTokens;
  readonly issuers: Issuers;
  readonly credentials: Credentials;
  readonly signIns: SignIns;
}

/**
 * The authority as `WorkloadIdentityCredential` meets it (src/simulator/README.md): the discovery document, the keys, and
 * the exchange of a federated assertion for an access token. Undefined for a path that is none of these.
 */
export async function answerToken(parts: TokenEndpointParts, message: Message): Promise<Reply | undefined> {
  const found =
    /^\/([^/]+)\/(v2\.0\/\.well-known\/openid-configuration|oauth2\/v2\.0\/token|discovery\/v2\.0\/keys)$/i.exec(
      message.path,
    );
  if (!found) return undefined;
  const [, tenant = '', what = ''] = found;
  const authority = `${message.origin}/${tenant}`;
  switch (what.toLowerCase()) {
    case 'v2.0/.well-known/openid-configuration':
      return jsonReply(200, {
        issuer: `${authority}/v2.0`,
        authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
        token_endpoint: `${authority}/oauth2/v2.0/token`,
        jwks_uri: `${authority}/discovery/v2.0/keys`,
        token_endpoint_auth_methods_supported: [
          'client_secret_post',
          'private_key_jwt',
          'client_secret_basic',
        ],
        response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
        subject_types_supported: ['pairwise'],
        id_token_signing_alg_values_supported: ['RS256'],
        scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      });
    case 'discovery/v2.0/keys':
      return jsonReply(200, parts.tokens.jwks);
    default:
      return exchange(parts, message, tenant);
  }
}

async function exchange(parts: TokenEndpointParts, message: Message, tenant: string): Promise<Reply> {
  const form = new URLSearchParams(message.body);
  try {
    const { audience, clientId, assertion } = readForm(form);
    const identity = await identify(parts, tenant, clientId, assertion);
    const { lifetimeSeconds } = parts.knobs.values.token;
    const { iss } = readClaims(assertion);
    parts.signIns.note({
      principalId: identity.principalId,
      clientId: identity.clientId,
      resource: audience,
      identityId: identity.id,
      kind: 'UserAssigned',
      ...(iss !== undefined && { issuer: iss }),
    });
    const subject = { objectId: identity.principalId, appId: identity.clientId, tenantId: identity.tenantId };
    return jsonReply(200, {
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      ext_expires_in: lifetimeSeconds,
      access_token: await parts.tokens.mint(subject, audience, lifetimeSeconds),
    });
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    const correlationId = message.query.get('client-request-id') ?? message.headers['client-request-id'];
    return refusalReply(error, parts.random, parts.clock.now(), correlationId);
  }
}

/** Texts of these checks as Entra words them for any client (Microsoft Learn, "Microsoft Entra authentication error codes"). */
function readForm(form: URLSearchParams): { audience: string; clientId: string; assertion: string } {
  const required = (name: string) => {
    const value = form.get(name);
    if (value) return value;
    throw new TokenRefusal(
      'invalid_request',
      900144,
      `The request body must contain the following parameter: '${name}'.`,
    );
  };
  const grant = required('grant_type');
  if (grant !== 'client_credentials')
    throw new TokenRefusal(
      'unsupported_grant_type',
      70003,
      `The app requested an unsupported grant type '${grant}'.`,
    );
  const clientId = required('client_id');
  const scope = required('scope').split(' ')[0] ?? '';
  if (!scope.endsWith('/.default'))
    throw new TokenRefusal(
      'invalid_scope',
      1002012,
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
    );
  if (form.get('client_assertion_type') !== ASSERTION_TYPE || !form.get('client_assertion'))
    throw new TokenRefusal(
      'invalid_client',
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  return { audience: scope.slice(0, -'/.default'.length), clientId, assertion: required('client_assertion') };
}

/** The identity the assertion lets in: first a matching credential, then the issuer's keys, then the times. */
async function identify(parts: TokenEndpointParts, tenant: string, clientId: string, assertion: string) {
  const identity = parts.identities.findByClientId(clientId);
  if (!identity || identity.tenantId.toLowerCase() !== tenant.toLowerCase())
    throw new TokenRefusal(
      'unauthorized_client',
      700016,
      `Application with identifier '${clientId}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
    );
  const claims = readClaims(assertion);
  const audiences = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []);
  const { iss = '', sub = '' } = claims;
  // `pending` reads like no match: Entra does not accept the credential yet (docs/azure-facts.md section 4).
  if (!audiences.some((audience) => parts.credentials.match(clientId, iss, sub, audience) === 'match'))
    throw new TokenRefusal(
      'invalid_request',
      70021,
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${iss}'. Assertion Subject: '${sub}'. Assertion Audience: '${audiences.join(',')}'. https://docs.microsoft.com/en-us/azure/active-directory/develop/workload-identity-federation`,
    );
  const now = new Date(parts.clock.now());
  const check = await parts.issuers.check(assertion, iss, now);
  switch (check.kind) {
    case 'valid':
      return identity;
    case 'unreachable':
      throw new TokenRefusal('invalid_request', 50166, 'Request to External OIDC endpoint failed.');
    case 'unknownKey':
      throw new TokenRefusal(
        'invalid_client',
        7000272,
        `The certificate with identifier ${check.keyId} used to sign the federated credential could not be found in the metadata of identity provider ${iss}. Please validate that your Identity Provider's metadata exposes the key used to sign the incoming token.`,
      );
    case 'badSignature':
      throw new TokenRefusal('invalid_client', 700027, 'Client assertion failed signature validation.');
    case 'outOfTime': {
      const { nbf = 0, exp = 0 } = check.payload;
      throw new TokenRefusal(
        'invalid_client',
        700024,
        `Client assertion is not within its valid time range. Current time: ${now.toISOString()}, assertion valid from ${new Date(nbf * 1000).toISOString()}, expiry time of assertion ${new Date(exp * 1000).toISOString()}. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .`,
      );
    }
  }
}

function readClaims(assertion: string) {
  try {
    return decodeJwt(assertion);
  } catch {
    throw new TokenRefusal('invalid_request', 50027, 'JWT token is invalid or malformed.');
  }
}

/** A refusal of the token endpoint: HTTP 400 with the body of src/simulator/README.md. */
class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
  /** OAuth error, e.g. `invalid_request`. */
  readonly error: string;
  /** Number behind AADSTS. */
  readonly code: number;

  constructor(error: string, code: number, message: string) {
    super(message);
    this.error = error;
    this.code = code;
  }
}

/** `correlationId`: the client's `client-request-id`, echoed as Entra does. */
function refusalReply(refusal: TokenRefusal, random: Random, now: number, correlationId?: string): Reply {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const trace = random.uuid();
  const correlation = correlationId ?? random.uuid();
  return jsonReply(400, {
    error: refusal.error,
    error_description: `AADSTS${refusal.code}: ${refusal.message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
    error_codes: [refusal.code],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
  });
}
