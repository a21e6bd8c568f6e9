import { DEPLOYMENTS, READ_AUTHORIZATION, READ_GROUPS, role, SUPPORT, USUAL, under } from './role.ts';

const IDENTITIES = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const COST_READERS = [
  'Microsoft.Billing/billingPeriods/read',
  'Microsoft.Resources/subscriptions/read',
  READ_GROUPS,
  SUPPORT,
  'Microsoft.Advisor/configurations/read',
  'Microsoft.Advisor/recommendations/read',
  'Microsoft.Management/managementGroups/read',
  'Microsoft.Billing/billingProperty/read',
];

/** Roles for everything, for access itself, for identities and for governance. */
export const GENERAL_ROLES = [
  role('8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'Owner', 'Everything, access included.', { actions: ['*'] }),
  role('b24988ac-6180-42a0-ab88-20f7382dd24c', 'Contributor', 'Everything except access.', {
    actions: ['*'],
    notActions: [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
      'Microsoft.Blueprint/blueprintAssignments/write',
      'Microsoft.Blueprint/blueprintAssignments/delete',
      'Microsoft.Compute/galleries/share/action',
      'Microsoft.Purview/consents/write',
      'Microsoft.Purview/consents/delete',
      'Microsoft.Resources/deploymentStacks/manageDenySetting/action',
      'Microsoft.Subscription/cancel/action',
      'Microsoft.Subscription/enable/action',
    ],
  }),
  role('acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader', 'Sees everything, changes nothing.', {
    actions: ['*/read'],
  }),
  role('18d7d88d-d35e-4fb5-a5c3-7773c20a72d9', 'User Access Administrator', 'Gives and takes access.', {
    actions: ['*/read', 'Microsoft.Authorization/*', SUPPORT],
  }),
  role(
    'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
    'Role Based Access Control Administrator',
    'Gives and takes roles, usually under a condition.',
    {
      actions: [...under('Microsoft.Authorization/roleAssignments', 'write', 'delete'), '*/read', SUPPORT],
    },
  ),
  role(
    'e40ec5ca-96e0-45a2-b4ff-59039f2c2b59',
    'Managed Identity Contributor',
    'Makes and removes identities.',
    {
      actions: [
        ...under(IDENTITIES, 'read', 'write', 'delete', 'revokeTokens/action'),
        ...under(`${IDENTITIES}/federatedIdentityCredentials`, 'read', 'write', 'delete'),
        ...USUAL,
      ],
    },
  ),
  role(
    'f1a07417-d97a-45cb-824c-7a7467783830',
    'Managed Identity Operator',
    'Reads and attaches identities.',
    {
      actions: [...under(IDENTITIES, '*/read', '*/assign/action'), ...USUAL],
    },
  ),
  role('5d58bcaf-24a5-4b20-bdb6-eed9f69fbe4c', 'Management Group Contributor', 'Edits management groups.', {
    actions: [
      ...under('Microsoft.Management/managementGroups', 'delete', 'read', 'write'),
      ...under('Microsoft.Management/managementGroups/subscriptions', 'delete', 'write', 'read'),
      READ_AUTHORIZATION,
    ],
  }),
  role('ac63b705-f282-497d-ac71-919bf39d939d', 'Management Group Reader', 'Sees management groups.', {
    actions: [
      ...under('Microsoft.Management/managementGroups', 'read', 'subscriptions/read'),
      READ_AUTHORIZATION,
    ],
  }),
  role(
    '350f8d15-c687-4448-8ae1-157740a3936d',
    'Hierarchy Settings Administrator',
    'Edits hierarchy settings.',
    {
      actions: under('Microsoft.Management/managementGroups/settings', 'write', 'delete'),
    },
  ),
  role('4a9ae827-6dc8-4573-8ac7-8239d42aa03f', 'Tag Contributor', 'Edits tags without touching resources.', {
    actions: [
      ...USUAL,
      'Microsoft.Resources/subscriptions/resourceGroups/resources/read',
      'Microsoft.Resources/subscriptions/resources/read',
      'Microsoft.Resources/tags/*',
    ],
  }),
  role('36243c78-bf99-498c-9df9-86d9f8d28608', 'Resource Policy Contributor', 'Edits policies.', {
    actions: [
      '*/read',
      ...under(
        'Microsoft.Authorization',
        'policyassignments/*',
        'policydefinitions/*',
        'policyexemptions/*',
        'policyenrollments/*',
        'policysetdefinitions/*',
      ),
      'Microsoft.PolicyInsights/*',
      DEPLOYMENTS,
      SUPPORT,
    ],
  }),
  role('434105ed-43f6-45c7-a02f-909b2ba83430', 'Cost Management Contributor', 'Sees costs, edits budgets.', {
    actions: ['Microsoft.Consumption/*', 'Microsoft.CostManagement/*', ...COST_READERS],
  }),
  role('72fafb9e-0641-4937-9268-a91bfd8191a3', 'Cost Management Reader', 'Sees costs and budgets.', {
    actions: ['Microsoft.Consumption/*/read', 'Microsoft.CostManagement/*/read', ...COST_READERS],
  }),
  role('fa23ad8b-c56e-40d8-ac0c-ce449e1d2c64', 'Billing Reader', 'Sees bills.', {
    actions: [
      READ_AUTHORIZATION,
      'Microsoft.Billing/*/read',
      'Microsoft.Commerce/*/read',
      'Microsoft.Consumption/*/read',
      'Microsoft.Management/managementGroups/read',
      'Microsoft.CostManagement/*/read',
      SUPPORT,
    ],
  }),
  role('cfd33db0-3dd1-45e3-aa9d-cdbdf3b6f24e', 'Support Request Contributor', 'Opens support requests.', {
    actions: [READ_AUTHORIZATION, READ_GROUPS, SUPPORT],
  }),
  role(
    'c7393b34-138c-406f-901b-d8cf2b17e6ae',
    'Managed Application Operator Role',
    'Runs managed applications.',
    {
      actions: ['*/read', 'Microsoft.Solutions/applications/read', 'Microsoft.Solutions/*/action'],
    },
  ),
];
