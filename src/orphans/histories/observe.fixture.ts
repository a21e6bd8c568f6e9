import { isCredentialOfInstallation } from '../../azure/names/credential-name.ts';
import { makersIn, tag } from '../../azure/names/identity-marks.ts';
import type { LiveObservation, LiveThing } from '../live.ts';
import type {
  Hanging,
  MadeBy,
  ObservedArea,
  ObservedIdentity,
  ObservedOwner,
  ObservedPrincipal,
  SweepObservation,
} from '../observed.ts';
import { assignmentOwner, credentialOwner, identityOwner } from '../owners.ts';
import { ownerToRead } from '../recheck.ts';
import type { Candidate } from '../report.ts';
import { INSTALLATION, SCOPE, SELF } from '../sweep.fixture.ts';
import { assignmentInstance, credentialInstance, identityInstance, madeTogether } from '../traits.ts';
import type { Assignment, Identity } from './azure.fixture.ts';
import type { World } from './world.fixture.ts';

/** What a sweep puts together of the lists and the stores, as far behind as they are, and what it reads live. */

export function observe(world: World): SweepObservation {
  const { lists, faults, doubt, stores } = world;
  const objects = world.objects();
  const owners = new Map(
    [...lists.assignments.values()].map(
      (each) => [each, assignmentOwner(each, INSTALLATION, objects)] as const,
    ),
  );
  const ours = [...lists.assignments.values()].filter(
    ({ maker }) => maker.by === 'azid' || maker.by === 'elsewhere',
  );
  const principals = new Set([...lists.identities.values()].map(({ principalId }) => principalId));
  const common = (each: { id: string; key: string }) => ({ id: each.id, key: each.key, scope: SCOPE });
  return {
    now: world.now(),
    installationId: INSTALLATION,
    ...(!faults.has('selfUnknown') && { self: SELF }),
    objects: stores.length,
    areas: [areaOf(world)],
    doubts: doubt ? [{ reason: doubt, message: doubt }] : [],
    identities: [...lists.identities.values()].flatMap((each) => observationOf(each, world, owners) ?? []),
    assignments: ours.map((each) => {
      const end = world.kube.ends.get(each.key);
      return {
        ...common(each),
        owner: owners.get(each) ?? { state: 'unknown', why: '' },
        instance: assignmentInstance(each),
        madeBy: madeBy(each, [...lists.identities.values()]),
        createdAt: each.createdOn,
        principalId: each.principalId,
        roleDefinitionId: each.roleGuid,
        at: each.scope,
        principal: principalOf(each.principalId, principals, world),
        ...(end !== undefined && { endsAt: end }),
      };
    }),
    credentials: [...lists.credentials.values()].flatMap((each) => {
      const identity = lists.identities.get(each.identityKey);
      if (!identity || !isCredentialOfInstallation(each.name, INSTALLATION)) return [];
      const { principalId } = identity;
      const { name, issuer, subject } = each;
      const owner = credentialOwner(each, INSTALLATION, objects);
      const instance = credentialInstance(principalId, each);
      return [
        {
          ...common(each),
          owner,
          instance,
          madeBy: makersIn(identity.tags),
          identityId: identity.id,
          principalId,
          name,
          issuer,
          subject,
        },
      ];
    }),
    foreignDead: [],
  };
}

function observationOf(
  identity: Identity,
  world: World,
  owners: ReadonlyMap<Assignment, ObservedOwner>,
): ObservedIdentity | undefined {
  const { tags, id, key, principalId, clientId } = identity;
  const isMarked = ['azid-installation', 'azid-owner', 'azid-owner-uid', 'azid-retained'].some((name) =>
    tag(tags, name),
  );
  if (!isMarked) return undefined;
  const { lists, faults } = world;
  const objects = world.objects();
  const hanging: Hanging[] = identity.attached.map((name) => ({ what: 'resource', name }));
  if (faults.has('graphUnread'))
    hanging.splice(0, hanging.length, { what: 'unread', name: 'Resource Graph' });
  const leftovers: string[] = [];
  for (const each of lists.assignments.values()) {
    if (each.principalId !== principalId) continue;
    if (owners.get(each)?.state === 'gone') leftovers.push(each.id);
    else hanging.push({ what: 'roleAssignment', name: each.id });
  }
  for (const each of lists.credentials.values())
    if (each.identityKey === key && credentialOwner(each, INSTALLATION, objects).state !== 'gone')
      hanging.push({ what: 'federatedCredential', name: each.id });
  const owner = identityOwner(identity, INSTALLATION, objects);
  const instance = identityInstance(identity);
  const made = makersIn(tags);
  return {
    id,
    key,
    scope: SCOPE,
    owner,
    instance,
    madeBy: made,
    principalId,
    clientId,
    tags,
    hanging,
    leftovers,
  };
}

