/**
 * Role assignments: one bulk list per subscription in use, which shows all beneath it, and one for each management group,
 * or the tenant, that is itself a scope in use. A list also shows what is inherited from above; that is at home in another
 * list and is left to it, so each absence has one list that can show it.
 */
import type { CallContext } from '../azure/arm/arm-calls.ts';
import {
  type AzureRoleAssignment,
  parseAssignmentId,
  sameAssignment,
  sameGrant,
} from '../azure/azure-role-assignment.ts';
import { assignmentMark } from '../azure/names/assignment-name.ts';
import { trailingGuid } from '../azure/names/guid.ts';
import { armKey, ifParsed } from '../azure/names/resource-id.ts';
import { areaOf, parseScope } from '../azure/names/scope.ts';
import { asciiLower } from '../azure/names/text.ts';
import type { Permissions } from '../azure/permissions.ts';
import type { RoleAssignments } from '../azure/role-assignments.ts';
import { TEXTS } from '../runtime/shared-texts.ts';
import type { AzureCache } from './azure-cache.ts';
import { type CacheDefinition, placeOfScope } from './definition.ts';

export const READ_ASSIGNMENTS = 'Microsoft.Authorization/roleAssignments/read';

/**
 * Changes at management groups and the tenant reach no topic of Event Grid and no subscription's Activity Log (docs/azure-facts.md
 * section 10): their lists are all that shows them, and there are few.
 */
const ABOVE_MS = 5 * 60_000;

/** What Azure allows only once. */
interface Triple {
  readonly scope: string;
  /** GUID of the role, or an id that ends in it. */
  readonly role: string;
  readonly principalId: string;
}

interface AssignmentQueries {
  /** All that it is held to have, as far as lists in use show it. */
  readonly principal: string;
  /** Under any name. Azure allows one; two only while one of them is gone and not yet known to be. */
  readonly triple: Triple;
  /** Marked for an object, which is named first, by an installation of azid. */
  readonly marked: { readonly installationId: string; readonly key: string };
}

/** Areas are what `areaOf` makes of scopes, named by any scope within. */
export type AssignmentCache = AzureCache<AzureRoleAssignment, AssignmentQueries>;

export function assignmentDefinition(azure: {
  readonly assignments: Pick<RoleAssignments, 'get' | 'list' | 'observedBy'>;
  readonly permissions: Pick<Permissions, 'at'>;
}): CacheDefinition<AzureRoleAssignment, AssignmentQueries> {
  const { assignments, permissions } = azure;
  return {
    name: 'assignments',
    plural: 'role assignments',
    indexes: {
      principal: {
        termsOf: ({ principalId }) => [principalId],
        termsFor: (principalId) => [asciiLower(principalId)],
      },
      triple: {
        termsOf: ({ scope, roleGuid, principalId }) => [tripleTerm({ scope, role: roleGuid, principalId })],
        termsFor: (triple) => [tripleTerm({ ...triple, role: trailingGuid('the role', triple.role) })],
      },
      marked: {
        termsOf({ description }) {
          const mark = assignmentMark(description);
          return mark ? [markTerm(mark)] : [];
        },
        termsFor: (mark) => [markTerm(mark)],
      },
    },
    areaOf: (id) => areaOf(parseAssignmentId(id).scope),
    areaNamed: areaOf,
    describe: (area) => `scope ${area}`,
    placeOf: placeOfScope,
    maxResyncMs: (area) => (placeOfScope(area).subscription === '' ? ABOVE_MS : undefined),
    sameContent: sameAssignment,
    sameInstance: notMadeAgain,
    kept: sharing,
    read(id, context) {
      const { scope, name } = parseAssignmentId(id);
      return assignments.get(scope, name, context);
    },
    async *list(area, context) {
      // Without a filter a subscription's list also shows what lies below it (docs/azure-facts.md section 5). Should Azure not do so,
      // witnesses are missing and the area stays partial: nothing is deleted because of it.
      const filter = parseScope(area).kind === 'subscription' ? 'everything' : 'atScope';
      for await (const page of assignments.list(area, filter, context)) {
        const found = page.assignments.filter(({ id }) => homeOf(id) === area);
        yield { found, requestedAt: page.requestedAt };
      }
    },
    async missingRight(area, signal) {
      const rights = await permissions.at(area, { priority: 'resync', signal });
      if (rights.allows(READ_ASSIGNMENTS)) return undefined;
      return `azid has no right to ${READ_ASSIGNMENTS} at ${area}, so lists may leave assignments out`;
    },
    observedBy: (observer) => assignments.observedBy(observer),
  };
}

interface OfPrincipalDeps {
  readonly assignments: Pick<RoleAssignments, 'list'>;
  readonly assignmentCache: Pick<AssignmentCache, 'believes'>;
}

/**
 * What a list at a scope shows now of a principal, of those that are wanted: as far as it is believed, since such a list goes on showing
 * for a while what was deleted a moment ago. Throws as the list does.
 */
export async function* assignmentsOfPrincipal(
  scope: string,
  principalId: string,
  isWanted: (assignment: AzureRoleAssignment) => boolean,
  context: CallContext,
  { assignments, assignmentCache }: OfPrincipalDeps,
): AsyncGenerator<AzureRoleAssignment, void> {
  for await (const page of assignments.list(scope, { principalId }, context))
    for (const each of page.assignments.filter(isWanted))
      if (await assignmentCache.believes(each, page.requestedAt, context)) yield each;
}

/**
 * Undefined for one at a scope that azid cannot read, and so never grants at: one id that cannot be read must not make the
 * list fail for all.
 */
function homeOf(id: string): string | undefined {
  return ifParsed(() => areaOf(parseAssignmentId(id).scope));
}

/** The answer to a creation and later reads give times that differ a little (docs/azure-facts.md section 5). */
const CREATED_APART_MS = 10_000;

/** The name of an assignment follows from what it grants, so only the time of its creation shows that it was made again. */
function notMadeAgain(before: AzureRoleAssignment, now: AzureRoleAssignment): boolean {
  const [was = 0, is = was] = [before.createdOn, now.createdOn];
  return sameGrant(before, now) && (was === 0 || is <= was + CREATED_APART_MS);
}

function sharing(assignment: AzureRoleAssignment): AzureRoleAssignment {
  return {
    ...assignment,
    id: TEXTS.of(assignment.id),
    key: TEXTS.of(assignment.key),
    scope: TEXTS.of(assignment.scope),
    roleDefinitionId: TEXTS.of(assignment.roleDefinitionId),
    roleGuid: TEXTS.of(assignment.roleGuid),
    principalId: TEXTS.of(assignment.principalId),
    principalType: TEXTS.of(assignment.principalType),
    ...(assignment.createdBy !== undefined && { createdBy: TEXTS.of(assignment.createdBy) }),
  };
}

function markTerm({ installationId, key }: AssignmentQueries['marked']): string {
  return `${installationId}\n${key}`;
}

/** A line end cannot occur in any of the three. */
function tripleTerm({ scope, role, principalId }: Triple): string {
  return [armKey(scope), asciiLower(role), asciiLower(principalId)].join('\n');
}
