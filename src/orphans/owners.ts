import { assignmentMark, proveOwnership } from '../azure/names/assignment-name.ts';
import {
  type CredentialOwner,
  isCredentialOf,
  isCredentialOfInstallation,
} from '../azure/names/credential-name.ts';
import { MARK, ownershipOf, type Tags, tag } from '../azure/names/identity-marks.ts';
import type {
  ObjectRef,
  Objects,
  RetainedRecord,
  ShownAssignment,
  ShownCredential,
  ShownIdentity,
} from './objects.ts';
import type { ObservedOwner } from './observed.ts';

/** The owner of a thing in Azure, by its marks or its name, the objects of the cluster and the records of what was retained. */

/**
 * Of a role assignment. Its name proves that azid made it, its description names the object; a description can be edited by hand, so
 * one that names no object, or another installation, leaves the owner unknown.
 */
export function assignmentOwner(
  assignment: ShownAssignment,
  installationId: string,
  objects: Objects,
): ObservedOwner {
  if (!proveOwnership(assignment, installationId))
    return unknown('its name does not prove that this installation of azid made it');
  const living = livingOf(objects.grantsOf(assignment));
  if (living) return living;
  const recorded = recordedOwner(objects.retained(assignment.key));
  if (recorded) return recorded;
  const mark = assignmentMark(assignment.description);
  if (!mark) return unknown('its description does not name the object it was made for');
  if (mark.installationId !== installationId)
    return unknown(`its description names another installation, ${mark.installationId}`);
  const [namespace = '', name = ''] = mark.key.split('/');
  if (namespace === '' || name === '')
    return unknown('its description does not name the object it was made for');
  if (objects.isUnseen(namespace)) return unknown(`namespace ${namespace} was not seen yet`);
  return { state: 'gone', owner: mark.key };
}

/**
 * Of a federated credential: its name holds hashes of the installation and the object, so each object is compared with it, and of one that is gone only the readable part is left.
 */
export function credentialOwner(
  credential: ShownCredential,
  installationId: string,
  objects: Objects,
): ObservedOwner {
  if (!isCredentialOfInstallation(credential.name, installationId))
    return unknown('its name does not prove that this installation of azid made it');
  const living = livingOf(objects.credentialsOf(credential));
  if (living) return living;
  const recorded = recordedOwner(objects.retained(credential.key));
  if (recorded) return recorded;
  const owner = ownerInName(credential.name, installationId);
  const isUnseen = owner ? objects.isUnseen(owner.namespace) : objects.isUnseen();
  if (isUnseen)
    return unknown(
      owner ? `namespace ${owner.namespace} was not seen yet` : 'not all namespaces were seen yet',
    );
  return { state: 'gone', owner: ownerNamedIn(credential.name, installationId) };
}

/** By the name of a credential: namespace and name where they can be determined, else what is readable of them. */
export function ownerNamedIn(name: string, installationId: string): string {
  const owner = ownerInName(name, installationId);
  return owner ? `${owner.namespace}/${owner.name}` : readablePart(name);
}

/** Namespace and name, where the readable part was neither shortened nor altered: the hash shows which of its dashes is between them. */
function ownerInName(name: string, installationId: string): CredentialOwner | undefined {
  const readable = readablePart(name);
  for (let at = readable.indexOf('-'); at >= 0; at = readable.indexOf('-', at + 1)) {
    const owner = { namespace: readable.slice(0, at), name: readable.slice(at + 1) };
    if (owner.namespace !== '' && owner.name !== '' && isCredentialOf(name, installationId, owner))
      return owner;
  }
  return undefined;
}

function readablePart(name: string): string {
  return name.replace(/-[0-9a-f]+-[0-9a-f]+$/i, '');
}

/**
 * Of an identity. Marks have to name a whole owner before it can be gone, and an object that may want the identity keeps it against its
 * marks: they may have been edited by hand.
 */
