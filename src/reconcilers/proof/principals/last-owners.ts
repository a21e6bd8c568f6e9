/**
 * Whose each principal was when Azure last showed marks on it. Of two readings the one whose request began later counts, in
 * whatever order the answers come; so a principal has one owner, or none once another was seen, and an owner one principal.
 */
export class LastOwners {
  readonly #sightings = new Map<string, Sighting>();
  /** By uid; a withdrawn one too. */
  readonly #principals = new Map<string, string>();

  /** The principal that was last shown as this object's, and as nobody else's since. */
  principalOf(uid: string): string | undefined {
    const principalId = this.#principals.get(uid);
    return principalId !== undefined && this.ownerOf(principalId) === uid ? principalId : undefined;
  }

  ownerOf(principalId: string): string | undefined {
    const last = this.#sightings.get(principalId);
    return last?.withdrawn === false ? last.uid : undefined;
  }

  /** @param at when the request began that showed it, monotonic ms */
  shown(principalId: string, uid: string, at: number): void {
    const last = this.#sightings.get(principalId);
    if (last !== undefined && last.at > at) return;
    this.forget(uid);
    if (last !== undefined) this.#principals.delete(last.uid);
    this.#sightings.set(principalId, { uid, at, withdrawn: false });
    this.#principals.set(uid, principalId);
  }

  /** A list showed it, which may lag: that proves an owner where nothing is known, and never another one. */
  listed(principalId: string, uid: string): void {
    if (!this.#sightings.has(principalId) && !this.#principals.has(uid))
      this.shown(principalId, uid, Number.NEGATIVE_INFINITY);
  }

  /**
   * It is that owner's no more, or is about to be another's.
   *
   * @param at as for `shown`
   */
  withdraw(principalId: string, uid: string, at: number): void {
    const last = this.#sightings.get(principalId);
    if (last?.uid === uid && last.at <= at) this.#sightings.set(principalId, { uid, at, withdrawn: true });
  }

  /** The object is gone. */
  forget(uid: string): void {
    const principalId = this.#principals.get(uid);
    if (principalId === undefined) return;
    this.#principals.delete(uid);
    if (this.#sightings.get(principalId)?.uid === uid) this.#sightings.delete(principalId);
  }
}

interface Sighting {
  readonly uid: string;
  readonly at: number;
  readonly withdrawn: boolean;
}
