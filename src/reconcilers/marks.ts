import { createHash } from 'node:crypto';
import { asciiLower, sameText } from '../azure/names/ascii.ts';

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

export type Tags = Readonly<Record<string, string>>;

/** The object that asks, as its marks would name it. */
export interface Owner {
  readonly installationId: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Whose an identity is, told from its tags alone. */
export type Ownership =
  /** Marked by this very object. */
  | { readonly state: 'mine' }
  /** Marked by an object of the same namespace and name that lived before (deleted without azid, or restored). */
  | { readonly state: 'formerlyMine' }
  /** Kept by `deletionPolicy: Retain` of an object of the same namespace and name. */
  | { readonly state: 'retainedForMe' }
  /** Kept by another object's `Retain`; nobody's now. */
  | { readonly state: 'retained'; readonly owner: string }
  /** Marked by another object of this installation. */
  | { readonly state: 'others'; readonly owner: string; readonly ownerUid: string }
  | { readonly state: 'otherInstallation'; readonly installationId: string }
  /** No mark of azid. */
  | { readonly state: 'unmarked' };

export function ownershipOf(tags: Tags, me: Owner): Ownership {
  const installationId = tag(tags, MARK.installation);
  const retained = tag(tags, MARK.retained);
  const owner = ownerValue(me);
  if (retained !== undefined) {
    return installationId === me.installationId && retained === owner
      ? { state: 'retainedForMe' }
      : { state: 'retained', owner: retained };
  }
  if (installationId === undefined) return { state: 'unmarked' };
  if (installationId !== me.installationId) return { state: 'otherInstallation', installationId };
  if (tag(tags, MARK.ownerUid) === me.uid) return { state: 'mine' };
  const marked = tag(tags, MARK.owner) ?? '';
  if (marked === owner) return { state: 'formerlyMine' };
  return { state: 'others', owner: marked, ownerUid: tag(tags, MARK.ownerUid) ?? '' };
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

/** `tags` without azid's marks. */
export function withoutMarks(tags: Tags): Tags {
  const marks = new Set<string>(Object.values(MARK));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !marks.has(asciiLower(key))));
}
