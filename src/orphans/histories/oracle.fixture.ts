import { isCredentialOf } from '../../azure/names/credential-name.ts';
import { MARK } from '../../azure/names/identity-marks.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { KubeThing } from '../objects.fixture.ts';
import { INSTALLATION, SELF } from '../sweep.fixture.ts';
import type { Assignment, Credential, Identity, Maker } from './azure.fixture.ts';
import type { World } from './world.fixture.ts';

/**
 * Why a thing must not be deleted, by the truth of the model: who made it, which objects there are, what hangs on it. Undefined: it is an
 * orphan. It knows nothing of what azid saw, and takes nothing from the code that is tested.
 */

export function whyIdentityLives(identity: Identity, world: World): string | undefined {
  const { tags, maker, key, principalId, attached } = identity;
  const { kube, azure } = world;
  if (principalId === SELF.principalId) return 'azid itself';
  const marks = [MARK.installation, MARK.owner, MARK.ownerUid].map((name) => tags[name] ?? '');
  if (tags[MARK.retained]) return 'retained';
  if (identity.isShared || maker.by === 'elsewhere') return 'another cluster has an object for it';
  if (kube.retained.has(tags[MARK.ownerUid] ?? '')) return 'retained by force';
  // A user who puts all marks on a thing of theirs gives it to azid: nothing distinguishes it from one that azid made.
  if (marks.some((mark) => mark === ''))
    return maker.by === 'azid' ? 'whose it is cannot be told' : 'foreign';
  const [installation, owner] = marks;
  if (installation !== INSTALLATION) return 'another installation';
  for (const each of kube.objects) {
    if (each.kind === 'UserAssignedIdentity' && isNamed(each, owner)) return `its object ${owner}`;
    // One of another name that came in this moment, and that no watch has brought yet, has nothing yet.
    if (!isSeen(each, world)) continue;
    const names = each.ids?.some((id) => armKey(id) === key) || each.principalId === principalId;
    const made = each.kind === 'UserAssignedIdentity' && isMaker(each, maker);
    if (names || made || refersByName(each, owner)) return `${each.kind} ${each.namespace}/${each.name}`;
  }
  if (attached.length > 0) return `attached to ${attached[0]}`;
  for (const each of azure.assignments.values()) {
    if (each.principalId !== principalId) continue;
    const why = whyAssignmentLives(each, world, true);
    if (why !== undefined) return `assignment: ${why}`;
  }
  for (const each of azure.credentials.values()) {
    if (each.identityKey !== key) continue;
    const why = whyCredentialLives(each, world);
    if (why !== undefined) return `credential: ${why}`;
  }
  return undefined;
}

export function whyAssignmentLives(
  assignment: Assignment,
  world: World,
  endIsNoMatter = false,
): string | undefined {
  const { maker, key, principalId } = assignment;
  const { kube, azure } = world;
  if (maker.by === 'elsewhere') return 'another cluster has an object for it';
  // Without its identity it gives no rights there either.
  if (assignment.isShared && azure.identityOf(principalId)) return 'another cluster counts on it';
  if (maker.by !== 'azid') return 'foreign';
  const grant = kube.objects.find(
    (each) =>
      each.kind === 'RoleGrant' &&
      (isMaker(each, maker) || (isSeen(each, world) && each.ids?.some((id) => armKey(id) === key))),
  );
  if (grant) return `RoleGrant ${grant.namespace}/${grant.name}`;
  const end = kube.ends.get(key);
  if (!endIsNoMatter && end !== undefined && end <= world.now()) return undefined;
  if (kube.retained.has(key)) return 'retained';
  if (azure.ended.get(principalId) === 'softDeleted') return 'its principal can be restored';
  return undefined;
}

export function whyCredentialLives(
  { maker, key, name }: Credential,
  { kube }: Pick<World, 'kube'>,
): string | undefined {
  if (maker.by === 'elsewhere') return 'another cluster has an object for it';
  if (maker.by !== 'azid') return 'foreign';
  const owner = kube.objects.find(
    (each) => each.kind === 'FederatedIdentityCredential' && isCredentialOf(name, INSTALLATION, each),
  );
  if (owner) return `FederatedIdentityCredential ${owner.namespace}/${owner.name}`;
  return kube.retained.has(key) ? 'retained' : undefined;
}

function isSeen({ uid }: KubeThing, { stores }: World): boolean {
  return stores.some((each) => each.uid === uid);
}

function isMaker({ namespace, name }: KubeThing, maker: Maker): boolean {
  return maker.by === 'azid' && maker.namespace === namespace && maker.name === name;
}

function isNamed({ namespace, name }: KubeThing, owner: string | undefined): boolean {
  return `${namespace}/${name}` === owner;
}

function refersByName({ namespace, identityRef }: KubeThing, owner: string | undefined): boolean {
  return identityRef !== undefined && `${namespace}/${identityRef}` === owner;
}
