import { PrincipalRecords, type PrincipalRecordsParts } from './principal-records.ts';

/**
 * On which principal Azure showed the marks of which object, by uid: kept in ConfigMaps of azid's own namespace, where no
 * tenant writes, so that marks which were stripped are put back by a process that never saw them. A record is made only of what
 * Azure itself shows, a principal is never used twice, and a record lasts until Azure shows another's marks on it or another
 * object is about to get it (docs/design/2026-11-29-records-withdrawn.md).
 */
export class RecordedPrincipals {
  readonly #records: PrincipalRecords;
  readonly #last = new LastOwners();
  /** What may stand on record, by uid: more than one where a write failed, as it may have been made all the same. */
  readonly #held = new Map<string, Held>();
  readonly #holders = new Map<string, Set<string>>();

  constructor(parts: PrincipalRecordsParts) {
    this.#records = new PrincipalRecords(parts);
  }

  async load(lives: (uid: string) => boolean, signal: AbortSignal): Promise<void> {
    for (const [uid, principalId] of await this.#records.load(lives, signal))
      this.#hold(uid, { principals: [principalId], sure: true });
    // Of two that claim one principal neither is believed, until Azure shows marks.
    for (const [principalId, [uid = '', ...others]] of this.#holders)
      if (others.length === 0) this.#last.shown(principalId, uid, Number.NEGATIVE_INFINITY);
  }

  /** Another process may have recorded of these since: what this one knew of them counts no more. */
  async reload(uids: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    for (const uid of uids) this.handOver(uid);
    const found = await this.#records.load((uid) => uids.has(uid), signal);
    for (const [uid, principalId] of found) this.#hold(uid, { principals: [principalId], sure: true });
    for (const [uid, principalId] of found)
      if (this.#holders.get(principalId)?.size === 1)
        this.#last.shown(principalId, uid, Number.NEGATIVE_INFINITY);
  }

  /** Another process has the object from now on, and its record. */
  handOver(uid: string): void {
    this.#last.forget(uid);
    this.#drop(uid);
    this.#records.disown(uid);
  }

  /** The principal that is on record for the object, and that Azure has not shown as another's since. */
  of(uid: string): string | undefined {
    const {
      sure,
      principals: [principalId],
    } = this.#held.get(uid) ?? NOTHING;
    return sure && this.#last.principalOf(uid) === principalId ? principalId : undefined;
  }

  /** The principal that this process, or the record, last knew as this object's. */
  lastOf(uid: string): string | undefined {
    return this.#last.principalOf(uid);
  }

  /** Uids of the objects that might put marks back on it: it stands, or may stand, on record for them, or was last shown as theirs. */
  holdersOf(principalId: string): readonly string[] {
    const owner = this.#last.ownerOf(principalId);
    const holders = this.#holders.get(principalId) ?? [];
    return owner === undefined ? [...holders] : [...new Set(holders).add(owner)];
  }

  /**
   * Azure shows the object's marks on it.
   *
   * @param at when the request began, monotonic ms; undefined: a list showed it, which may lag
   */
  shown(principalId: string, uid: string, at: number | undefined): void {
    if (at === undefined) this.#last.listed(principalId, uid);
    else this.#last.shown(principalId, uid, at);
  }

  /** Not written if Azure has shown it as another's since that was decided. */
  async record(uid: string, principalId: string, signal: AbortSignal): Promise<void> {
    if (this.#last.ownerOf(principalId) !== uid) return;
    const before = this.#held.get(uid)?.principals ?? [];
    const attempt: Held = { principals: [...new Set([...before, principalId])], sure: false };
    this.#hold(uid, attempt);
    await this.#records.write(uid, principalId, signal);
    // Unless the object went meanwhile.
    if (this.#held.get(uid) === attempt) this.#hold(uid, { principals: [principalId], sure: true });
  }

  /**
   * These objects do not have the principal any more, or are about to lose it. This process forgets it at once, whether or not
   * the record can be removed.
   *
   * @param at when that was seen or decided, monotonic ms
   */
  async withdraw(
    principalId: string,
    uids: readonly string[],
    at: number,
    signal: AbortSignal,
  ): Promise<void> {
    for (const uid of uids) this.#last.withdraw(principalId, uid, at);
    for (const uid of uids) {
      const held = this.#held.get(uid);
      if (!held?.principals.includes(principalId)) continue;
      await this.#records.write(uid, undefined, signal);
      // What was begun meanwhile comes after the removal.
      if (this.#held.get(uid) === held) this.#drop(uid);
    }
  }

  /** The object is gone. */
  forget(uid: string): void {
    this.#last.forget(uid);
    if (!this.#held.has(uid)) return;
    this.#drop(uid);
    this.#records.owe(uid);
  }

  #hold(uid: string, held: Held): void {
    this.#drop(uid);
    this.#held.set(uid, held);
    for (const principalId of held.principals) {
      const holders = this.#holders.get(principalId) ?? new Set();
      this.#holders.set(principalId, holders.add(uid));
    }
  }

  #drop(uid: string): void {
    for (const principalId of this.#held.get(uid)?.principals ?? []) {
      const holders = this.#holders.get(principalId);
      holders?.delete(uid);
      if (holders?.size === 0) this.#holders.delete(principalId);
    }
    this.#held.delete(uid);
  }
}

interface Held {
  readonly principals: readonly string[];
  /** It is the one, and nothing else, that stands there. */
  readonly sure: boolean;
}

const NOTHING: Held = { principals: [], sure: false };

/**
 * Whose each principal was when Azure last showed marks on it. Of two readings the one whose request began later counts, in
 * any order of the answers; so a principal has one owner, or none once another was seen, and an owner one principal.
 */
export class LastOwners {
  readonly #readings = new Map<string, Reading>();
  /** By uid; a withdrawn one too. */
  readonly #principals = new Map<string, string>();

  /** The principal that was last shown as this object's, and as no other's since. */
  principalOf(uid: string): string | undefined {
    const principalId = this.#principals.get(uid);
    return principalId !== undefined && this.ownerOf(principalId) === uid ? principalId : undefined;
  }

  ownerOf(principalId: string): string | undefined {
    const last = this.#readings.get(principalId);
    return last?.withdrawn === false ? last.uid : undefined;
  }

  /** @param at when the request began that showed it, monotonic ms */
  shown(principalId: string, uid: string, at: number): void {
    const last = this.#readings.get(principalId);
    if (last !== undefined && last.at > at) return;
    this.forget(uid);
    if (last !== undefined) this.#principals.delete(last.uid);
    this.#readings.set(principalId, { uid, at, withdrawn: false });
    this.#principals.set(uid, principalId);
  }

  /** A list showed it, which may lag: that proves an owner where nothing is known, and never another one. */
  listed(principalId: string, uid: string): void {
    if (!this.#readings.has(principalId) && !this.#principals.has(uid))
      this.shown(principalId, uid, Number.NEGATIVE_INFINITY);
  }

  /**
   * It is that owner's no more, or is about to be another's.
   *
   * @param at as for `shown`
   */
  withdraw(principalId: string, uid: string, at: number): void {
    const last = this.#readings.get(principalId);
    if (last?.uid === uid && last.at <= at) this.#readings.set(principalId, { uid, at, withdrawn: true });
  }

  /** The object is gone. */
  forget(uid: string): void {
    const principalId = this.#principals.get(uid);
    if (principalId === undefined) return;
    this.#principals.delete(uid);
    if (this.#readings.get(principalId)?.uid === uid) this.#readings.delete(principalId);
  }
}

interface Reading {
  readonly uid: string;
  readonly at: number;
  readonly withdrawn: boolean;
}
