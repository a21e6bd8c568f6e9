import { AzureError } from '../../azure/errors.ts';
import { linkedScopes, namedIdentities } from '../../azure/hosts/named-identities.ts';
import { armKey } from '../../azure/resource-id.ts';
import type { Failure } from '../decision.ts';
import type { IdentityView } from './facts.ts';
import { IDENTITY_NOT_FOUND, type Trouble } from './problems.ts';

/** What Azure's refusal of a write means: for the host as a whole, or for some of the identities it names. */

/** Nothing that is written to this host will do, whichever identity it is about. */
const OF_THE_HOST: ReadonlySet<string> = new Set([
  'AuthorizationFailed',
  'Forbidden',
  'ScopeLocked',
  'DenyAssignment',
  'DisallowedByAzurePolicy',
  'SubscriptionNotFound',
  'SubscriptionDisabled',
  'ProviderNotRegistered',
  'ApiVersionNotSupported',
  'ForeignOrigin',
  'ResourceGroupNotFound',
  'ParentNotFound',
]);

/** Of those that pass by themselves: these are about an identity. */
const OF_AN_IDENTITY: ReadonlySet<string> = new Set(['IdentityOperationFailed', 'PendingDelete']);

/** Some identity in the write may be at fault, so that the others may go through without it (guarantees.md G7). */
export function isAboutIdentities({ kind, reason }: Failure): boolean {
  return kind === 'stalled' ? !OF_THE_HOST.has(reason) : OF_AN_IDENTITY.has(reason);
}

/** Keys of the identities that the refusal names. */
export function namedIn({ error, message }: Failure): readonly string[] {
  const said = error instanceof AzureError ? error : message;
  const scopes = linkedScopes(said).filter((scope) => /\/userAssignedIdentities\//i.test(scope));
  return [...new Set([...namedIdentities(said), ...scopes].map(armKey))];
}

/** What it means for one identity that is to be attached. */
export function troubleOf({ reason, message }: Failure, id: string, view: IdentityView | undefined): Trouble {
  if (reason !== 'LinkedAuthorizationFailed') return { reason, message };
  if (view?.state === 'absent')
    return {
      reason: IDENTITY_NOT_FOUND,
      message: `identity ${id} does not exist; azid goes on when it is there`,
    };
  return {
    reason: 'MissingAssignRight',
    message: `Azure does not let azid attach ${id}: give azid's identity the role Managed Identity Operator (f1a07417-d97a-45cb-824c-7a7467783830) on it, which has Microsoft.ManagedIdentity/userAssignedIdentities/assign/action; ${message}`,
  };
}

/** What it means for the host. */
export function troubleOfHost({ reason, message }: Failure, hostId: string, type: string): Trouble {
  if (reason !== 'AuthorizationFailed') return { reason, message };
  return {
    reason: 'MissingWriteRight',
    message: `Azure does not let azid change the identities of ${hostId}: give azid's identity a role there with ${type}/write; ${message}`,
  };
}