export function identityOwner(
  identity: ShownIdentity & { readonly tags: Tags },
  installationId: string,
  objects: Objects,
): ObservedOwner {
  const named = namedBy(identity, installationId, objects);
  if (named.state !== 'gone') {
    return named.state === 'otherInstallation' ? named : (livingOf(wanting(identity, objects)) ?? named);
  }
  const [namespace = '', name = ''] = named.owner.split('/');
  const living = livingOf([
    ...wanting(identity, objects),
    ...objects.identitiesOfUid(named.uid),
    ...objects.identitiesOfOwner(named.owner),
    ...objects.referrersByName(namespace, name),
  ]);
  return living ?? named;
}

function wanting(identity: ShownIdentity, objects: Objects): readonly ObjectRef[] {
  return [...objects.identitiesAt(identity), ...objects.referrersOf(identity)];
}

type Named = Exclude<ObservedOwner, { state: 'gone' }> | { state: 'gone'; owner: string; uid: string };

/** As marks and records have it, before the objects are asked. */
function namedBy(
  { key, tags }: ShownIdentity & { readonly tags: Tags },
  installationId: string,
  objects: Objects,
): Named {
  const marked = tag(tags, MARK.installation) ?? '';
  if (/\S/.test(marked) && marked !== installationId)
    return { state: 'otherInstallation', installationId: marked };
  // No object has an empty uid or name, so what is compared are the marks alone.
  const ownership = ownershipOf(tags, { installationId, namespace: '', name: '', uid: '' });
  if (ownership.state === 'retained') return { state: 'retained', owner: ownership.owner };
  if (ownership.state === 'unmarked') return unknown('it carries no mark of azid');
  if (ownership.state !== 'others')
    return unknown(`of its tags ${ALL.join(', ')} not all are there, so its owner cannot be told`);
  const { owner, ownerUid: uid } = ownership;
  if (owner === undefined || uid === undefined)
    return unknown(
      `its tag ${owner === undefined ? MARK.owner : MARK.ownerUid} is missing, so its owner cannot be told`,
    );
  if (owner.startsWith('sha256:'))
    return unknown(`the name of its owner is too long for a tag, and ${owner} does not tell its namespace`);
  if (!/^[^/\s]+\/[^/\s]+$/.test(owner))
    return unknown(`expected its tag ${MARK.owner} to be namespace/name, got '${owner.slice(0, 100)}'`);
  const namespace = owner.slice(0, owner.indexOf('/'));
  if (objects.isUnseen(namespace)) return unknown(`namespace ${namespace} was not seen yet`);
  const copies = objects.identitiesMarked(uid).filter((each) => each !== key);
  if (copies.length > 0)
    return unknown(
      `${copies[0]} carries the same marks, and one of them may be a copy that azid did not make; take the marks off the copy`,
    );
  // The object was deleted by force and declared this while it was there. One that was given the id since has other marks.
  const record = objects.retained(key, uid);
  return record ? { state: 'retained', owner: record.owner } : { state: 'gone', owner, uid };
}

const ALL = [MARK.installation, MARK.owner, MARK.ownerUid];

function unknown(why: string): { state: 'unknown'; why: string } {
  return { state: 'unknown', why };
}

/** Of what is on record as `unproven`. */
export const UNPROVEN_REMEDY =
  'it may have been retained before azid kept records of that; if nobody needs it, set the annotation azid.dev/confirm-not-retained of the OrphanSweep to the time in since, or a later one';

/** Undefined: there is none. */
function livingOf(owners: readonly ObjectRef[]): Extract<ObservedOwner, { state: 'living' }> | undefined {
  const [first] = owners;
  if (!first) return undefined;
  const by = `${first.kind} ${first.namespace === '' ? '' : `${first.namespace}/`}${first.name}`;
  return { state: 'living', by, ...(owners.some(({ deleting }) => deleting) && { deleting: true }) };
}

function recordedOwner(record: RetainedRecord | undefined): ObservedOwner | undefined {
  if (!record) return undefined;
  return record.unproven ? unknown(UNPROVEN_REMEDY) : { state: 'retained', owner: record.owner };
}
