import { createHash } from 'node:crypto';
import { asciiLower } from '../../azure/names/text.ts';
import type { RetainedRecord } from '../objects.ts';

/** The entries of the records of what is retained: how each is written, and the index of all. */

/** That a thing in Azure is kept for an object whose `deletionPolicy` is, or was, `Retain`. */
export interface RetainedEntry {
  /** `armKey` of an identity, an assignment or a credential. */
  readonly key: string;
  /** `namespace/name`; empty: it was there without an object when the records began, and nothing shows why. */
  readonly owner: string;
  /** Empty where it is not known: unproven, or written by an azid of before. */
  readonly uid: string;
}

/** As it is stored in a ConfigMap. */
interface StoredEntry extends RetainedEntry {
  /** Key in the ConfigMap's data. A handover to another cluster changes uids, and no names. */
  readonly name: string;
}

export function isUnproven({ owner }: RetainedEntry): boolean {
  return owner === '';
}

export type RetainedKind = 'assignments' | 'credentials';

export const UNPROVEN_RECORD: RetainedRecord = { owner: '', unproven: true };

export function recordOf(entry: RetainedEntry | undefined): RetainedRecord | undefined {
  return entry && (isUnproven(entry) ? UNPROVEN_RECORD : { owner: entry.owner });
}

export function isKind(text: string | undefined): text is RetainedKind {
  return text === 'assignments' || text === 'credentials';
}

export function kindOf(key: string): RetainedKind | undefined {
  if (key.includes('/providers/microsoft.authorization/roleassignments/')) return 'assignments';
  return key.includes('/federatedidentitycredentials/') ? 'credentials' : undefined;
}

/** The entries of all ConfigMaps, by what they are asked for. */
export class RetainedIndex {
  readonly #byKey = new Map<string, StoredEntry[]>();
  readonly #byUid = new Map<string, StoredEntry[]>();
  readonly #byOwner = new Map<string, StoredEntry[]>();

  add(entry: StoredEntry): void {
    this.delete(entry);
    for (const [map, name] of this.#namesOf(entry)) map.set(name, [...(map.get(name) ?? []), entry]);
  }

  delete(entry: Pick<RetainedEntry, 'key' | 'uid'>): void {
    const known = this.find(entry);
    if (!known) return;
    for (const [map, name] of this.#namesOf(known)) {
      const left = (map.get(name) ?? []).filter((each) => each !== known);
      if (left.length === 0) map.delete(name);
      else map.set(name, left);
    }
  }

  find({ key, uid }: Pick<RetainedEntry, 'key' | 'uid'>): StoredEntry | undefined {
    return this.#byKey.get(key)?.find((each) => each.uid === uid);
  }

  /** Those that name an owner first: of the others nothing is proven. */
  at(key: string): readonly RetainedEntry[] {
    return (this.#byKey.get(key) ?? []).toSorted((a, b) => Number(isUnproven(a)) - Number(isUnproven(b)));
  }

  /** The identity that an object of this uid keeps. */
  identityOf(uid: string): RetainedEntry | undefined {
    if (uid === '') return undefined;
    return this.#byUid.get(asciiLower(uid))?.find(({ key }) => IDENTITY.test(key));
  }

  ofObject(uid: string, owner: string): readonly RetainedEntry[] {
    return [...new Set([...(this.#byUid.get(asciiLower(uid)) ?? []), ...(this.#byOwner.get(owner) ?? [])])];
  }

  all(): readonly RetainedEntry[] {
    return [...this.#byKey.values()].flat();
  }

  #namesOf({ key, uid, owner }: RetainedEntry) {
    return [
      [this.#byKey, key] as const,
      ...(uid === '' ? [] : [[this.#byUid, asciiLower(uid)] as const]),
      ...(owner === '' ? [] : [[this.#byOwner, owner] as const]),
    ];
  }
}

/** As a ConfigMap holds it. */
export function textOf({ key, owner, uid }: RetainedEntry, installationId: string): string {
  const text = `${installationId} ${owner === '' ? UNPROVEN : owner} ${key}`;
  return uid === '' ? text : `${text} ${uid}`;
}

/** Those of this installation. */
export function entriesIn(
  data: Readonly<Record<string, string>>,
  installationId: string,
): readonly StoredEntry[] {
  return Object.entries(data).flatMap(([name, text]) => {
    const [installation, owner = '', key = '', uid = ''] = text.split(' ');
    const isOurs = installation === installationId && key !== '';
    return isOurs ? [{ key, owner: owner === UNPROVEN ? '' : owner, uid, name }] : [];
  });
}

/** No owner is called so: a namespace comes before a slash. */
const UNPROVEN = '-';

/** Several objects may share an assignment, and each has an entry of its own. Older versions of azid named none by uid. */
export function nameOf({ key, uid }: RetainedEntry): string {
  return hash(uid === '' ? key : `${key} ${uid}`);
}

/** What a ConfigMap takes as a key. */
export function hash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 32);
}

const IDENTITY = /\/providers\/microsoft\.managedidentity\/userassignedidentities\/[^/]+$/;
