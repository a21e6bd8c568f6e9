import type { FederatedIdentityCredential } from '@azure/arm-msi';
import { AzureError, LOCAL_CODES } from './arm/errors.ts';
import { armKey, parseIdentityId } from './names/resource-id.ts';
import { asciiLower } from './names/text.ts';

/** A federated credential as Azure showed it. Spelling of ids as given; compare by `key`. */
export interface AzureFederatedCredential {
  readonly id: string;
  /** `armKey(id)`. */
  readonly key: string;
  readonly name: string;
  /** Of the identity that can be become with it. */
  readonly identityId: string;
  readonly issuer: string;
  /** Empty for a flexible credential. */
  readonly subject: string;
  /** Exactly one (docs/azure-facts.md section 4). */
  readonly audiences: readonly string[];
}

const COLLECTION = '/federatedidentitycredentials/';

export function credentialId(identityId: string, name: string): string {
  parseIdentityId(identityId);
  return `${identityId.replace(/\/+$/, '')}/federatedIdentityCredentials/${name}`;
}

/** Takes an id apart; throws `TypeError` for that of anything else. */
export function parseCredentialId(id: string): { identityId: string; name: string } {
  const at = asciiLower(id).lastIndexOf(COLLECTION);
  const name = id.slice(at + COLLECTION.length);
  if (at < 0 || name === '' || name.includes('/'))
    throw new TypeError(
      `Expected the id of a federated credential (<identity>/federatedIdentityCredentials/<name>), got '${id.slice(0, 200)}'`,
    );
  const identityId = id.slice(0, at);
  parseIdentityId(identityId);
  return { identityId, name };
}

/**
 * An answer of the SDK, checked. A read may lack the subject: a flexible credential has an expression instead, which the
 * SDK drops (docs/azure-facts.md sections 4 and 15). It counts against the limit all the same, so it is kept, with what it shows.
 */
export function readCredential(
  { id, name, issuer, subject, audiences }: FederatedIdentityCredential,
  how?: 'written',
): AzureFederatedCredential {
  if (!id || (how === 'written' && (!issuer || !subject)))
    throw new AzureError({
      code: LOCAL_CODES.incomplete,
      message: `expected a federated credential with issuer and subject, got ${id ? `${id} without all of them` : 'none'}`,
      ambiguous: how === 'written',
    });
  const parsed = parseCredentialId(id);
  return {
    id,
    key: armKey(id),
    name: name ?? parsed.name,
    identityId: parsed.identityId,
    issuer: issuer ?? '',
    subject: subject ?? '',
    audiences: audiences ?? [],
  };
}

/** Whether two observations say the same. Issuer, subject and audience compare as Entra does: exactly. */
export function sameCredential(left: AzureFederatedCredential, right: AzureFederatedCredential): boolean {
  return (
    left.key === right.key &&
    left.issuer === right.issuer &&
    left.subject === right.subject &&
    left.audiences.length === right.audiences.length &&
    left.audiences.every((audience, index) => audience === right.audiences[index])
  );
}
