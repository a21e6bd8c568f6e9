import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import type { Identities } from '../../azure/identities.ts';
import { MARK, ownerNamed, ownerValue } from '../../azure/names/identity-marks.ts';
import { SingleFlight } from '../../cache/calls/single-flight.ts';
import type { IdentityCache } from '../../cache/identities.ts';
import type { Store } from '../../kube/informer/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import { Emitter, type Source } from '../../runtime/controller/watch.ts';
import type { ReconcileContext } from '../kind.ts';
import { isOwn, type ObservedIdentity, observeIdentity } from './observe.ts';
import { mayOwn, placesOf } from './places.ts';
import { owned, type ProvenIdentity, proveIdentity } from './proven.ts';
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
    return proveIdentity(object, context, live, {
      ...this.#deps,
      ...this.#parts,
      reads: this.#reads,
      met: this.#met,
    });
  }

  /** Some identity has this principal, of any owner. */
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

  /** azid's PUT met an identity that another client had made: the marks on it prove nothing. */
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
}
