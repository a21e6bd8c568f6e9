import type { AssignmentExpiry } from '../../../api/assignment-expiry.ts';
import type { AzureRoleAssignment } from '../../../azure/azure-role-assignment.ts';
import { proveOwnership } from '../../../azure/names/assignment-name.ts';
import { makersIn } from '../../../azure/names/identity-marks.ts';
import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { Objects } from '../../../orphans/objects.ts';
import type {
  MadeBy,
  ObservedAssignment,
  ObservedForeignAssignment,
  ObservedPrincipal,
} from '../../../orphans/observed.ts';
import { assignmentOwner } from '../../../orphans/owners.ts';
import { assignmentInstance, madeTogether } from '../../../orphans/traits.ts';
import { INDEX, type Stores } from '../../stores.ts';
import { type SweptScope, scopeOf, subscriptionsOf } from '../settings.ts';

interface AssignmentsDeps {
  readonly assignmentCache: Pick<AssignmentCache, 'present'>;
  readonly identityCache: Pick<IdentityCache, 'byIndex'>;
  readonly installationId: string;
  readonly stores: Pick<Stores, 'expiries'>;
}

/** Whether a principal is there, as far as anything shows. */
export type PrincipalOf = (principalId: string) => ObservedPrincipal;

/** What is in the cache never changes, and a proof costs three hashes. */
const PROVEN = new WeakMap<AzureRoleAssignment, boolean>();

export function isOurs(assignment: AzureRoleAssignment, installationId: string): boolean {
  const known = PROVEN.get(assignment);
  if (known !== undefined) return known;
  const proven = proveOwnership(assignment, installationId);
  PROVEN.set(assignment, proven);
  return proven;
}

/** All in the swept scopes, each with the scope that it lies in. */
function within(swept: readonly SweptScope[], { assignmentCache }: Pick<AssignmentsDeps, 'assignmentCache'>) {
  return subscriptionsOf(swept)
    .flatMap((subscriptionId) => assignmentCache.present(`/subscriptions/${subscriptionId}`))
    .flatMap((assignment) => {
      const scope = scopeOf(assignment.scope, swept);
      return scope === undefined ? [] : [{ assignment, scope }];
    });
}

/** Those that this installation made. */
export function observeAssignments(
  swept: readonly SweptScope[],
  objects: Objects,
  principalOf: PrincipalOf,
  deps: AssignmentsDeps,
): ObservedAssignment[] {
  const { installationId, stores } = deps;
  return within(swept, deps)
    .filter(({ assignment }) => isOurs(assignment, installationId))
    .map(({ assignment, scope }) => {
      const { id, key, principalId, roleDefinitionId, createdOn } = assignment;
      const endsAt = endOf(key, stores);
      return {
        id,
        key,
        scope,
        owner: assignmentOwner(assignment, installationId, objects),
        instance: assignmentInstance(assignment),
        madeBy: madeByOf(assignment, deps),
        principalId,
        roleDefinitionId,
        at: assignment.scope,
        principal: principalOf(principalId),
        ...(createdOn !== undefined && { createdAt: createdOn }),
        ...(endsAt !== undefined && { endsAt }),
      };
    });
}

/** See `madeTogether`. */
export function madeByOf(
  { createdBy, principalId }: Pick<AzureRoleAssignment, 'createdBy' | 'principalId'>,
  { identityCache }: Pick<AssignmentsDeps, 'identityCache'>,
): MadeBy {
  const holders = identityCache.byIndex('principal', principalId).map(({ tags }) => makersIn(tags));
  return madeTogether(createdBy, holders);
}

/** Others', of a principal that is proven to be gone. */
export function foreignDead(
  swept: readonly SweptScope[],
  principalOf: PrincipalOf,
  deps: AssignmentsDeps,
): ObservedForeignAssignment[] {
  return within(swept, deps)
    .filter(
      ({ assignment }) =>
        !isOurs(assignment, deps.installationId) && principalOf(assignment.principalId).state === 'gone',
    )
    .map(({ assignment: { id, key, principalId, roleDefinitionId }, scope }) => ({
      id,
      key,
      scope,
      principalId,
      roleDefinitionId,
    }));
}

/** Principals of all assignments in the swept scopes, each with the time of the first of them, wall ms. */
export function principalsIn(
  swept: readonly SweptScope[],
  deps: Pick<AssignmentsDeps, 'assignmentCache'>,
): ReadonlyMap<string, number | undefined> {
  const first = new Map<string, number | undefined>();
  for (const { assignment } of within(swept, deps)) {
    const { principalId, createdOn } = assignment;
    if (principalId === '') continue;
    const before = first.get(principalId);
    if (before === undefined || (createdOn !== undefined && createdOn < before))
      first.set(principalId, createdOn);
  }
  return first;
}

/** As the record in azid's namespace has it, wall ms: that of the last owner. Undefined: none, or not for all owners. */
export function endOf(key: string, { expiries }: Pick<Stores, 'expiries'>): number | undefined {
  const ends = expiries.byIndex(INDEX.assignment, key).flatMap(({ spec }) => spec.owners.map(endOfOwner));
  if (ends.length === 0 || ends.some((end) => end === undefined)) return undefined;
  return Math.max(...ends.map((end) => end ?? 0));
}

function endOfOwner({ expiresAt }: AssignmentExpiry['spec']['owners'][number]): number | undefined {
  const end = Date.parse(expiresAt ?? '');
  return Number.isNaN(end) ? undefined : end;
}
