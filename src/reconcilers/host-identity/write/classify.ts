import { AzureError } from '../../../azure/arm/errors.ts';
import {
  linkedScopes,
  linkedSubscription,
  namedIdentities,
} from '../../../azure/hosts/read/named-identities.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Failure } from '../../decision.ts';
import { IDENTITY_NOT_FOUND, type Trouble } from '../../hosts/ledger/problems.ts';
import type { ObservedIdentity } from '../facts.ts';

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

/** Some identity in the write may be at fault, so that the others may go through without it (docs/guarantees.md G7). */
export function isAboutIdentities({ kind, reason }: Failure): boolean {
  return kind === 'stalled' ? !OF_THE_HOST.has(reason) : OF_AN_IDENTITY.has(reason);
}

/** Keys of the identities that the refusal names. */
export function namedIn({ error, message }: Failure): readonly string[] {
  const answer = error instanceof AzureError ? error : message;
  const scopes = linkedScopes(answer).filter((scope) => /\/userAssignedIdentities\//i.test(scope));
  return [...new Set([...namedIdentities(answer), ...scopes].map(armKey))];
}

/** Of these keys the ones that the refusal is about, by name or by the subscription that it names. */
export function guiltyOf(failure: Failure, keys: readonly string[]): readonly string[] {
  const named = namedIn(failure);
  const { error, message } = failure;
  const subscription = linkedSubscription(error instanceof AzureError ? error : message);
  return keys.filter(
    (key) =>
      named.includes(key) ||
      (subscription !== undefined && key.startsWith(`/subscriptions/${subscription}/`)),
  );
}

/** What it means for one identity that is to be attached. */
export function troubleOf(
  { reason, message }: Failure,
  id: string,
  observed: ObservedIdentity | undefined,
): Trouble {
  if (reason !== 'LinkedAuthorizationFailed') return { reason, message };
  if (observed?.state === 'absent')
    return {
      reason: IDENTITY_NOT_FOUND,
      message: `identity ${id} does not exist; azid goes on when it is there`,
    };
  return {
    reason: 'MissingAssignRight',
    message: `Azure does not let azid attach ${id}: give azid's identity the role Managed Identity Operator (f1a07417-d97a-45cb-824c-7a7467783830) on it, which has Microsoft.ManagedIdentity/userAssignedIdentities/assign/action; ${message}`,
  };
}

/**
 * What it means for one identity that is to be taken off, where nothing that is declared is wrong, and no right on the
 * identity is wanted.
 */
export function troubleOfRemoval(failure: Failure, name: string, hostId: string): Trouble {
  const others = namedIn(failure).filter((key) => !name.toLowerCase().endsWith(key));
  const remedy =
    failure.reason === 'LinkedAuthorizationFailed' && others.length > 0
      ? `the write names what stays there, too: see that ${others.slice(0, 3).join(', ')} exist, and give azid’s identity the role Managed Identity Operator on them, or take those that are gone off the resource`
      : 'see what on the resource needs it, and change that, or take it off by hand; azid tries again';
  // Azure's words last: they may be long, and a status cuts them.
  const message = `Azure does not let azid take ${name} off ${hostId}; ${remedy}: ${answerIn(failure)}`;
  return { reason: failure.reason, message };
}

/** Azure's words without the remedy that suits a gift. */
function answerIn({ error, message }: Failure): string {
  return error instanceof AzureError ? `Azure answers ${error.code}: ${error.message}` : message;
}

/** What it means for the host. @param gives something is to be attached or switched on by the write that was refused */
export function troubleOfHost(failure: Failure, hostId: string, type: string, gives: boolean): Trouble {
  const { reason, message } = failure;
  if (reason === 'DisallowedByAzurePolicy' && !gives)
    return {
      reason,
      message: `${answerIn(failure)}; exempt azid’s changes of ${hostId} from the named Azure Policy, or take off by hand what nobody wants`,
    };
  if (reason !== 'AuthorizationFailed') return { reason, message };
  return {
    reason: 'MissingWriteRight',
    message: `Azure does not let azid change the identities of ${hostId}: give azid's identity a role there with ${type}/write; ${message}`,
  };
}
