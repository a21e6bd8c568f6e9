/** What the authorization service refuses, text by text (docs/azure-facts.md section 5; where it is silent: reported or ours). */
import { ArmError } from '../../http/operation.ts';
import { bareHex } from '../../world/scope.ts';

export const malformed = (message = 'The request was incorrectly formatted.') =>
  new ArmError(400, 'BadRequestFormat', message);

export const invalidName = (name: string) =>
  new ArmError(
    400,
    'InvalidRoleAssignmentId',
    `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
  );

export const invalidPrincipalId = (given: string) =>
  new ArmError(400, 'InvalidPrincipalId', `The Principal ID '${given}' is not valid.`);

/** The message is known (azure-docs#119449), the code is not. */
export const invalidCondition = () =>
  new ArmError(400, 'InvalidCondition', 'The given role assignment condition is invalid.');

/** Condition without version, or the reverse: refused, text unsure. */
export const halfCondition = () =>
  new ArmError(
    400,
    'InvalidCondition',
    'The properties condition and conditionVersion must be given together, or neither of them.',
  );

export const unknownRole = (guid: string) =>
  new ArmError(
    400,
    'RoleDefinitionDoesNotExist',
    `The specified role definition with ID '${bareHex(guid)}' does not exist.`,
  );

export const principalNotFound = (principalId: string, tenantId: string) =>
  new ArmError(
    400,
    'PrincipalNotFound',
    // The two spaces before "See" are the service's own (traffic).
    `Principal ${bareHex(principalId)} does not exist in the directory ${tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  );

export const unmatchedType = (principalId: string, actual: string, specified: string) =>
  new ArmError(
    400,
    'UnmatchedPrincipalType',
    `The PrincipalId '${bareHex(principalId)}' has type '${actual}' , which is different from specified PrinciaplType '${specified}'.`,
  );

export const updateNotPermitted = () =>
  new ArmError(
    400,
    'RoleAssignmentUpdateNotPermitted',
    'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
  );

export const alreadyExists = (name: string, form: 'with-id' | 'without-id') =>
  new ArmError(
    409,
    'RoleAssignmentExists',
    form === 'with-id'
      ? `The role assignment already exists. The ID of the existing role assignment is ${bareHex(name)}.`
      : 'The role assignment already exists.',
  );

/** The HTTP status is unsure. */
export const limitExceeded = () =>
  new ArmError(400, 'RoleAssignmentLimitExceeded', 'No more role assignments can be created');

/** The text is known, code and status are not. */
export const lastOwner = () =>
  new ArmError(400, 'CannotDeleteLastRbacAdminAssignment', 'Cannot delete the last RBAC admin assignment');

export const notFound = (name: string) =>
  new ArmError(404, 'RoleAssignmentNotFound', `The role assignment '${name}' is not found.`);

export const scopeNotFound = (scope: string) => {
  const group = /\/resourceGroups\/([^/]+)\/providers\/(.+)$/i.exec(scope);
  return group
    ? new ArmError(
        404,
        'ResourceNotFound',
        `The Resource '${group[2]}' under resource group '${group[1]}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
        { 'x-ms-failure-cause': 'gateway' },
      )
    : new ArmError(404, 'NotFound', `The scope '${scope}' was not found.`);
};
