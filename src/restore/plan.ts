/**
 * What `azid restore` does with a record: pure. What is there is left, what is missing is made; where another resource is in its
 * place, nothing is done.
 */
import type { OrphanRecord, RecordedAssignment, RecordedCredential } from '../api/orphan-record.ts';
import { type AzureFederatedCredential, parseCredentialId } from '../azure/azure-federated-credential.ts';
import type { AzureIdentity } from '../azure/azure-identity.ts';
import type { IdentityPut } from '../azure/identities.ts';
import { assignmentNames } from '../azure/names/assignment-name.ts';
import { keptMakers, MARK, type Tags, tag, withoutMarks } from '../azure/names/identity-marks.ts';
import { armKey, parseIdentityId, sameId } from '../azure/names/resource-id.ts';
import { sameText } from '../azure/names/text.ts';
import type { AssignmentPut } from '../azure/role-assignments.ts';

/** What stands under the id of the identity now. */
type FoundIdentity =
  | { readonly found: true; readonly identity: AzureIdentity }
  | { readonly found: false; readonly missing: 'resource' | 'resourceGroup' };

type IdentityPlan =
  | { readonly type: 'make'; readonly put: IdentityPut }
  | { readonly type: 'there'; readonly identity: AzureIdentity }
  | { readonly type: 'refuse'; readonly why: string };

/** An identity is made again as if its object had retained it: no sweep takes it, and an object of that name may take it back. */
export function planIdentity({ spec }: OrphanRecord, got: FoundIdentity): IdentityPlan {
  const { identity: was, installationId } = spec;
  if (!was) return refuse('the record does not say what the identity was');
  const at = parseIdentityId(spec.id);
  if (!got.found) {
    if (got.missing === 'resourceGroup')
      return refuse(
        `resource group ${at.resourceGroup} is not there: make it first (az group create --name ${at.resourceGroup} --location ${was.location})`,
      );
    const before = was.tags ?? {};
    const tags = { ...withoutMarks(before), ...marksOf(spec), ...keptMakers(before, undefined) };
    const isolationScope = was.isolationScope === 'Regional' ? { isolationScope: 'Regional' as const } : {};
    return { type: 'make', put: { ...at, location: was.location, tags, ...isolationScope } };
  }
  const { identity } = got;
  // It was never deleted; or an earlier run made it.
  if (sameText(identity.principalId, was.principalId) || isRestored(identity.tags, spec))
    return { type: 'there', identity };
  const installation = tag(identity.tags, MARK.installation);
  const owner = tag(identity.tags, MARK.owner);
  const whose =
    installation === installationId && owner !== undefined
      ? `it belongs to UserAssignedIdentity ${owner} now: declare its grants and credentials there`
      : 'it is not the one of the record: give it another name, or delete it';
  return refuse(`an identity with principal ${identity.principalId} stands under ${identity.id}; ${whose}`);
}

