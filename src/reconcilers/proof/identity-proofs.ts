import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { sharedContext } from '../../azure/arm/arm-calls.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import type { Identities } from '../../azure/identities.ts';
import { MARK, ownerNamed, ownerValue } from '../../azure/names/identity-marks.ts';
import { armKey, parseIdentityId } from '../../azure/names/resource-id.ts';
import { SingleFlight } from '../../cache/calls/single-flight.ts';
import type { IdentityCache, IdentityObservation } from '../../cache/identities.ts';
import type { Store } from '../../kube/informer/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import { Emitter, type Source } from '../../runtime/controller/watch.ts';
import type { Failure } from '../decision.ts';
import type { ReconcileContext } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import { mayOwn } from './concerned.ts';
import { isOwn, type ObservedIdentity, observeIdentity } from './observe.ts';
import { placesOf } from './places.ts';
import { owned, type ProvenIdentity, unseen, waiting } from './proven.ts';
import type { RecordedPrincipals } from './recorded-principals.ts';

export interface IdentityProofParts {
  readonly stores: {
    readonly identities: Pick<Store<UserAssignedIdentity>, 'get' | 'byIndex' | 'keysByIndex'>;
  };
  readonly identities: Pick<Identities, 'get'>;
  readonly identityCache: Pick<IdentityCache, 'observe' | 'byIndex' | 'loading'>;
  readonly installationId: string;
  readonly principals: Pick<RecordedPrincipals, 'lastOf' | 'holdersOf'>;
  /** See `ProofDeps`. */
  readonly isAnothers?: ((key: ObjectKey) => boolean) | undefined;
}

/** Whose an identity is and which principal it has: asked by every kind, of the cache, and of Azure before a write. */
export class IdentityProofs {
  readonly #parts: IdentityProofParts;
  readonly #reads = new SingleFlight<AzureIdentity | undefined>();
  readonly #disputed = new Map<string, string>();
  readonly #met = new Set<string>();
  readonly #searched = new Set<string>();
  readonly #decided = new Emitter<readonly ObjectKey[]>();

  constructor(parts: IdentityProofParts) {
    this.#parts = parts;
  }

