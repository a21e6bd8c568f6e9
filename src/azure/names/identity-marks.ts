import { createHash } from 'node:crypto';
import { asciiLower, sameText } from './text.ts';

/**
 * The tags by which azid knows its own identities in Azure (docs/architecture.md section 6). Tag names cannot hold a slash, and
 * Azure compares them without regard to case.
 */
export const MARK = {
  installation: 'azid-installation',
  owner: 'azid-owner',
  ownerUid: 'azid-owner-uid',
  retained: 'azid-retained',
} as const;

/** No mark: it names the principals of azid that have written the tags (`withMaker`). */
export const MAKERS = 'azid-made-by';

export type Tags = Readonly<Record<string, string>>;

/** The object that asks, as its marks would name it. */
export interface Owner {
  readonly installationId: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Whose an identity is, by its tags alone. A user or another tool may have removed or emptied any of them. */
export type Ownership =
  /** Marked by this very object. */
  | { readonly state: 'mine' }
  /** Marked by an object of the same namespace and name that lived before (deleted without azid, or restored), or has lost its uid. */
  | { readonly state: 'formerlyMine' }
  /** Kept by `deletionPolicy: Retain` of an object of the same namespace and name. */
  | { readonly state: 'retainedForMe' }
  /** Kept by another object's `Retain`; no object has it now. */
  | { readonly state: 'retained'; readonly owner: string }
  /** Marked by another object of this installation: what is left names it by one or both. */
  | { readonly state: 'others'; readonly owner?: string; readonly ownerUid?: string }
  | { readonly state: 'otherInstallation'; readonly installationId: string }
  /** Too few of its marks are left to identify the owner: `left` names the tags that are. */
  | {
      readonly state: 'partial';
      readonly left: readonly string[];
      readonly owner?: string;
      readonly ownerUid?: string;
    }
  /** No mark of azid. */
  | { readonly state: 'unmarked' };

export function ownershipOf(tags: Tags, me: Owner): Ownership {
  const { installationId, retained, owner, ownerUid } = marksIn(tags);
  const mine = ownerValue(me);
  if (retained !== undefined) {
    return installationId === me.installationId && retained === mine
      ? { state: 'retainedForMe' }
      : { state: 'retained', owner: retained };
  }
  if (installationId !== undefined && installationId !== me.installationId)
    return { state: 'otherInstallation', installationId };
  const named = { ...(owner !== undefined && { owner }), ...(ownerUid !== undefined && { ownerUid }) };
  const left = [
    ...(installationId === undefined ? [] : [MARK.installation]),
    ...(owner === undefined ? [] : [MARK.owner]),
    ...(ownerUid === undefined ? [] : [MARK.ownerUid]),
  ];
  if (left.length === 0) return { state: 'unmarked' };
  // Two clusters may have an object of one name, and of one uid where one is a copy: only the installation id
  // distinguishes them.
  if (installationId === undefined || left.length === 1) return { state: 'partial', left, ...named };
  if (ownerUid === me.uid) return { state: 'mine' };
  return owner === mine ? { state: 'formerlyMine' } : { state: 'others', ...named };
}

/**
 * Whether the marks, as far as they are there, name another owner than this object of the same installation: then it
 * is not the object's, whatever was known of it before.
 *
 * @param me the object that is being reconciled
 * @param uid the object that is asked about, `me` or another one
 */
export function namesAnother(tags: Tags, me: Owner, uid: string): boolean {
  const { installationId, retained, owner, ownerUid } = marksIn(tags);
  if (retained !== undefined) return true;
  if (installationId !== undefined && installationId !== me.installationId) return true;
  if (ownerUid !== undefined) return ownerUid !== uid;
  if (owner === undefined) return false;
  // Of others the name is not known here, only that it is not this one.
  const namesMe = owner === ownerValue(me);
  return uid === me.uid ? !namesMe : namesMe;
}

/** Whom the marks name, or `Retain` left it for, as `ownerValue` writes it; undefined: no object of this installation. */
export function ownerNamed(tags: Tags, installation: string): string | undefined {
  const { installationId, retained, owner } = marksIn(tags);
  return installationId === installation ? (retained ?? owner) : undefined;
}

/** All owners that any of the marks may name, of whichever installation: these are enqueued when the identity changes. */
export function markedOwners(tags: Tags): {
  readonly owners: readonly string[];
  readonly uids: readonly string[];
} {
  const { retained, owner, ownerUid } = marksIn(tags);
  return {
    owners: [retained, owner].filter((each) => each !== undefined),
    uids: ownerUid === undefined ? [] : [ownerUid],
  };
}

/** A blank tag says as little as none. */
function marksIn(tags: Tags): {
  readonly installationId: string | undefined;
  readonly retained: string | undefined;
  readonly owner: string | undefined;
  readonly ownerUid: string | undefined;
} {
  const of = (name: string) => {
    const value = tag(tags, name);
    return value !== undefined && /\S/.test(value) ? value : undefined;
  };
  return {
    installationId: of(MARK.installation),
    retained: of(MARK.retained),
    owner: of(MARK.owner),
    ownerUid: of(MARK.ownerUid),
  };
}

/** The marks of an identity that `owner` owns. */
export function ownerMarks(owner: Owner): Tags {
  return {
    [MARK.installation]: owner.installationId,
    [MARK.owner]: ownerValue(owner),
    [MARK.ownerUid]: owner.uid,
  };
}

/** The marks left by `Retain`: no sweep takes it, and the same object may take it back. */
export function retainedMarks(owner: Owner): Tags {
  return { [MARK.installation]: owner.installationId, [MARK.retained]: ownerValue(owner) };
}

/** `namespace/name`, or its hash where a tag's value could not hold it (256 characters). */
export function ownerValue({ namespace, name }: Pick<Owner, 'namespace' | 'name'>): string {
  const plain = `${namespace}/${name}`;
  return plain.length <= 256 ? plain : `sha256:${createHash('sha256').update(plain).digest('hex')}`;
}

/** A tag by name, whatever its case. */
export function tag(tags: Tags, name: string): string | undefined {
  const exact = tags[name];
  if (exact !== undefined) return exact;
  return Object.entries(tags).find(([key]) => sameText(key, name))?.[1];
}

/** `tags` without azid's marks, and without the tag that names its principals. */
export function withoutMarks(tags: Tags): Tags {
  const marks = new Set<string>([...Object.values(MARK), MAKERS]);
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !marks.has(asciiLower(key))));
}

