import { versionsOf } from '../catalog/versions.ts';
import type { Frame } from '../frame.ts';
import type { Operation } from '../http/operation.ts';
import { IDENTITY_TYPE, identityId } from './identities.ts';
import { identityNotFound } from './identity-body.ts';
import { coordinates } from './operations.ts';

const NAMESPACE = 'Microsoft.ManagedIdentity';

const ACTIONS: readonly (readonly [action: string, what: string])[] = [
  ['userAssignedIdentities/read', 'Gets an existing user assigned identity'],
  [
    'userAssignedIdentities/write',
    'Creates a new user assigned identity or updates the tags of an existing one',
  ],
  ['userAssignedIdentities/delete', 'Deletes an existing user assigned identity'],
  [
    'userAssignedIdentities/assign/action',
    'RBAC action for assigning an existing user assigned identity to a resource',
  ],
  ['userAssignedIdentities/listAssociatedResources/action', 'Lists all associated resources'],
  ['userAssignedIdentities/revokeTokens/action', 'Revokes all tokens of the identity'],
  ['userAssignedIdentities/federatedIdentityCredentials/read', 'Get or list Federated Identity Credentials'],
  [
    'userAssignedIdentities/federatedIdentityCredentials/write',
    'Add or update a Federated Identity Credential',
  ],
  ['userAssignedIdentities/federatedIdentityCredentials/delete', 'Delete a Federated Identity Credential'],
  ['identities/read', 'Gets an existing system assigned identity'],
];

/** What else the provider of managed identities answers: its list of actions, and the end of tokens that are out. */
export function identityProviderOperations({ identities, directory }: Frame): readonly Operation[] {
  return [
    {
      id: 'managedIdentity.operations',
      method: 'GET',
      pattern: `/providers/${NAMESPACE}/operations`,
      resourceType: `${NAMESPACE}/operations`,
      apiVersions: versionsOf(`${NAMESPACE}/operations`),
      action: '',
      checksRights: true,
      handle: () => ({
        status: 200,
        body: {
          value: ACTIONS.map(([action, operation]) => ({
            name: `${NAMESPACE}/${action}`,
            display: {
              provider: NAMESPACE,
              resource: action.split('/')[0],
              operation,
              description: operation,
            },
          })),
        },
      }),
    },
    {
      id: 'identities.revokeTokens',
      method: 'POST',
      pattern: `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${IDENTITY_TYPE}/{name}/revokeTokens`,
      resourceType: IDENTITY_TYPE,
      apiVersions: versionsOf(IDENTITY_TYPE, { since: '2023-07-31-preview' }),
      action: `${IDENTITY_TYPE}/revokeTokens/action`,
      handle(_request, params) {
        const at = coordinates(params);
        const identity = identities.get(identityId(at));
        if (!identity) throw identityNotFound(at);
        directory.revokeTokens(identity.principalId);
        return { status: 200 };
      },
    },
  ];
}
