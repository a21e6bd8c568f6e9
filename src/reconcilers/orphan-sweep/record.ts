import { createHash } from 'node:crypto';
import type { OrphanRecord, OrphanRecordSpec } from '../../api/orphan-record.ts';
import type { AzureFederatedCredential } from '../../azure/azure-federated-credential.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import type { AzureRoleAssignment } from '../../azure/azure-role-assignment.ts';
import { armKey, isWithinScope } from '../../azure/names/resource-id.ts';
import type { Candidate } from '../../orphans/report.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import type { Action, LiveRead } from './facts.ts';

/** What is written down of a thing before it is deleted, and the actions that record and delete it. Plain data. */

export interface SweepOf {
  readonly name: string;
  readonly uid: string;
}

interface About {
  readonly candidate: Pick<Candidate, 'type' | 'id' | 'reason' | 'owner'>;
  readonly sweep: SweepOf;
  readonly installationId: string;
  /** Wall ms. */
  readonly now: number;
}

interface IdentityParts {
  readonly identity: AzureIdentity;
  readonly assignments: readonly AzureRoleAssignment[];
  readonly credentials: readonly AzureFederatedCredential[];
  /** Resources. */
  readonly attachments: readonly string[];
}

/** One for each thing, should it be read several times before it goes. */
export function recordName({ type, id, instance }: Pick<Candidate, 'type' | 'id' | 'instance'>): string {
  const digest = createHash('sha256')
    .update(`${armKey(id)}\n${instance}`)
    .digest('hex')
    .slice(0, 20);
  return `${PREFIX[type]}-${digest}`;
}

const PREFIX = {
  Identity: 'identity',
  RoleAssignment: 'assignment',
  FederatedIdentityCredential: 'credential',
} as const;

export function recordOf(about: About, parts: IdentityParts): OrphanRecordSpec {
  const { identity, assignments, credentials, attachments } = parts;
  const { location, tags, isolationScope, principalId, clientId, tenantId } = identity;
  return {
    ...base(about),
    identity: {
      location,
      tags,
      principalId,
      clientId,
      tenantId,
      ...(isolationScope !== undefined && { isolationScope }),
    },
    assignments: assignments.map(recordedAssignment),
    credentials: credentials.map(recordedCredential),
    attachments,
  } as OrphanRecordSpec;
}

export function recordOfAssignment(about: About, assignment: AzureRoleAssignment): OrphanRecordSpec {
  return { ...base(about), assignments: [recordedAssignment(assignment)] };
}

export function recordOfCredential(about: About, credential: AzureFederatedCredential): OrphanRecordSpec {
  return { ...base(about), credentials: [recordedCredential(credential)] };
}

/** What was recorded before stays, but for what is newer: of an identity the assignments go first, and belong to it all the same. */
export function merged(before: OrphanRecordSpec, now: OrphanRecordSpec): OrphanRecordSpec {
  const { deletion: _, ...rest } = before;
  return {
    ...rest,
    ...now,
    assignments: byId(before.assignments, now.assignments),
    credentials: byId(before.credentials, now.credentials),
    attachments: [...new Set([...(before.attachments ?? []), ...(now.attachments ?? [])])],
  } as OrphanRecordSpec;
}

/** What went before an identity, as an orphan of its own, belonged to it all the same: it is made again with the identity. */
export function withEarlier(
  record: OrphanRecordSpec,
  identityId: string,
  records: readonly OrphanRecord[],
): OrphanRecordSpec {
  const principal = record.identity?.principalId.toLowerCase();
  const gone = records.filter(({ spec }) => spec.type !== 'Identity' && spec.deletion !== undefined);
  const assignments = gone.flatMap(({ spec }) =>
    (spec.assignments ?? []).filter(({ principalId }) => principalId.toLowerCase() === principal),
  );
  const credentials = gone.flatMap(({ spec }) =>
    (spec.credentials ?? []).filter(({ id }) => isWithinScope(id, identityId)),
  );
  return {
    ...record,
    assignments: byId(assignments, record.assignments),
    credentials: byId(credentials, record.credentials),
  } as OrphanRecordSpec;
}

function byId<T extends { readonly id: string }>(before: readonly T[] = [], now: readonly T[] = []): T[] {
  return [...new Map([...before, ...now].map((each) => [armKey(each.id), each])).values()];
}

function base({ candidate, sweep, installationId, now }: About): OrphanRecordSpec {
  const { type, id, reason, owner } = candidate;
  return {
    type,
    id,
    reason,
    ...(owner !== undefined && { owner: owner.slice(0, 400) }),
    installationId,
    sweep: { name: sweep.name, uid: sweep.uid },
    recordedAt: timestamp(now),
  };
}

function recordedAssignment(assignment: AzureRoleAssignment) {
  const { id, scope, roleDefinitionId, principalId, principalType } = assignment;
  const { condition, conditionVersion, description } = assignment;
  return {
    id,
    scope,
    roleDefinitionId,
    principalId,
    principalType,
    ...(condition !== undefined && { condition }),
    ...(conditionVersion !== undefined && { conditionVersion }),
    ...(description !== undefined && { description: description.slice(0, 1024) }),
  };
}

function recordedCredential({ id, name, issuer, subject, audiences }: AzureFederatedCredential) {
  return { id, name, issuer, subject, audiences: [...audiences] };
}

/**
 * Recorded, and so counted; then it is read once more, and deleted. A process that dies in between leaves a record and a count without a
 * deletion, but never a deletion without a record.
 *
 * @param run of which it is a deletion; absent: only what goes before it is deleted now
 */
export function recording(candidate: Candidate, { record }: LiveRead, run?: string): Action[] {
  if (!record) return [];
  const { key } = candidate;
  return [
    {
      type: 'record',
      key,
      name: recordName(candidate),
      record: { ...record, ...(run !== undefined && { run }) },
    },
  ];
}

/** @param parent the identity that it goes before */
export function deletion(candidate: Candidate, parent: Candidate | undefined): Action {
  const { type: of, id, key, owner, reason } = candidate;
  const whose = owner === undefined ? '' : ` of ${owner}`;
  const before = parent ? `, before identity ${parent.id}` : '';
  const name = recordName(candidate);
  const message = `deleted ${NOUNS[of]} ${id}: orphan${whose}, ${reason}${before}; what it had stands in OrphanRecord ${name}`;
  const event = { type: 'Normal', reason: 'OrphanDeleted', action: 'Delete', message } as const;
  return { type: 'delete', of, id, key, recordName: name, event };
}

const NOUNS = {
  Identity: 'identity',
  RoleAssignment: 'role assignment',
  FederatedIdentityCredential: 'federated credential',
} as const;