function madeBy({ createdBy, principalId }: Assignment, shown: readonly Identity[]): MadeBy {
  const holders = shown.filter((each) => each.principalId === principalId);
  return madeTogether(
    createdBy,
    holders.map(({ tags }) => makersIn(tags)),
  );
}

function areaOf({ faults }: World): ObservedArea {
  return faults.has('areaIncomplete')
    ? { scope: SCOPE, state: 'incomplete', why: 'page 2: 429' }
    : { scope: SCOPE, state: 'complete' };
}

function principalOf(id: string, shown: ReadonlySet<string>, { azure, faults }: World): ObservedPrincipal {
  if (shown.has(id)) return { state: 'present' };
  if (faults.has('directoryOff')) return { state: 'unknown', why: 'the directory is not asked' };
  return { state: azure.ended.get(id) ?? 'present' };
}

/** Everything at once: all that happens between these reads and the deletion is the window that Azure leaves open. */
export function readLive(
  candidate: Candidate,
  left: number,
  stops: LiveObservation['stops'],
  spec: LiveObservation['spec'],
  world: World,
): LiveObservation {
  const { kube, faults } = world;
  const read = ownerToRead(candidate);
  const owner: LiveObservation['owner'] = !read
    ? { state: 'notNamed' }
    : faults.has('apiServerUnread')
      ? { state: 'unread', why: '503' }
      : { state: kube.get(read.kind, read.namespace, read.name) ? 'present' : 'absent' };
  return {
    now: world.now(),
    installationId: INSTALLATION,
    self: faults.has('selfUnknown') ? undefined : SELF,
    spec,
    stops,
    area: areaOf(world),
    owner,
    tookMs: 0,
    left,
    thing: liveThing(candidate, world),
  };
}

function liveThing({ type, key }: Candidate, { azure, kube, faults }: World): LiveThing {
  if (faults.has('getFails')) return { state: 'unreadable', why: '500' };
  const list = <T>(
    fault: 'resourcesUnread' | 'assignmentsUnread' | 'credentialsUnread',
    items: readonly T[],
  ) => (faults.has(fault) ? ({ state: 'unread', why: '429' } as const) : ({ state: 'read', items } as const));
  if (type === 'Identity') {
    const identity = azure.identities.get(key);
    if (!identity) return { state: 'absent' };
    const own = [...azure.assignments.values()].filter((each) => each.principalId === identity.principalId);
    const credentials = [...azure.credentials.values()].filter((each) => each.identityKey === key);
    return {
      state: 'present',
      type,
      identity,
      resources: list('resourcesUnread', identity.attached),
      assignments: list('assignmentsUnread', own),
      credentials: list('credentialsUnread', credentials),
    };
  }
  if (type === 'RoleAssignment') {
    const assignment = azure.assignments.get(key);
    if (!assignment) return { state: 'absent' };
    const end = kube.ends.get(key);
    const living = new Set([...azure.identities.values()].map(({ principalId }) => principalId));
    const principal: ObservedPrincipal = living.has(assignment.principalId)
      ? { state: 'present' }
      : faults.has('directoryOff')
        ? { state: 'unknown', why: 'the directory is not asked' }
        : { state: azure.ended.get(assignment.principalId) ?? 'present' };
    const made = madeBy(assignment, [...azure.identities.values()]);
    return {
      state: 'present',
      type,
      assignment: { ...assignment, madeBy: made },
      principal,
      ...(end !== undefined && { endsAt: end }),
    };
  }
  const credential = azure.credentials.get(key);
  const identity = credential && azure.identities.get(credential.identityKey);
  if (!credential || !identity) return { state: 'absent' };
  return { state: 'present', type, credential, identity: { ...identity, madeBy: makersIn(identity.tags) } };
}
