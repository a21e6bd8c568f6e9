import type { ConditionAttributes } from '../../authorizer.ts';
import { versionsOf } from '../../catalog/versions.ts';
import {
  ArmError,
  type ArmRequest,
  type ArmResponse,
  type Operation,
  type Params,
} from '../../http/operation.ts';
import type { KnobValues } from '../../knobs/schema.ts';
import { draw } from '../../random.ts';
import { isGuid, scopeKey, scopeOf } from '../../world/scope.ts';
import { type AuthorizationParts, assertVerdict, notGranted } from '../rights.ts';
import {
  ASSIGNMENT_TYPE,
  type AssignmentRequest,
  assignmentAnswer,
  creationAnswer,
  readAssignmentRequest,
} from './assignment-body.ts';
import {
  assertRoleAssignable,
  assertScopeThere,
  assertWithinLimit,
  isLastOwner,
  scopeThere,
  settlePrincipalType,
} from './assignment-checks.ts';
import {
  alreadyExists,
  invalidName,
  lastOwner,
  notFound,
  scopeNotFound,
  updateNotPermitted,
} from './assignment-errors.ts';
import { type RoleAssignment, sameTriple, type Triple } from './assignments.ts';

/** PUT, GET and DELETE of one role assignment (docs/azure-facts.md section 5). */
export function roleAssignmentOperations(parts: AuthorizationParts): Operation[] {
  const common = {
    pattern: '{+scope}/providers/Microsoft.Authorization/roleAssignments/{name}',
    resourceType: ASSIGNMENT_TYPE,
    apiVersions: versionsOf(ASSIGNMENT_TYPE),
  } as const;
  return [
    {
      ...common,
      id: 'roleAssignments.create',
      method: 'PUT',
      action: `${ASSIGNMENT_TYPE}/write`,
      // Conditions depend on what is granted to whom, which only the body has.
      checksRights: true,
      handle: (request, params) => create(parts, request, params),
    },
    {
      ...common,
      id: 'roleAssignments.get',
      method: 'GET',
      action: `${ASSIGNMENT_TYPE}/read`,
      handle: (_request, params) => read(parts, params),
    },
    {
      ...common,
      id: 'roleAssignments.delete',
      method: 'DELETE',
      action: `${ASSIGNMENT_TYPE}/delete`,
      checksRights: true,
      // A scope that is gone has its own answer here (knob goneScopeDelete).
      checksParents: true,
      handle: (request, params) => remove(parts, request, params),
    },
  ];
}

function create(parts: AuthorizationParts, request: ArmRequest, params: Params): ArmResponse {
  const { frame, assignments, rights } = parts;
  const scope = scopeOf(params);
  const name = nameOf(params);
  const given = readAssignmentRequest(request.body, request.apiVersion);
  const principal = frame.directory.findReplicated(given.principalId);
  assertVerdict(
    rights.authorize(request.caller, `${ASSIGNMENT_TYPE}/write`, request.path, {
      request: attributes({ ...given, principalType: given.principalType ?? principal?.type }),
    }),
  );
  assertScopeThere(parts, scope);
  assertRoleAssignable(parts, given.roleGuid, scope);
  const triple: Triple = { scope, roleGuid: given.roleGuid, principalId: given.principalId };
  const knobs = frame.knobs.values.authorization;
  const existing = assignments.get(name);
  if (existing) {
    if (!sameTriple(existing, triple)) throw updateNotPermitted();
    const changed = update(existing, given, request.caller.objectId, frame.clock.now(), knobs);
    assignments.put(changed);
    const answer = knobs.equalPutStatus === 201 ? creationAnswer : assignmentAnswer;
    return { status: knobs.equalPutStatus, body: answer(changed, knobs) };
  }
  const duplicate = assignments.byTriple(triple);
  if (duplicate) throw alreadyExists(duplicate.name, knobs.existsMessage);
  const principalType = settlePrincipalType(parts, given, principal?.type, scope);
  assertWithinLimit(parts, scope);
  const now = frame.clock.now();
  const created: RoleAssignment = {
    ...triple,
    name,
    principalType,
    condition: given.condition,
    description: given.description,
    delegatedManagedIdentityResourceId: given.delegatedManagedIdentityResourceId,
    createdOn: now,
    updatedOn: now,
    createdBy: request.caller.objectId,
    updatedBy: request.caller.objectId,
    effectiveAt: now + draw(frame.knobs.values.propagation.grantEffectMs, frame.random),
  };
  assignments.put(created);
  return { status: 201, body: creationAnswer(created, knobs) };
}

function read({ frame, assignments }: AuthorizationParts, params: Params): ArmResponse {
  const found = at(assignments.get(params.name ?? ''), scopeOf(params));
  if (!found || assignments.hidden(found.name)) throw notFound(params.name ?? '');
  return { status: 200, body: assignmentAnswer(found, frame.knobs.values.authorization) };
}

function remove(parts: AuthorizationParts, request: ArmRequest, params: Params): ArmResponse {
  const { frame, assignments, rights } = parts;
  const scope = scopeOf(params);
  const name = nameOf(params);
  const action = `${ASSIGNMENT_TYPE}/delete`;
  const knobs = frame.knobs.values.authorization;
  if (!scopeThere(parts, scope)) {
    if (knobs.goneScopeDelete === 404) throw scopeNotFound(scope);
    throw new ArmError(403, 'AuthorizationFailed', notGranted(request.caller, action, request.path));
  }
  const found = at(assignments.get(name), scope);
  if (!found) {
    // With nothing to delete there is nothing a condition could protect (unsure).
    assertVerdict(rights.authorizeWhateverTheConditions(request.caller, action, request.path));
    return { status: 204 };
  }
  assertVerdict(rights.authorize(request.caller, action, request.path, { resource: attributes(found) }));
  if (isLastOwner(parts, found)) throw lastOwner();
  assignments.delete(name);
  return { status: 200, body: assignmentAnswer(found, knobs) };
}

/**
 * What may change under a name is description and condition; a PUT states them whole, so what it leaves out goes. It is
 * answered as a creation, with another `createdOn` (docs/azure-facts.md section 16.9), or by knob as a change.
 */
function update(
  existing: RoleAssignment,
  { condition, description }: AssignmentRequest,
  updatedBy: string,
  now: number,
  { equalPutStatus }: KnobValues['authorization'],
): RoleAssignment {
  const written = { ...existing, condition, description, updatedBy, updatedOn: now };
  if (equalPutStatus === 201) return { ...written, createdOn: now, createdBy: updatedBy };
  const same = existing.condition?.text === condition?.text && existing.description === description;
  return same ? existing : written;
}

function nameOf(params: Params): string {
  const name = params.name ?? '';
  if (!isGuid(name)) throw invalidName(name);
  return name.toLowerCase();
}

/** The assignment, if it is at this very scope: a name alone is not enough to find it. */
function at(assignment: RoleAssignment | undefined, scope: string): RoleAssignment | undefined {
  return assignment && scopeKey(assignment.scope) === scopeKey(scope) ? assignment : undefined;
}

function attributes(given: {
  readonly roleGuid: string;
  readonly principalId: string;
  readonly principalType?: string | undefined;
}): NonNullable<ConditionAttributes['request']> {
  return {
    [`${ASSIGNMENT_TYPE}:RoleDefinitionId`]: given.roleGuid,
    [`${ASSIGNMENT_TYPE}:PrincipalId`]: given.principalId,
    ...(given.principalType !== undefined && { [`${ASSIGNMENT_TYPE}:PrincipalType`]: given.principalType }),
  };
}
