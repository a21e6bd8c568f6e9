/** What lists of calls to hosts have in common: an identity to attach, and how answers show it. */
import { expect } from 'vitest';
import type { Call, Stage } from './calls.ts';

export const some = expect.any(String);
export const has = (fields: object) => expect.arrayContaining([expect.objectContaining(fields)]);
export const at = { location: 'westeurope' };
export const USER = { type: 'UserAssigned' };
/** An answer of a host that has none: no `identity`, or one that names no kind. */
export const withoutIdentity = expect.not.objectContaining({
  identity: expect.objectContaining({ type: some }),
});

export const idOf = ({ subscription }: Stage, name: string, group = 'resourceGroups') =>
  `/subscriptions/${subscription}/${group}/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

/** An `identity` to send: user-assigned, of one. */
export const user = (stage: Stage, name = 'app') => ({
  ...USER,
  userAssignedIdentities: { [idOf(stage, name)]: {} },
});

/** A host that has `app` with its ids, its key in the spelling of the type. */
export const holds =
  (group?: string, type = 'UserAssigned') =>
  (stage: Stage) => ({
    identity: {
      type,
      userAssignedIdentities: { [idOf(stage, 'app', group)]: { clientId: some, principalId: some } },
    },
  });

export const IDENTITY: Call = {
  name: 'an identity to attach',
  call: ({ client }) =>
    client('@azure/arm-msi', 'ManagedServiceIdentityClient').userAssignedIdentities.createOrUpdate(
      'rg1',
      'app',
      at,
    ),
  out: { name: 'app' },
};

export const NO_SUCH_IDENTITY = [403, 'LinkedAuthorizationFailed'] as const;
export const NO_SUCH_RESOURCE = [404, 'ResourceNotFound'] as const;
