import type { LedgerSystem } from '../../api/host-identity.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { CallContext } from '../../azure/arm/arm-calls.ts';
import { armKey, parseResourceId } from '../../azure/names/resource-id.ts';
import { areaOfHost } from '../../cache/hosts/area.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { lineOf, type ObservedSystemIdentity, systemVerdict } from '../hosts/system-identity.ts';
import type { ReconcileContext } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import { INDEX, type Stores } from '../stores.ts';
import type { ProvenIdentity } from './proven.ts';

interface SystemProofDeps {
  readonly stores: Pick<Stores, 'systemIdentities' | 'hosts' | 'policies' | 'namespaces'>;
  readonly hostCache: Pick<HostCache, 'observe' | 'byIndex' | 'loading'>;
  readonly clock: Clock;
  /** By the ARM id of the resource; throws what the call threw. */
  readonly systemIdentity: (hostId: string, context: CallContext) => Promise<ObservedSystemIdentity>;
}

const LIVE_MS = 30_000;
/** So long after the start a list that was not asked for yet is about to be. */
const STARTING_MS = 30_000;
/** Older than that, no list shows it any more. */
const STALE_MS = 3_600_000;

type Owned = Extract<ProvenIdentity, { state: 'owned' }>;

/**
 * Whether the identity of a resource is a SystemAssignedIdentity's, and which principal it has. Nothing in Azure can be
 * marked there: that it is the object's the ledger in azid's own namespace says, which principal it has Azure alone.
 */
export class SystemProofs {
  readonly #deps: SystemProofDeps;
  readonly #startedAt: number;

  constructor(deps: SystemProofDeps) {
    this.#deps = deps;
    this.#startedAt = deps.clock.monotonic();
  }

  /** From the caches alone. @param key `namespace/name` of the object */
  known(key: string): Owned | undefined {
    const object = this.#deps.stores.systemIdentities.get(key);
    if (!object || this.#lineOf(object)?.state !== 'Attached') return undefined;
    const seen = this.#deps.hostCache.observe(object.spec.resourceId);
    if (seen.state !== 'present' || seen.ageMs > STALE_MS) return undefined;
    const { id, identity } = seen.resource;
    if (!identity.system || identity.principalId === undefined) return undefined;
    return ownedBy(object, id, identity.principalId, seen.how !== 'list' && seen.ageMs <= LIVE_MS);
  }

  /** From the caches, and from Azure itself where they do not suffice, or where a write is to rest on it. */
  async prove(key: string, context: ReconcileContext, live = false): Promise<ProvenIdentity> {
    const object = this.#deps.stores.systemIdentities.get(key);
    if (!object) return { state: 'waiting', why: 'does not exist' };
    const line = this.#lineOf(object);
    const { resourceId } = object.spec;
    const seen = this.#deps.hostCache.observe(resourceId);
    // A resource that was made again gets its identity again: what stands is replaced then, new before old.
    const returns =
      object.metadata.deletionTimestamp === undefined && seen.state !== 'absent' && line !== undefined;
    const none: ProvenIdentity = {
      state: 'waiting',
      why: 'has no principal yet',
      ...(returns && { returns }),
    };
    if (line?.state !== 'Attached') return none;
    const known = this.known(key);
    if (known && (known.live || !live)) return known;
    if (!known && (seen.state === 'absent' || (seen.state === 'present' && seen.ageMs <= STALE_MS)))
      return none;
    if (seen.state === 'unknown' && context.priority === 'resync' && this.#isLoading(resourceId))
      return { state: 'loading', subscriptionId: parseResourceId(resourceId).subscriptionId };
    try {
      const got = await this.#deps.systemIdentity(resourceId, context);
      return got.found ? ownedBy(object, known?.id ?? resourceId, got.principalId, true) : none;
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      return { state: 'unreadable', failure };
    }
  }

  /**
   * Whether the object is about to have the identity that one of the same name had before, as after a backup brought it back under
   * another uid: the ledger names that one, and a policy allows it.
   */
  isReturning(key: string): boolean {
    const { stores } = this.#deps;
    const object = stores.systemIdentities.get(key);
    if (!object || object.metadata.deletionTimestamp || object.spec.suspend) return false;
    const { uid } = object.metadata;
    const [holder] = stores.hosts.byIndex(INDEX.host, armKey(object.spec.resourceId));
    const owners = holder?.status?.systemAssigned?.owners ?? [];
    const isNamesake = owners.some(
      (owner) => `${owner.namespace}/${owner.name}` === key && owner.uid !== uid,
    );
    if (!isNamesake) return false;
    const verdict = systemVerdict(object, stores);
    return verdict.allowed || verdict.unseen === true;
  }

  /** The resource in whose ledger the object stands, so that it may be read on its behalf. */
  resourceOf(key: string): string | undefined {
    const object = this.#deps.stores.systemIdentities.get(key);
    return object && this.#lineOf(object) ? object.spec.resourceId : undefined;
  }

  /** Keys of the objects whose resource's own identity has this principal. */
  ofPrincipal(principalId: string): readonly string[] {
    const { stores, hostCache } = this.#deps;
    return hostCache
      .byIndex('principal', principalId)
      .flatMap(({ key }) => stores.systemIdentities.keysByIndex(INDEX.host, key));
  }

  /** Whom the ledger of the resource whose own identity has this principal names: keys of objects that are there, or are not. */
  ownersNamed(principalId: string): readonly string[] {
    const { stores, hostCache } = this.#deps;
    return hostCache
      .byIndex('principal', principalId)
      .flatMap(({ key }) => stores.hosts.byIndex(INDEX.host, key))
      .flatMap(({ status }) => status?.systemAssigned?.owners ?? [])
      .map(({ namespace, name }) => `${namespace}/${name}`);
  }

  isPrincipalOf(principalId: string, key: string): boolean {
    return this.ownersNamed(principalId).includes(key);
  }

  hasPrincipal(principalId: string): boolean {
    return this.#deps.hostCache.byIndex('principal', principalId).length > 0;
  }

  /** At start-up the lists bring all resources at once. */
  #isLoading(hostId: string): boolean {
    const { hostCache, clock } = this.#deps;
    return hostCache.loading(areaOfHost(hostId)) || clock.monotonic() < this.#startedAt + STARTING_MS;
  }

  /** The ledger's line of the resource's own identity, if the object has a part in it. */
  #lineOf(object: SystemAssignedIdentity): LedgerSystem | undefined {
    const { stores } = this.#deps;
    const [holder] = stores.hosts.byIndex(INDEX.host, armKey(object.spec.resourceId));
    return lineOf(holder, object, stores)?.entry;
  }
}

function ownedBy(
  { metadata }: SystemAssignedIdentity,
  id: string,
  principalId: string,
  live: boolean,
): Owned {
  return { state: 'owned', id, principalId, live, deleting: metadata.deletionTimestamp !== undefined };
}