/**
 * The tag `MAKERS` says as whom azid kept an identity for an object: object ids of the principals by which it signs in, in whichever
 * cluster. It proves nothing about whose the identity is. Two clusters may act as one installation and sign in as different identities;
 * then nothing else in Azure shows in which of them an object stands, and a sweep takes only what its own azid alone has kept
 * (docs/design/2026-11-29-who-made-it.md).
 */

/** A tag holds 256 characters. */
const MOST = 6;
const PRINCIPAL = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** In lower case; undefined: the tag is not there, or no list that azid writes. */
export function makersIn(tags: Tags): readonly string[] | undefined {
  const principals = asciiLower(tag(tags, MAKERS) ?? '')
    .trim()
    .split(/\s+/);
  return principals.every((each) => PRINCIPAL.test(each)) ? principals : undefined;
}

/**
 * The tag as this azid leaves it: no principal is ever taken out of it, so no two of them undo what the other wrote. One that is full, or none
 * that azid writes, stays as it is: no sweep takes what carries it.
 *
 * @param self absent: azid does not know as whom it signs in
 */
export function withMaker(tags: Tags, self: string | undefined): Tags {
  const before = tag(tags, MAKERS);
  const makers = before === undefined ? [] : makersIn(tags);
  const isNamed = self === undefined || !makers || makers.includes(asciiLower(self)) || makers.length >= MOST;
  const value = isNamed ? before : [...makers, asciiLower(self)].join(' ');
  return value === undefined ? {} : { [MAKERS]: value };
}

/** As it stands, and with this azid where another one is named. Where none is, no tag shows which azid kept it before. */
export function keptMakers(tags: Tags, self: string | undefined): Tags {
  return tag(tags, MAKERS) === undefined ? {} : withMaker(tags, self);
}
