import { armKey, isWithinScope } from '../../azure/names/resource-id.ts';
import { KubeError } from '../../kube/errors.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import type { RetainedRecord } from '../objects.ts';
import {
  entriesIn,
  hash,
  isKind,
  kindOf,
  nameOf,
  type RetainedEntry,
  RetainedIndex,
  type RetainedKind,
  recordOf,
  textOf,
  UNPROVEN_RECORD,
} from './retained-index.ts';
import { RetainedMaps, type RetainedMapsParts } from './retained-maps.ts';

/**
 * What `deletionPolicy: Retain` is to leave in Azure, or left: identities, role assignments and federated credentials, each with the
 * object that says so, in ConfigMaps of azid's own namespace. Written before azid makes or takes a thing for such an object, since an
 * object that was deleted by force cannot be read any more. They are believed from when they began: of assignments and credentials that
 * are older, all that has no object when a scope is first known whole is put on record as `unproven`, and until then all of it counts as
 * such. A person lifts that, having seen the list.
 */
export class RetainedRecords {
  readonly #maps: RetainedMaps;
  readonly #installationId: string;
  readonly #records = new RetainedIndex();
  /** Kind and scope, where what had no object was put on record. */
  readonly #baselines = new Map<string, Baseline>();
  /** Since when all that is retained is on record, wall ms. */
  #since = Number.POSITIVE_INFINITY;

  readonly #now: () => number;
  readonly #shared: RetainedParts['shared'];

  constructor(parts: RetainedParts) {
    this.#shared = parts.shared;
    this.#maps = new RetainedMaps(parts);
    this.#installationId = parts.installationId;
    this.#now = parts.now;
  }

