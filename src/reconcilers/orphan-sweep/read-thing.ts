import type { CallContext } from '../../azure/arm/arm-calls.ts';
import type { AssociatedResources } from '../../azure/associated-resources.ts';
import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import { type AzureRoleAssignment, parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import type { FederatedCredentials } from '../../azure/federated-credentials.ts';
import type { PrincipalStates } from '../../azure/graph/directory.ts';
import type { Identities } from '../../azure/identities.ts';
import { makersIn } from '../../azure/names/identity-marks.ts';
import { armKey, parseIdentityId } from '../../azure/names/resource-id.ts';
import type { ResourceGraph } from '../../azure/resource-graph.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import { type AssignmentCache, assignmentsOfPrincipal } from '../../cache/assignments.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { IdentityCache } from '../../cache/identities.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { LiveAssignment, LiveCredential, LiveIdentity, LiveList } from '../../orphans/live.ts';
import type { RetainedRecords } from '../../orphans/records/retained.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { unreadBy } from '../status/failure.ts';
import type { Stores } from '../stores.ts';
import type { LiveRead, ReadTarget } from './facts.ts';
import { endOf, madeByOf } from './observe/assignments.ts';
import { ownerNow } from './read-owner.ts';
import { recordOf, recordOfAssignment, recordOfCredential, type SweepOf, withEarlier } from './record.ts';
import type { RunReads } from './run/memory.ts';

export interface LiveDeps {
  readonly identities: Pick<Identities, 'get'>;
  readonly assignments: Pick<RoleAssignments, 'get' | 'list'>;
  readonly credentials: Pick<FederatedCredentials, 'get' | 'list'>;
  readonly associated: Pick<AssociatedResources, 'of'>;
  readonly resourceGraph: Pick<ResourceGraph, 'assignmentsOf'>;
  readonly directory?: Pick<PrincipalStates, 'of'> | undefined;
  readonly assignmentCache: Pick<AssignmentCache, 'byIndex' | 'inUse' | 'believes'>;
  readonly hostCache: Pick<HostCache, 'byIndex'>;
  readonly identityCache: Pick<IdentityCache, 'byIndex'>;
  readonly client: Pick<KubeClient, 'get' | 'list'>;
  readonly retained: Pick<RetainedRecords, 'refresh'>;
  readonly stores: Stores;
  readonly installationId: string;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** For what these reads are made. */
export interface Reading {
  readonly candidate: ReadTarget;
  readonly sweep: SweepOf;
  readonly reads: RunReads;
  /** Wall ms. */
  readonly now: number;
}

/** What Azure and the API server say of exactly one thing, directly before it is deleted. Throws what asks to come back later. */
export async function readLive(reading: Reading, context: CallContext, deps: LiveDeps): Promise<LiveRead> {
  const begunAt = deps.clock.monotonic();
  const { signal = NEVER } = context;
  const owner = await ownerNow(reading.candidate, signal, deps);
  const read = await readThing(reading, context, deps);
  // Another process may have put it on record since the run began, for an object that has gone by force since.
  await deps.retained.refresh(signal);
  return { ...read, owner, begunAt };
}

type Read = Pick<LiveRead, 'thing' | 'record'>;
const NOTHING: Read = { thing: { state: 'absent' } };

async function readThing(reading: Reading, context: CallContext, deps: LiveDeps): Promise<Read> {
  try {
    switch (reading.candidate.type) {
      case 'Identity':
        return await readIdentity(reading, context, deps);
      case 'RoleAssignment':
        return await readAssignment(reading, context, deps);
      case 'FederatedIdentityCredential':
        return await readCredential(reading, context, deps);
    }
  } catch (error) {
    return { thing: { state: 'unreadable', why: unreadBy(error).message } };
  }
}

async function readIdentity(
  { candidate, sweep, reads, now }: Reading,
  context: CallContext,
  deps: LiveDeps,
): Promise<Read> {
  const got = await deps.identities.get(candidate.id, context);
  if (!got.found) return NOTHING;
  const { identity } = got;
  const resources = await listed(async () => [
    ...new Set([
      ...(await deps.associated.of(identity.id, context)).map(({ id }) => id),
      ...(reads.attached.state === 'read' ? (reads.attached.of.get(identity.key) ?? []) : []),
      ...deps.hostCache.byIndex('identity', identity.key).map(({ id }) => id),
    ]),
  ]);
  const assignments = await listed(() => assignmentsOf(identity.principalId, identity.id, context, deps));
  const credentials = await listed(async () => {
    const list = await deps.credentials.list(identity.id, context);
    return list.found ? list.credentials : [];
  });
  const thing: LiveIdentity = {
    state: 'present',
    type: 'Identity',
    identity,
    resources,
    assignments,
    credentials,
  };
  const about = { candidate, sweep, now, installationId: deps.installationId };
  const read = recordOf(about, {
    identity,
    assignments: assignments.state === 'read' ? assignments.items : [],
    credentials: credentials.state === 'read' ? credentials.items : [],
    attachments: resources.state === 'read' ? resources.items : [],
  });
  return { thing, record: withEarlier(read, identity.id, deps.stores.orphanRecords.values()) };
}

/**
 * Of a principal, at every scope that azid lists, since what a subscription's list shows includes what is inherited from above; and of
 * all other subscriptions that it may read what Resource Graph knows of, each read itself, as that goes on showing what was deleted.
 */
async function assignmentsOf(
  principalId: string,
  identityId: string,
  context: CallContext,
  deps: LiveDeps,
): Promise<readonly AzureRoleAssignment[]> {
  if (principalId === '') return [];
  const { assignments, assignmentCache, resourceGraph } = deps;
  const isItsOwn = (each: AzureRoleAssignment) => each.principalId === principalId.toLowerCase();
  const found = new Map(assignmentCache.byIndex('principal', principalId).map((each) => [each.key, each]));
  const own = `/subscriptions/${parseIdentityId(identityId).subscriptionId.toLowerCase()}`;
  for (const area of new Set([own, ...assignmentCache.inUse.names]))
    for await (const each of assignmentsOfPrincipal(area, principalId, isItsOwn, context, deps))
      found.set(each.key, each);
  for (const id of await resourceGraph.assignmentsOf(principalId, context)) {
    if (found.has(armKey(id))) continue;
    const { scope, name } = parseAssignmentId(id);
    const got = await assignments.get(scope, name, context);
    if (got.found && isItsOwn(got.assignment)) found.set(got.assignment.key, got.assignment);
  }
  return [...found.values()];
}

async function readAssignment(
  { candidate, sweep, reads, now }: Reading,
  context: CallContext,
  deps: LiveDeps,
): Promise<Read> {
  const { assignments, directory, stores, installationId } = deps;
  const { scope, name } = parseAssignmentId(candidate.id);
  const got = await assignments.get(scope, name, context);
  if (!got.found) return NOTHING;
  const { assignment } = got;
  const endsAt = endOf(assignment.key, stores);
  const { principalId: id } = assignment;
  const seen = reads.principalOf(id);
  // What was gone may have been restored since the run began.
  const reported =
    seen.state === 'gone'
      ? await directory?.of([{ id, createdAt: assignment.createdOn }], context.signal ?? NEVER)
      : undefined;
  const principal = reported?.get(id) ?? seen;
  const thing: LiveAssignment = {
    state: 'present',
    type: 'RoleAssignment',
    assignment: { ...assignment, madeBy: madeByOf(assignment, deps) },
    principal,
    ...(endsAt !== undefined && { endsAt }),
  };
  const about = { candidate, sweep, now, installationId };
  return { thing, record: recordOfAssignment(about, assignment) };
}

async function readCredential(
  { candidate, sweep, now }: Reading,
  context: CallContext,
  { identities, credentials, installationId }: LiveDeps,
): Promise<Read> {
  const { identityId, name } = parseCredentialId(candidate.id);
  const got = await credentials.get(identityId, name, context);
  if (!got.found) return NOTHING;
  const holder = await identities.get(identityId, context);
  if (!holder.found) return NOTHING;
  const { credential } = got;
  const thing: LiveCredential = {
    state: 'present',
    type: 'FederatedIdentityCredential',
    credential,
    identity: { ...holder.identity, madeBy: makersIn(holder.identity.tags) },
  };
  const about = { candidate, sweep, now, installationId };
  return { thing, record: recordOfCredential(about, credential) };
}

async function listed<T>(read: () => Promise<readonly T[]>): Promise<LiveList<T>> {
  try {
    return { state: 'read', items: await read() };
  } catch (error) {
    return { state: 'unread', why: unreadBy(error).message };
  }
}

const NEVER = new AbortController().signal;
