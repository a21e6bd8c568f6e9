import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';

/** Keys of an issuer: as they are, or to be asked for at each exchange (a cluster may rotate them). */
type IssuerKeys = JSONWebKeySet | (() => Promise<JSONWebKeySet>);

type AssertionCheck =
  | { readonly kind: 'valid'; readonly payload: JWTPayload }
  /** Entra could not fetch the issuer's discovery document or keys. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'unknownKey'; readonly keyId: string }
  | { readonly kind: 'outOfTime'; readonly payload: JWTPayload }
  | { readonly kind: 'badSignature' };

/**
 * The issuers Entra can reach. One that was not declared is like one behind a firewall: its tokens cannot be checked
 * (docs/architecture.md section 4: "one that Entra could not reach is refused").
 */
export class Issuers {
  readonly #keys = new Map<string, IssuerKeys>();

  /** Compared exactly, as the token endpoint does: a trailing slash is another issuer. */
  declare(issuer: string, keys: IssuerKeys): void {
    this.#keys.set(issuer, keys);
  }

  withdraw(issuer: string): boolean {
    return this.#keys.delete(issuer);
  }

  /** Checks signature (RS256 only, docs/azure-facts.md section 4) and times of an assertion against its issuer's keys. */
  async check(assertion: string, issuer: string, now: Date): Promise<AssertionCheck> {
    const declared = this.#keys.get(issuer);
    if (!declared) return { kind: 'unreachable' };
    try {
      const jwks = typeof declared === 'function' ? await declared() : declared;
      const { payload } = await jwtVerify(assertion, createLocalJWKSet(jwks), {
        algorithms: ['RS256'],
        currentDate: now,
        // Entra allows for clocks that differ by some minutes.
        clockTolerance: 300,
      });
      return { kind: 'valid', payload };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { kind: 'outOfTime', payload: error.payload };
      if (error instanceof errors.JWTClaimValidationFailed)
        return { kind: 'outOfTime', payload: error.payload };
      if (error instanceof errors.JWKSNoMatchingKey) return { kind: 'unknownKey', keyId: keyIdOf(assertion) };
      if (error instanceof errors.JOSEError) return { kind: 'badSignature' };
      return { kind: 'unreachable' };
    }
  }
}

function keyIdOf(assertion: string): string {
  try {
    const header: unknown = JSON.parse(Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString());
    return typeof header === 'object' && header !== null && 'kid' in header ? String(header.kid) : '';
  } catch {
    return '';
  }
}