  async load(signal: AbortSignal): Promise<void> {
    const now = this.#now();
    const { index, entries, isOriginal } = await this.#maps.load(signal);
    for (const entry of entriesIn(entries, this.#installationId)) this.#records.add(entry);
    const since = Date.parse(index[SINCE] ?? '');
    // Another installation's, of a restore, or with a part missing: what has no record any more may have been retained.
    if (!isOriginal || index[INSTALLATION] !== this.#installationId || !(since <= now))
      // Several that begin them would each take what the others put there for older than the beginning.
      return this.#shared === 'follows' ? undefined : this.#restartNowOrLater(signal);
    this.#since = since;
    for (const [name, text] of Object.entries(index)) {
      const [kind, scope] = name.startsWith(BASELINE) ? text.split(' ') : [];
      if (isKind(kind) && scope !== undefined) this.#baselines.set(`${kind} ${scope}`, { kind, scope });
    }
  }

  /**
   * What a command put on record meanwhile (`add`), and other processes. What these took off it is taken off; where there are none,
   * only this process does that.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    const before = this.#shared === undefined ? [] : this.#records.all();
    const { entries } = await this.#maps.list(signal);
    const read = entriesIn(entries, this.#installationId);
    for (const entry of read) if (!this.#records.find(entry)) this.#records.add(entry);
    const there = new Set(read.map(nameOf));
    // Not what was put there since the list began.
    for (const entry of before) if (!there.has(nameOf(entry))) this.#records.delete(entry);
  }

  /** By a command, beside the controller, which learns of it at its next run: nothing else of the records changes. */
  async add(ids: readonly string[], object: RetainingObject, signal: AbortSignal): Promise<void> {
    await this.#maps.load(signal);
    const entries = ids.map((id) => ({ key: armKey(id), ...object }));
    await this.#maps.write(
      new Map(entries.map((entry) => [nameOf(entry), textOf(entry, this.#installationId)])),
      signal,
    );
  }

  /** From now on; of what was there before it is not known what was retained. What is on record stays. */
  async restart(signal: AbortSignal): Promise<void> {
    const now = this.#now();
    this.#baselines.clear();
    this.#since = Number.POSITIVE_INFINITY;
    await this.#maps.restart({ [INSTALLATION]: this.#installationId, [SINCE]: timestamp(now) }, signal);
    this.#since = now;
  }

  /** That they cannot be begun is no reason not to work: until then nothing that lacks a record is believed to be an orphan. */
  async #restartNowOrLater(signal: AbortSignal): Promise<void> {
    try {
      await this.restart(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubeError)) throw error;
    }
  }

  /**
   * @param key `armKey` of an identity, an assignment or a credential
   * @param createdAt wall ms, where Azure shows it
   * @param ownerUid as the marks of an identity name it: by that it is found, wherever it is, and no other that has its id by now
   */
  of(key: string, { createdAt, ownerUid }: RetainedThing = {}): RetainedRecord | undefined {
    const kind = kindOf(key);
    if (kind === undefined) return recordOf(this.#records.identityOf(ownerUid ?? ''));
    const entry = this.#records.at(key)[0];
    if (entry) return recordOf(entry);
    if (this.#covers(kind, key)) return undefined;
    if (createdAt !== undefined && createdAt > this.#since + SKEW_MS) return undefined;
    return UNPROVEN_RECORD;
  }

  /** Entries of this object, and of objects of its kind, namespace and name that lived before. */
  ofObject(kind: RetainedKind | 'identities', uid: string, owner: string): readonly RetainedEntry[] {
    return this.#records.ofObject(uid, owner).filter(({ key }) => (kindOf(key) ?? 'identities') === kind);
  }

  /** What has no object in this scope was put on record once. */
  hasBaseline(kind: RetainedKind, scope: string): boolean {
    return this.#covers(kind, armKey(scope));
  }

  /** All that is on record within the scope. */
  within(scope: string): readonly RetainedEntry[] {
    return this.#records.all().filter(({ key }) => isWithinScope(key, scope));
  }

  /** The object says `Retain` of these. Throws a `KubeError`; then it must not be given them, and its finalizer must stay. */
  async record(ids: readonly string[], { owner, uid }: RetainingObject, signal: AbortSignal): Promise<void> {
    const keys = [...new Set(ids.map(armKey))].filter((key) => !this.#records.find({ key, uid }));
    await this.#write(
      keys.map((key) => ({ key, owner, uid })),
      signal,
    );
  }

  /** What has no object in the scope now. From here on anything else that lacks one has lost it. */
  async baseline(
    kind: RetainedKind,
    scope: string,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const keys = [...new Set(ids.map(armKey))].filter((key) => this.#records.at(key).length === 0);
    await this.#write(
      keys.map((key) => ({ key, owner: '', uid: '' })),
      signal,
    );
    const made = { kind, scope: armKey(scope) };
    const text = `${kind} ${made.scope}`;
    await this.#maps.writeIndex({ [`${BASELINE}${hash(text)}`]: text }, signal);
    this.#baselines.set(text, made);
  }

  /** They are gone from Azure, have an object that does not say `Retain`, or a person confirmed that they were not retained. */
  async forget(entries: readonly RetainedEntry[], signal: AbortSignal): Promise<void> {
    const names = entries.flatMap((entry) => this.#records.find(entry)?.name ?? []);
    await this.#maps.write(new Map(names.map((name) => [name, null])), signal);
    for (const entry of entries) this.#records.delete(entry);
  }

  async #write(entries: readonly RetainedEntry[], signal: AbortSignal): Promise<void> {
    if (entries.length === 0) return;
    if (this.#since === Number.POSITIVE_INFINITY) await this.#begin(signal);
    const stored = entries.map((entry) => ({ ...entry, name: nameOf(entry) }));
    await this.#maps.write(
      new Map(stored.map((entry) => [entry.name, textOf(entry, this.#installationId)])),
      signal,
    );
    for (const entry of stored) this.#records.add(entry);
  }

  async #begin(signal: AbortSignal): Promise<void> {
    if (this.#shared !== 'follows') return this.restart(signal);
    await this.load(signal);
    if (this.#since !== Number.POSITIVE_INFINITY) return;
    const message =
      'the shard default has not begun the record of what deletionPolicy Retain leaves in Azure yet';
    throw new KubeError(message, { reason: 'ServiceUnavailable' });
  }

  #covers(kind: RetainedKind, key: string): boolean {
    return [...this.#baselines.values()].some((each) => each.kind === kind && isWithinScope(key, each.scope));
  }
}

interface RetainedParts extends RetainedMapsParts {
  readonly installationId: string;
  /** Wall ms. */
  readonly now: () => number;
  /** Other processes write to them as well: this one begins them where there are none, or it waits for the one that does. */
  readonly shared?: 'begins' | 'follows';
}

/** The object that says `Retain`. */
interface RetainingObject {
  /** `namespace/name`. */
  readonly owner: string;
  readonly uid: string;
}

interface RetainedThing {
  readonly createdAt?: number | undefined;
  readonly ownerUid?: string | undefined;
}

interface Baseline {
  readonly kind: RetainedKind;
  readonly scope: string;
}

/** Azure's clock shows when something was made, azid's when the records began. */
const SKEW_MS = 10 * 60_000;
const INSTALLATION = 'installationId';
const SINCE = 'since';
const BASELINE = 'baseline-';
