import { AzureError } from '../../../azure/arm/errors.ts';
import {
  linkedScopes,
  linkedSubscription,
  namedIdentities,
} from '../../../azure/hosts/read/named-identities.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Failure } from '../../decision.ts';
import { SYSTEM } from '../../hosts/ledger/lines.ts';
import type { Asked, Refusal } from '../facts.ts';

/** Which of the identities in a write its refusal is about, if it is not about the host as a whole. */

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
export function keysAtFault(failure: Failure, keys: readonly string[]): readonly string[] {
  const named = namedIn(failure);
  const { error, message } = failure;
  const subscription = linkedSubscription(error instanceof AzureError ? error : message);
  return keys.filter(
    (key) =>
      named.includes(key) ||
      (subscription !== undefined && key.startsWith(`/subscriptions/${subscription}/`)),
  );
}

/** Of how many one is at fault, when Azure does not name it; undefined where halving them would not find it. */
export function triesOf({ asked, failure }: Refusal): number | undefined {
  const isNamed = keysAtFault(failure, [...asked.adds, ...asked.removes]).length > 0;
  if (!isAboutIdentities(failure) || isNamed) return undefined;
  const { length } = gainsOf(asked);
  return length > 1 ? length : undefined;
}

/** Keys of what the write was to attach or switch on. */
export function gainsOf({ adds, system }: Asked): readonly string[] {
  return [...adds, ...(system === 'on' ? [SYSTEM] : [])];
}
