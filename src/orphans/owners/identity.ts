import { MARK, ownershipOf, type Tags, tag } from '../../azure/names/identity-marks.ts';
import type { ObservedOwner } from '../observed.ts';
import { livingOf, type ObjectRef, type Objects, type ShownIdentity } from './objects.ts';

/**
 * Whose an identity is, and whether that lives. Marks have to name a whole owner before it can be gone, and whoever is there and may
 * want the identity keeps it, whatever its marks say: they may be somebody else's edit.
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

/** As marks and records have it: `gone` if nobody speaks up for it. */
function namedBy(
  { key, tags }: ShownIdentity & { readonly tags: Tags },
  installationId: string,
  objects: Objects,
): Named {
  const marked = tag(tags, MARK.installation) ?? '';
  if (/\S/.test(marked) && marked !== installationId)
    return { state: 'otherInstallation', installationId: marked };
  // Nobody has an empty uid, or a name without letters: what is left are the marks themselves.
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
  // Of an object that went by force: so it declared while it lived. Whoever was given the id since has other marks.
  const record = objects.retained(key, uid);
  return record ? { state: 'retained', owner: record.owner } : { state: 'gone', owner, uid };
}

const ALL = [MARK.installation, MARK.owner, MARK.ownerUid];

function unknown(why: string): { state: 'unknown'; why: string } {
  return { state: 'unknown', why };
}
