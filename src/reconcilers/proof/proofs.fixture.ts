import type { AzureIdentity } from '../../azure/azure-identity.ts';
import type { GetResult } from '../../azure/identities.ts';
import { ownerMarks, type Tags, tag } from '../../azure/names/identity-marks.ts';
import { armKey, parseIdentityId } from '../../azure/names/resource-id.ts';
import type { IdentityObservation, IdentityQueries } from '../../cache/identities.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { type IdentityProofParts, IdentityProofs } from './identity-proofs.ts';

/** Identities in Azure and in the cache of it, for tables: what is put here both show, unless told otherwise. */

export const INSTALLATION = 'b7d8a1f0-0000-4000-8000-000000000001';

type Owner = Pick<ObjectMeta, 'namespace' | 'name' | 'uid'>;

/** The marks of an object. */
export const marksOf = ({ namespace = '', name, uid }: Owner, installationId = INSTALLATION): Tags =>
  ownerMarks({ installationId, namespace, name, uid });

export function identityAt(id: string, principalId: string, tags: Tags = {}): AzureIdentity {
  const { subscriptionId, resourceGroup, name } = parseIdentityId(id);
  const place = { id, key: armKey(id), name, subscriptionId, resourceGroup, location: 'westeurope' };
  return { ...place, tags, clientId: `client-of-${principalId}`, principalId, tenantId: 'tenant' };
}

export class HeldIdentities {
  readonly #held = new Map<string, IdentityObservation>();
  readonly #azure = new Map<string, AzureIdentity | Error>();
  /** Subscriptions whose first list is under way. */
  readonly listing = new Set<string>();
  /** Ids that were read from Azure. */
  readonly read: string[] = [];

  /** In Azure, and in the cache as a list showed it. */
  put(identity: AzureIdentity, how: Partial<Extract<IdentityObservation, { state: 'present' }>> = {}): void {
    this.inAzure(identity.id, identity);
    this.hold(identity.id, { state: 'present', resource: identity, how: 'list', ageMs: 0, ...how });
  }

  hold(id: string, seen: IdentityObservation): void {
    this.#held.set(armKey(id), seen);
  }

  /** @param answer undefined: it is not there */
  inAzure(id: string, answer: AzureIdentity | Error | undefined): void {
    if (answer) this.#azure.set(armKey(id), answer);
    else this.#azure.delete(armKey(id));
  }

  observe(id: string): IdentityObservation {
    return this.#held.get(armKey(id)) ?? { state: 'unknown' };
  }

  byIndex<K extends keyof IdentityQueries>(_index: K, query: IdentityQueries[K]): AzureIdentity[] {
    if (typeof query === 'string')
      return this.#present().filter((each) => each.principalId.toLowerCase() === query.toLowerCase());
    return this.#present().filter((each) =>
      Object.entries(query).every(([name, value]) => tag(each.tags, name) === value),
    );
  }

  loading(subscriptionId: string): boolean {
    return this.listing.has(subscriptionId);
  }

  async get(id: string): Promise<GetResult> {
    this.read.push(id);
    const answer = this.#azure.get(armKey(id));
    if (answer instanceof Error) throw answer;
    if (answer) return { found: true, identity: answer, requestedAt: 0 } as GetResult;
    return { found: false, missing: 'resource', requestedAt: 0 } as unknown as GetResult;
  }

  /** @param recorded principals by the uid of their object */
  proofs(
    stores: IdentityProofParts['stores'],
    recorded: Readonly<Record<string, string>> = {},
  ): IdentityProofs {
    return new IdentityProofs({
      principals: {
        lastOf: (uid) => recorded[uid],
        holdersOf: (principalId) => Object.keys(recorded).filter((uid) => recorded[uid] === principalId),
      },
      stores,
      identities: this,
      identityCache: this,
      installationId: INSTALLATION,
    });
  }

  #present(): AzureIdentity[] {
    return [...this.#held.values()].flatMap((seen) => (seen.state === 'present' ? seen.resource : []));
  }
}

/** Whatever is not there may come. */
export const awaitingAll = { isAwaited: () => true };

/** Nothing is on record. */
export const noRecords = { lastOf: () => undefined, holdersOf: () => [] };

/** Nobody's resource has an identity of its own. */
export const noSystemProofs = {
  known: () => undefined,
  prove: async () => ({ state: 'waiting', why: 'has no principal yet' }) as const,
  hasPrincipal: () => false,
  ofPrincipal: () => [],
  ownersNamed: () => [],
  isPrincipalOf: () => false,
  isReturning: () => false,
  resourceOf: () => undefined,
};