  /** From the cache alone. */
  observe(object: UserAssignedIdentity): ObservedIdentity {
    return observeIdentity(object, this.#deps);
  }

  /** From the cache alone. @param key `namespace/name` of the object */
  known(key: ObjectKey): Extract<ProvenIdentity, { state: 'owned' }> | undefined {
    const object = this.#parts.stores.identities.get(key);
    return object && owned(object, this.observe(object));
  }

  /** Where its identity is: as Azure shows it, else where it is expected. */
  placeOf(object: UserAssignedIdentity): string | undefined {
    const seen = this.observe(object);
    return seen.state === 'owned' ? seen.identity.id : placesOf(object)[0];
  }

  /**
   * From the cache, and from Azure itself where the cache does not suffice, or where a write is to rest on it.
   *
   * @param key `namespace/name` of the object
   */
  async prove(key: ObjectKey, context: ReconcileContext, live = false): Promise<ProvenIdentity> {
    const object = this.#parts.stores.identities.get(key);
    if (!object) {
      const [marked] = this.#markedFor(key);
      return { state: 'waiting', why: 'does not exist', ...(marked && { marked }) };
    }
    /** What was read for this answer, by key. */
    const read = new Map<string, IdentityObservation>();
    const observe = (id: string) => read.get(armKey(id)) ?? this.#parts.identityCache.observe(id);
    let failure: Failure | undefined;
    for (;;) {
      const seen = observeIdentity(object, this.#deps, observe);
      if (seen.state === 'none')
        return failure ? { state: 'unreadable', failure } : waiting(object, seen, this.#searched);
      const found = owned(object, seen);
      if (found && (found.live || !live)) return found;
      const id = found?.id ?? (seen.state === 'unknown' ? seen.id : '');
      if (!found) {
        const loading = this.#loading(object, id, context);
        if (loading) return loading;
      }
      // Read already: what Azure shows now is all there is.
      if (read.has(armKey(id))) return found ?? unseen(object, seen);
      const answer = await this.#read(id, context);
      if (!('failure' in answer)) read.set(armKey(id), this.#merged(id, answer.identity));
      else {
        // It may be in another place all the same, if the status remembers two.
        failure ??= answer.failure;
        read.set(armKey(id), { state: 'absent', provenBy: 'get', ageMs: 0 });
      }
    }
  }

  /** Some identity has this principal, whoever owns it. */
  hasPrincipal(principalId: string): boolean {
    return this.#parts.identityCache.byIndex('principal', principalId).length > 0;
  }

  /** What has this principal, by the keys of their ARM ids. */
  withPrincipal(principalId: string): readonly AzureIdentity[] {
    return this.#parts.identityCache.byIndex('principal', principalId);
  }

  /** Objects whose identity may be the one that Azure shows with this principal: too many rather than too few. */
  mayHave(principalId: string): ReadonlySet<ObjectKey> {
    return new Set(this.withPrincipal(principalId).flatMap((shown) => [...mayOwn(shown, this.#parts)]));
  }

  /**
   * Whether the marks on an identity name the object of this key, whichever its uid: of an object that is not there. Undefined: Azure
   * was not seen to show the identity.
   */
  namesOwner(id: string, key: ObjectKey): boolean | undefined {
    const seen = this.#parts.identityCache.observe(id);
    if (seen.state === 'present') return this.#names(seen.resource, key);
    return seen.state === 'absent' ? false : undefined;
  }

  /** The same of what has this principal. */
  isPrincipalOf(principalId: string, key: ObjectKey): boolean {
    return this.withPrincipal(principalId).some((each) => this.#names(each, key));
  }

  /** Whom the marks on what has this principal name: keys of objects that are there, or are not. */
  ownersNamed(principalId: string): readonly ObjectKey[] {
    const { installationId } = this.#parts;
    return this.withPrincipal(principalId).flatMap(({ tags }) => ownerNamed(tags, installationId) ?? []);
  }

  #markedFor(key: ObjectKey): readonly AzureIdentity[] {
    const [namespace = '', name = ''] = key.split('/');
    const { identityCache, installationId } = this.#parts;
    return identityCache.byIndex('marks', {
      [MARK.installation]: installationId,
      [MARK.owner]: ownerValue({ namespace, name }),
    });
  }

  #names({ tags }: AzureIdentity, key: ObjectKey): boolean {
    const [namespace = '', name = ''] = key.split('/');
    return ownerNamed(tags, this.#parts.installationId) === ownerValue({ namespace, name });
  }

  /** The reconcile of an identity has begun to search for it. */
  meet(uid: string): void {
    this.#met.add(uid);
  }

  /**
   * Whether the object's recorded principal was searched for wherever it may be: until then what has its marks may be
   * a copy. Azure shows nothing else for it, so those who wait for that are enqueued here.
   */
  searched(object: UserAssignedIdentity, over: boolean): void {
    const { uid } = object.metadata;
    if (over === this.#searched.has(uid)) return;
    const before = this.#reported(object);
    if (over) this.#searched.add(uid);
    else this.#searched.delete(uid);
    if (this.#reported(object) !== before) this.#decided.emit([keyOf(object)]);
  }

  /** Keys of objects of which it was decided otherwise which identity is theirs, while Azure shows the same. */
  get decided(): Source<readonly ObjectKey[]> {
    return this.#decided;
  }

  #reported(object: UserAssignedIdentity): string {
    const seen = this.observe(object);
    const id = seen.state === 'owned' ? seen.identity.id : seen.id;
    // Of one that is nowhere to be found it makes a difference whether the search is over.
    const isOpen = seen.state === 'none' && id === undefined && !this.#searched.has(object.metadata.uid);
    return JSON.stringify([seen.state, id, isOpen]);
  }

  /** This process has searched for it, or seen it as this object's own. */
  wasSearched(uid: string): boolean {
    return this.#searched.has(uid);
  }

  /** azid's PUT met an identity that somebody else had made: the marks on it prove nothing. */
  dispute(uid: string, principalId: string): void {
    this.#disputed.set(uid, principalId);
  }

  /** The principal of the identity that azid's PUT met, unless it was taken over since. */
  disputed(uid: string): string | undefined {
    return this.#disputed.get(uid);
  }

  /** It was taken over with permission: its marks count. */
  settle(uid: string): void {
    this.#disputed.delete(uid);
  }

  forget(uid: string): void {
    this.#disputed.delete(uid);
    this.#met.delete(uid);
    this.#searched.delete(uid);
  }

  isOwn(object: UserAssignedIdentity, identity: Pick<AzureIdentity, 'tags' | 'principalId'>): boolean {
    return isOwn(object, identity, this.#deps);
  }

  get #deps() {
    const { identityCache, installationId, principals, isAnothers } = this.#parts;
    return {
      identityCache,
      installationId,
      principals,
      isAnothers,
      disputed: this.#disputed,
      searched: this.#searched,
    };
  }

  /** At start-up a list brings thousands at once; only what somebody waits for is read alone. */
  #loading(
    { metadata }: UserAssignedIdentity,
    id: string,
    { priority }: ReconcileContext,
  ): Extract<ProvenIdentity, { state: 'loading' }> | undefined {
    const { subscriptionId } = parseIdentityId(id);
    if (priority !== 'resync' || this.#parts.identityCache.observe(id).state !== 'unknown') return undefined;
    // Another's reconcile of it this process never sees.
    const isMet = this.#met.has(metadata.uid) || this.#parts.isAnothers?.(keyOf({ metadata }));
    const isDue = this.#parts.identityCache.loading(subscriptionId) || !isMet;
    return isDue ? { state: 'loading', subscriptionId } : undefined;
  }

  async #read(
    id: string,
    context: ReconcileContext,
  ): Promise<{ readonly identity: AzureIdentity | undefined } | { readonly failure: Failure }> {
    try {
      const start = async () => {
        const got = await this.#parts.identities.get(id, sharedContext(context));
        return got.found ? got.identity : undefined;
      };
      return { identity: await this.#reads.join(armKey(id), context, start) };
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      return { failure };
    }
  }

  /** What azid wrote a moment ago Azure need not show yet: then the cache is ahead of the answer. */
  #merged(id: string, identity: AzureIdentity | undefined): IdentityObservation {
    if (identity) return { state: 'present', resource: identity, how: 'get', ageMs: 0 };
    const held = this.#parts.identityCache.observe(id);
    return held.state === 'present' ? { ...held, how: 'get', ageMs: 0 } : held;
  }
}
