/**
 * How Azure's error codes are classified, and those texts that come with a code without a meaning: tables over the codes of docs/azure-facts.md
 * sections 2 to 7. Reasons are stable CamelCase words that users may alert on; remedies say who can do what. Codes are lower-cased.
 */

export type Missing = 'resource' | 'resourceGroup' | 'subscription' | 'parent' | 'roleAssignment' | 'scope';

/** Codes that name what is missing. Only these prove an absence. */
export const NOT_FOUND: Readonly<Record<string, Missing>> = {
  resourcenotfound: 'resource',
  resourcegroupnotfound: 'resourceGroup',
  subscriptionnotfound: 'subscription',
  parentresourcenotfound: 'parent',
  roleassignmentnotfound: 'roleAssignment',
  // What an assignment was to be made on (docs/azure-facts.md section 16.9).
  scopenotfound: 'scope',
};

/** Not now, back off: docs/azure-facts.md section 2, and refusals of a state that passes by itself. */
export const TRANSIENT: Readonly<Record<string, string>> = {
  anotheroperationinprogress: 'OperationInProgress',
  conflict: 'OperationInProgress',
  retryableerror: 'OperationInProgress',
  retryableerrorduetoanotheroperation: 'OperationInProgress',
  concurrentfederatedidentitycredentialswritesforsinglemanagedidentity: 'OperationInProgress',
  failedidentityoperation: 'IdentityOperationFailed',
  hashconflictondifferentroleassignmentids: 'AssignmentNameConflict',
  principalnotfound: 'PrincipalNotFound',
  resourcegroupbeingdeleted: 'ResourceGroupBeingDeleted',
  preconditionfailed: 'ChangedMeanwhile',
  // `UserAssigned` with nothing left: another client took the rest away after the read that the write was decided from.
  missingidentityids: 'ChangedMeanwhile',
  // azid's own words for an answer: it has no status, and Azure was reached all the same.
  incompleteanswer: 'UnexpectedAnswer',
  toomanyrecords: 'TooManyRecords',
};

/** No retry helps until someone acts: the reason of a condition, and who can do what. */
interface Stall {
  readonly reason: string;
  readonly remedy: string;
}

export const STALLED: Readonly<Record<string, Stall>> = {
  authorizationfailed: {
    reason: 'AuthorizationFailed',
    remedy: 'give azid’s identity a role with this action at this scope; new rights take minutes to act',
  },
  linkedauthorizationfailed: {
    reason: 'LinkedAuthorizationFailed',
    remedy:
      'give azid’s identity the named action on the linked resource, and check that the resource exists',
  },
  invalididentityvalues: {
    reason: 'InvalidIdentityValues',
    remedy:
      'Azure refused how the identities of this resource are named; detach the named ones by hand and see whether azid attaches them again, else report it',
  },
  identitynotsupportedonwindows: {
    reason: 'IdentityNotSupportedOnWindows',
    remedy: 'containers on Windows carry no managed identity; use Linux containers',
  },
  denyassignmentauthorizationfailed: {
    reason: 'DenyAssignment',
    remedy: 'a deny assignment forbids this; exclude azid’s identity from it',
  },
  scopelocked: { reason: 'ScopeLocked', remedy: 'remove the named lock' },
  requestdisallowedbypolicy: {
    reason: 'DisallowedByAzurePolicy',
    remedy: 'change what is declared so that it meets the named Azure Policy, or exempt it there',
  },
  subscriptionnotfound: {
    reason: 'SubscriptionNotFound',
    remedy: 'check the subscription id and that azid may see it',
  },
  invalidsubscriptionid: {
    reason: 'SubscriptionNotFound',
    remedy: 'give the id of an existing subscription',
  },
  readonlydisabledsubscription: { reason: 'SubscriptionDisabled', remedy: 'enable the subscription again' },
  subscriptionisdisabled: { reason: 'SubscriptionDisabled', remedy: 'enable the subscription again' },
  missingsubscriptionregistration: {
    reason: 'ProviderNotRegistered',
    remedy: 'register the named resource provider in the subscription (az provider register)',
  },
  noregisteredproviderfound: {
    reason: 'LocationNotAvailable',
    remedy: 'choose one of the locations that Azure names',
  },
  locationnotavailableforresourcetype: {
    reason: 'LocationNotAvailable',
    remedy: 'choose one of the locations that Azure names',
  },
  invalidresourcelocation: {
    reason: 'LocationConflict',
    remedy: 'a resource of this name exists in another location; use that location or another name',
  },
  invalidresourcetype: {
    reason: 'ApiVersionNotSupported',
    remedy: 'this cloud does not know the API version azid uses; a newer azid may',
  },
  invalidapiversionparameter: {
    reason: 'ApiVersionNotSupported',
    remedy: 'give an API version that Azure names',
  },
  roleassignmentlimitexceeded: {
    reason: 'LimitReached',
    remedy: 'remove role assignments that nobody needs',
  },
  quotaexceeded: {
    reason: 'LimitReached',
    remedy: 'remove what nobody needs or ask Azure for a higher limit',
  },
  resourcequotaexceeded: {
    reason: 'LimitReached',
    remedy: 'remove what nobody needs or ask Azure for a higher limit',
  },
  directory_quotaexceeded: {
    reason: 'LimitReached',
    remedy: 'the directory holds too many objects; deleted ones count for 30 days unless purged',
  },
  roleassignmentexists: {
    reason: 'RoleAssignmentExists',
    remedy: 'the same grant exists under another name; remove it or declare its adoption',
  },
  roleassignmentupdatenotpermitted: {
    reason: 'RoleAssignmentUpdateNotPermitted',
    remedy: 'an assignment cannot be changed; it must be replaced under a new name',
  },
  unmatchedprincipaltype: { reason: 'InvalidPrincipal', remedy: 'give the principal’s real type' },
  unmatchedprinciapltype: { reason: 'InvalidPrincipal', remedy: 'give the principal’s real type' },
  invalidprincipalid: { reason: 'InvalidPrincipal', remedy: 'give the principal’s object id' },
  principaltypenotsupported: {
    reason: 'InvalidPrincipal',
    remedy: 'this kind of principal cannot hold roles',
  },
  roledefinitiondoesnotexist: { reason: 'RoleNotFound', remedy: 'give the name or id of an existing role' },
};

/**
 * Refusals that only the text of the message identifies, since their code is a general one (docs/azure-facts.md
 * sections 4 to 6).
 */
export const BY_TEXT: readonly (readonly [
  RegExp,
  Stall | { readonly transient: string } | { readonly missing: Missing },
])[] = [
  [/may be due to a pending delete operation/i, { transient: 'PendingDelete' }],
  [/parent user-assigned identity doesn't exist/i, { missing: 'parent' }],
  [
    /Support for federated identity credentials not enabled/i,
    { reason: 'NotSupportedInRegion', remedy: 'use an identity in another location' },
  ],
  [
    /Issuer and subject combination already exists/i,
    {
      reason: 'CredentialExists',
      remedy: 'the identity already has a credential with this issuer and subject',
    },
  ],
  [
    /Cannot delete the last RBAC admin assignment/i,
    { reason: 'LastAdministrator', remedy: 'make another Owner of the subscription first' },
  ],
];

export const THROTTLED_TEXT =
  /\bnumber of requests\b.*\bexceeded\b|\btoo many requests\b|\brequest (was|is|has been) throttled\b/i;
