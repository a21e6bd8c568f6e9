import type { AzureFederatedCredential } from '../../../azure/azure-federated-credential.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { CredentialCache } from '../../../cache/credentials.ts';
import type { ObjectKey } from '../../../kube/types.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { ReconcileContext } from '../../kind.ts';
import { failureOf } from '../../status/failure.ts';
import type { ObservedCredentials, SeenCredential } from '../facts.ts';

/** The credentials on an identity, as the cache holds them or as Azure lists them now; and which identities the cache is to list. */

export interface CredentialDeps {
  readonly credentialCache: Pick<CredentialCache, 'content' | 'relist' | 'refresh'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/**
 * From the cache, unless only Azure can answer: nothing was read yet, a list lacks what was there, or the identity itself was absent
 * and the caller has seen it since.
 *
 * @param since what was read after this, on the monotonic clock, is as live as a read made now
 * @param live whether it has to be
 */
export async function credentialsOn(
  identityId: string,
  since: number,
  live: boolean,
  context: ReconcileContext,
  deps: CredentialDeps,
): Promise<ObservedCredentials> {
  const held = deps.credentialCache.content(identityId);
  if (held.state === 'known' && held.doubtful.length === 0) {
    const isLive = held.ageMs <= deps.clock.monotonic() - since;
    if (isLive || !live) return { state: 'known', credentials: held.resources.map(seen), live: isLive };
  }
  return readCredentials(identityId, context, deps);
}

async function readCredentials(
  identityId: string,
  context: ReconcileContext,
  { credentialCache }: CredentialDeps,
): Promise<ObservedCredentials> {
  try {
    await credentialCache.relist(identityId, context.priority, context);
    const first = credentialCache.content(identityId);
    if (first.state !== 'known') return { state: 'identityGone' };
    // A list may lack one that is there; a GET of it decides.
    for (const { id } of first.doubtful) await credentialCache.refresh(id, context.priority, context);
    const read = first.doubtful.length > 0 ? credentialCache.content(identityId) : first;
    const resources = read.state === 'known' ? read.resources : [];
    return { state: 'known', credentials: resources.map(seen), live: true };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}

function seen({ id, name, issuer, subject, audiences }: AzureFederatedCredential): SeenCredential {
  // Exactly one (docs/azure-facts.md section 4); should there ever be more, no token has all of them as its audience.
  return { id, name, issuer, subject, audience: audiences.join(' ') };
}

/** Which objects have credentials on which identity: those identities are listed in rotation, and no others. */
export class IdentitiesInUse {
  readonly #cache: Pick<CredentialCache, 'use' | 'forget' | 'inUse'>;
  /** By key of the identity. */
  readonly #principals = new Map<string, string>();

  constructor(cache: Pick<CredentialCache, 'use' | 'forget' | 'inUse'>) {
    this.#cache = cache;
  }

  /** The object is on this identity now, and on no other. */
  record(object: ObjectKey, identityId: string, principalId: string): void {
    this.#use(object, [identityId]);
    const key = armKey(identityId);
    const before = this.#principals.get(key);
    this.#principals.set(key, principalId);
    // Credentials go with their identity: of one that was made again under its name nothing held is true any more, not
    // even what was written a moment ago.
    if (before !== undefined && before !== principalId) this.#cache.forget(identityId);
  }

  forget(object: ObjectKey): void {
    this.#use(object, []);
  }

  #use(object: ObjectKey, identityIds: readonly string[]): void {
    const { inUse } = this.#cache;
    const before = inUse.areasOf(object);
    this.#cache.use(object, identityIds);
    for (const key of before) if (!inUse.has(key)) this.#principals.delete(key);
  }
}
