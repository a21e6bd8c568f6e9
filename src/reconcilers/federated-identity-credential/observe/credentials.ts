import type { AzureFederatedCredential } from '../../../azure/azure-federated-credential.ts';
import type { CredentialCache } from '../../../cache/credentials.ts';
import type { ReconcileContext } from '../../kind.ts';
import { failureOf } from '../../status/failure.ts';
import type { ObservedCredentials, SeenCredential } from '../facts.ts';

/** What is on an identity, as the cache holds it or as Azure says now. */

export interface CredentialDeps {
  readonly credentialCache: Pick<CredentialCache, 'content' | 'relist' | 'refresh'>;
}

/**
 * From the cache; undefined where only Azure can answer: nothing was read yet, a list lacks what was there, or the
 * identity itself was absent and the caller has seen it since.
 *
 * @param liveMs what was read within this time is as live as a read made now
 */
export function heldCredentials(
  identityId: string,
  liveMs: number,
  { credentialCache }: CredentialDeps,
): Extract<ObservedCredentials, { state: 'known' }> | undefined {
  const held = credentialCache.content(identityId);
  if (held.state !== 'known' || held.doubtful.length > 0) return undefined;
  return { state: 'known', credentials: held.resources.map(seen), live: held.ageMs <= liveMs };
}

export async function readCredentials(
  identityId: string,
  context: ReconcileContext,
  { credentialCache }: CredentialDeps,
): Promise<ObservedCredentials> {
  try {
    await credentialCache.relist(identityId, context.priority, context);
    const first = credentialCache.content(identityId);
    if (first.state !== 'known') return { state: 'identityGone' };
    // A list that lacks one is a suspicion; a GET of it is an answer.
    for (const { id } of first.doubtful) await credentialCache.refresh(id, context.priority, context);
    const { resources } = first.doubtful.length > 0 ? knownAgain(identityId, credentialCache) : first;
    return { state: 'known', credentials: resources.map(seen), live: true };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}

function knownAgain(identityId: string, identityCache: CredentialDeps['credentialCache']) {
  const held = identityCache.content(identityId);
  return held.state === 'known' ? held : { resources: [] };
}

function seen({ id, name, issuer, subject, audiences }: AzureFederatedCredential): SeenCredential {
  // Exactly one (docs/azure-facts.md section 4); should there ever be more, they are nobody's audience.
  return { id, name, issuer, subject, audience: audiences.join(' ') };
}
