import type { Facts, IdentityDecision, ObservedInAzure, UserAssignedIdentity } from './facts.ts';

/** The identity itself, among what is to be read live. */
export const IDENTITY = 'identity';

/** Actions that change Azure, or write down that one is about to, or whose it is. */
const RESTING_ON_IT: ReadonlySet<string> = new Set([
  'createIdentity',
  'updateIdentity',
  'deleteIdentity',
  'deleteLeftover',
  'recordPrincipal',
  'withdrawPrincipal',
  'saveStatus',
]);

/** A write is only ever decided from what Azure itself answered just now. */
export function needsLive(
  _object: UserAssignedIdentity,
  { azure }: Facts,
  { actions }: IdentityDecision,
): readonly string[] {
  // Of what cannot be read nothing is written.
  if (azure === undefined || azure.state === 'unreadable' || isLive(azure)) return [];
  return actions.some(({ type }) => RESTING_ON_IT.has(type)) ? [IDENTITY] : [];
}

/** Read in this reconcile, or not to be had. */
export function isLive(observed: ObservedInAzure): boolean {
  return observed.state === 'present' && observed.live;
}
