import { createHash } from 'node:crypto';
import { armKey, isWithinScope } from '../../azure/names/resource-id.ts';
import { KubeError } from '../../kube/errors.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import type { RetainedRecord } from '../owners/objects.ts';
import { RetainedMaps, type RetainedMapsParts } from './retained-maps.ts';

/**
 * What `deletionPolicy: Retain` left in Azure under azid's own names, where no tag could say so: role assignments and federated
 * credentials, by id, in ConfigMaps of azid's own namespace. Without them nothing would tell what was left on purpose from what lost
 * its object. They are believed from when they began: of what is older, whatever has no object when a scope is first looked at is put
 * on record as `unproven`, and until then all of it counts as such. A person lifts that, having seen the list.
 */
export class RetainedRecords {
  readonly #maps: RetainedMaps;
  readonly #installationId: string;
  readonly #records = new Map<string, RetainedRecord>();
  /** Kind and scope, where what had no object was put on record. */
  readonly #baselines = new Map<string, Baseline>();
  /** Since when whatever is retained is on record, wall ms. */
  #since = Number.POSITIVE_INFINITY;

  readonly #now: () => number;

  /** `now`: wall ms. */
  constructor(parts: RetainedMapsParts & { readonly installationId: string; readonly now: () => number }) {
    this.#maps = new RetainedMaps(parts);
    this.#installationId = parts.installationId;
    this.#now = parts.now;
  }

  async load(signal: AbortSignal): Promise<void> {
    const now = this.#now();
    const { index, entries, isOriginal } = await this.#maps.load(signal);
    for (const text of Object.values(entries)) {
      const [installation, owner = '', key = ''] = text.split(' ');
      if (installation === this.#installationId && key !== '') this.#records.set(key, recordOf(owner));
    }
    const since = Date.parse(index[SINCE] ?? '');
    // Another installation's, of a restore, or with a part missing: what has no record any more may have been retained.
    if (!isOriginal || index[INSTALLATION] !== this.#installationId || !(since <= now))
      return this.#restartNowOrLater(signal);
    this.#since = since;
    for (const [name, text] of Object.entries(index)) {
      const [kind, scope] = name.startsWith(BASELINE) ? text.split(' ') : [];
      if (isKind(kind) && scope !== undefined) this.#baselines.set(`${kind} ${scope}`, { kind, scope });
    }
  }

  /** From now on; of what was there before nobody knows what was retained. What is on record stays. */
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
   * @param createdAt wall ms, where Azure tells it
   */
  of(key: string, createdAt?: number): RetainedRecord | undefined {
    const record = this.#records.get(key);
    if (record) return record;
    const kind = kindOf(key);
    // An identity carries a tag that says it, and needs no record.
    if (kind === undefined || this.#covers(kind, key)) return undefined;
    if (createdAt !== undefined && createdAt > this.#since + SKEW_MS) return undefined;
    return recordOf(UNPROVEN);
  }

  /** What has no object in this scope was put on record once. */
  hasBaseline(kind: RetainedKind, scope: string): boolean {
    return this.#covers(kind, armKey(scope));
  }

  /** Keys of all that is on record within the scope. */
  within(scope: string): readonly string[] {
    return [...this.#records.keys()].filter((key) => isWithinScope(key, scope));
  }

  isUnproven(key: string): boolean {
    return this.#records.get(key)?.unproven === true;
  }

  /** An object leaves these behind on purpose. Throws a `KubeError`; then it must not go yet. */
  async record(ids: readonly string[], owner: string, signal: AbortSignal): Promise<void> {
    const keys = [...new Set(ids.map(armKey))].filter((key) => this.#records.get(key)?.owner !== owner);
    await this.#write(keys, owner, signal);
  }

  /** What has no object in the scope now. From here on whatever else lacks one has lost it. */
  async baseline(
    kind: RetainedKind,
    scope: string,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const keys = [...new Set(ids.map(armKey))].filter((key) => !this.#records.has(key));
    await this.#write(keys, UNPROVEN, signal);
    const made = { kind, scope: armKey(scope) };
    const text = `${kind} ${made.scope}`;
    await this.#maps.writeIndex({ [`${BASELINE}${hash(text)}`]: text }, signal);
    this.#baselines.set(text, made);
  }

  /** They are gone from Azure, have an object again, or a person said that they were not retained. */
  async forget(keys: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#maps.write(new Map(keys.map((key) => [hash(key), null])), signal);
    for (const key of keys) this.#records.delete(key);
  }

  async #write(keys: readonly string[], owner: string, signal: AbortSignal): Promise<void> {
    if (keys.length === 0) return;
    if (this.#since === Number.POSITIVE_INFINITY) await this.restart(signal);
    const entries = keys.map((key) => [hash(key), `${this.#installationId} ${owner} ${key}`] as const);
    await this.#maps.write(new Map(entries), signal);
    for (const key of keys) this.#records.set(key, recordOf(owner));
  }

  #covers(kind: RetainedKind, key: string): boolean {
    return [...this.#baselines.values()].some((each) => each.kind === kind && isWithinScope(key, each.scope));
  }
}

export type RetainedKind = 'assignments' | 'credentials';

interface Baseline {
  readonly kind: RetainedKind;
  readonly scope: string;
}

/** Azure's clock tells when something was made, azid's when the records began. */
const SKEW_MS = 10 * 60_000;
/** No owner is called so: a namespace comes before a slash. */
const UNPROVEN = '-';
const INSTALLATION = 'installationId';
const SINCE = 'since';
const BASELINE = 'baseline-';

function recordOf(owner: string): RetainedRecord {
  return owner === UNPROVEN ? { owner: '', unproven: true } : { owner };
}

function isKind(text: string | undefined): text is RetainedKind {
  return text === 'assignments' || text === 'credentials';
}

function kindOf(key: string): RetainedKind | undefined {
  if (key.includes('/providers/microsoft.authorization/roleassignments/')) return 'assignments';
  return key.includes('/federatedidentitycredentials/') ? 'credentials' : undefined;
}

/** What a ConfigMap takes as a key. */
function hash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 32);
}