interface CredentialStep {
  readonly name: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

export interface AssignmentStep {
  readonly scope: string;
  /** In the order in which they are tried. */
  readonly names: readonly string[];
  readonly put: AssignmentPut;
}

/** Of what the identity had: what is to be made, and what only a user can decide. */
interface CredentialPlan {
  readonly make: readonly CredentialStep[];
  /** Names of those that are there. */
  readonly there: readonly string[];
  /** For people: what is not made, and why. */
  readonly not: readonly string[];
}

export function planCredentials(
  recorded: readonly RecordedCredential[],
  got: readonly AzureFederatedCredential[],
): CredentialPlan {
  const [make, there, not]: [CredentialStep[], string[], string[]] = [[], [], []];
  for (const { name, issuer, subject, audiences } of recorded) {
    const [audience, ...more] = audiences;
    const same = got.find((each) => each.issuer === issuer && each.subject === subject);
    const named = got.find((each) => sameText(each.name, name));
    if (same) there.push(same.name);
    else if (named)
      not.push(
        `federated credential ${name}: one of that name stands there, of issuer ${named.issuer} and subject ${named.subject}`,
      );
    else if (audience === undefined || more.length > 0 || subject === '')
      not.push(
        `federated credential ${name}: it had ${subject === '' ? 'an expression for a subject' : `${audiences.length} audiences`}, which azid does not make`,
      );
    else make.push({ name, issuer, subject, audience });
  }
  return { make, there, not };
}

/** @param principal of the identity as it is now, in place of the one it was */
export function planAssignments(
  recorded: readonly RecordedAssignment[],
  {
    installationId,
    was,
    principalId,
  }: {
    readonly installationId: string;
    readonly was: string;
    readonly principalId: string;
  },
): { readonly make: readonly AssignmentStep[]; readonly not: readonly string[] } {
  const own = recorded.filter((each) => sameText(each.principalId, was) && each.endsAt === undefined);
  const others = recorded.filter((each) => !own.includes(each));
  return {
    make: own.map((each) => {
      const names = assignmentNames(installationId, {
        scope: each.scope,
        role: each.roleDefinitionId,
        principalId,
      });
      return { scope: each.scope, names, put: putOf(each, principalId) };
    }),
    not: others.map(({ id, principalId: whose, endsAt }) =>
      endsAt === undefined
        ? `role assignment ${id}: it was of another principal, ${whose}`
        : `role assignment ${id}: it was ${untilOf(endsAt)}`,
    ),
  };
}

const untilOf = (endsAt: string) =>
  `given until ${endsAt}: declare a RoleGrant with that end to give it again`;

/** Why an assignment that was deleted by itself is not made again; undefined: it is. */
export function assignmentRefused({ spec }: OrphanRecord): string | undefined {
  const [recorded] = spec.assignments ?? [];
  if (!recorded) return 'the record does not say what it was';
  if (recorded.endsAt !== undefined) return `it was ${untilOf(recorded.endsAt)}`;
  switch (spec.reason) {
    case 'PrincipalGone':
      return 'its principal is gone: there is nobody to grant to';
    case 'Ended':
      return 'it was given until a time that has passed: declare a RoleGrant to give it again';
    default:
      return undefined;
  }
}

/** As it was, but for the object in its description: while none stands for it, a sweep cannot determine whose it is, and keeps it. */
export function putOf(recorded: RecordedAssignment, principalId: string): AssignmentPut {
  const { roleDefinitionId, principalType = 'ServicePrincipal', condition, conditionVersion } = recorded;
  const description = recorded.description?.replace(/\s*\[azid [^\]]*\]$/, '').trim();
  return {
    roleDefinitionId,
    principalId,
    principalType,
    ...(condition !== undefined && { condition, conditionVersion: conditionVersion ?? '2.0' }),
    ...(description && { description }),
  };
}

/** What of the other records was the identity's: a sweep deletes what an identity has one by one, before it deletes that. */
export function recordsOf(
  record: OrphanRecord,
  all: readonly OrphanRecord[],
): { readonly assignments: readonly RecordedAssignment[]; readonly credentials: readonly OrphanRecord[] } {
  const { installationId, identity: was, assignments = [] } = record.spec;
  const others = all.filter(
    (each) => each.metadata.uid !== record.metadata.uid && each.spec.installationId === installationId,
  );
  const byId = new Map(assignments.map((each) => [armKey(each.id), each]));
  for (const each of others) {
    const [own] = each.spec.assignments ?? [];
    if (each.spec.type !== 'RoleAssignment' || !own || !was || assignmentRefused(each) !== undefined)
      continue;
    // The principal proves it: another one under the same id has another.
    if (sameText(own.principalId, was.principalId) && !byId.has(armKey(own.id)))
      byId.set(armKey(own.id), own);
  }
  return {
    assignments: [...byId.values()],
    credentials: others.filter(
      ({ spec: { type, id } }) =>
        type === 'FederatedIdentityCredential' && sameId(parseCredentialId(id).identityId, record.spec.id),
    ),
  };
}

/** The record of the identity that a principal was of. */
export function identityOf(principalId: string, all: readonly OrphanRecord[]): OrphanRecord | undefined {
  return all.find(({ spec: { identity } }) => identity && sameText(identity.principalId, principalId));
}

function marksOf(spec: OrphanRecord['spec']): Tags {
  // An owner has to be named, or the next sweep reads its marks as incomplete.
  const owner = tag(spec.identity?.tags ?? {}, MARK.owner) ?? spec.owner ?? 'restored';
  return { [MARK.installation]: spec.installationId, [MARK.retained]: owner };
}

function isRestored(tags: Tags, spec: OrphanRecord['spec']): boolean {
  return Object.entries(marksOf(spec)).every(([name, value]) => tag(tags, name) === value);
}

const refuse = (why: string) => ({ type: 'refuse', why }) as const;
