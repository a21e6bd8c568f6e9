import { HOST_CAPABILITIES } from '../../azure/hosts/capabilities.ts';
import { type AzureRight, blocked, hostRights, lifecycle, row, stalled } from './right.ts';

const IDENTITIES = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const CREDENTIALS = `${IDENTITIES}/federatedIdentityCredentials`;
const ASSIGNMENTS = 'Microsoft.Authorization/roleAssignments';

/**
 * Every call that azid makes to Azure: from this table come docs/reference/azure-rights.md and the check of the roles in deploy/azure, and
 * test/deploy/azure-rights.test.ts takes each right away.
 */
export const AZURE_RIGHTS: readonly AzureRight[] = [
  ...lifecycle(IDENTITIES, 'identities', 'UserAssignedIdentity', ['PUT', 'PATCH']),
  ...lifecycle(CREDENTIALS, 'federated credentials', 'FederatedIdentityCredential', ['PUT']),
  row({
    call: 'list and read role assignments',
    resource: ASSIGNMENTS.toLowerCase(),
    methods: ['GET'],
    right: `${ASSIGNMENTS}/read`,
    without: stalled('RoleGrant', 'AuthorizationFailed'),
  }),
  row({
    call: 'make and change role assignments',
    resource: ASSIGNMENTS.toLowerCase(),
    methods: ['PUT'],
    right: `${ASSIGNMENTS}/write`,
    without: stalled('RoleGrant', 'AzureDelegationDenied'),
    note: 'Azure words a condition that is not fulfilled in the same way',
  }),
  row({
    call: 'delete role assignments',
    resource: ASSIGNMENTS.toLowerCase(),
    methods: ['DELETE'],
    right: `${ASSIGNMENTS}/delete`,
    without: blocked('RoleGrant', 'AuthorizationFailed'),
  }),
  row({
    call: 'list and read role definitions',
    resource: 'microsoft.authorization/roledefinitions',
    methods: ['GET'],
    right: 'Microsoft.Authorization/roleDefinitions/read',
    without: stalled('RoleGrant', 'AuthorizationFailed'),
  }),
  row({
    call: 'ask what azid itself may do',
    resource: 'microsoft.authorization/permissions',
    methods: ['GET'],
    right: 'Microsoft.Authorization/permissions/read',
    without: stalled('OrphanSweep', 'ScopeIncomplete'),
    note: 'whether Azure asks for it is unsure; without an answer no list counts as complete: the metric `azid_mirror_partial` is 1, and nothing is deleted on what a list lacks',
  }),
  row({
    call: 'read the Activity Log',
    resource: 'microsoft.insights/eventtypes/values',
    methods: ['GET'],
    right: 'Microsoft.Insights/eventtypes/values/read',
    without: { on: 'log', reason: 'AuthorizationFailed' },
    note: 'what others change is found by lists alone, and nobody is named; `azid_activity_log_failures_total` counts',
  }),
  row({
    call: 'attach a user-assigned identity',
    methods: ['PATCH', 'PUT'],
    right: `${IDENTITIES}/assign/action`,
    without: stalled('IdentityAttachment', 'MissingAssignRight'),
    note: 'asked on the identity, by the write to the resource; not to detach',
  }),
  row({
    call: 'read the system-assigned identity of a resource',
    resource: 'microsoft.managedidentity/identities',
    methods: ['GET'],
    right: 'Microsoft.ManagedIdentity/identities/read',
    without: stalled('SystemAssignedIdentity', 'AuthorizationFailed'),
  }),
  ...HOST_CAPABILITIES.flatMap(hostRights),
  row({
    call: 'ask what an identity is attached to',
    resource: `${IDENTITIES}/listAssociatedResources`.toLowerCase(),
    methods: ['POST'],
    right: `${IDENTITIES}/listAssociatedResources/action`,
    without: { on: 'candidate of an OrphanSweep', reason: 'Kept' },
  }),
  row({
    call: 'ask Resource Graph which resources have identities',
    resource: 'microsoft.resourcegraph/resources',
    methods: ['POST'],
    right: '*/read',
    without: { on: 'candidate of an OrphanSweep', reason: 'Kept' },
    note: 'the built-in role Reader; Resource Graph leaves out without a word what may not be read',
  }),
  row({
    call: 'ask Resource Graph which policy assignments have identities',
    resource: 'microsoft.resourcegraph/resources',
    methods: ['POST'],
    right: 'Microsoft.Authorization/policyAssignments/read',
    note: 'Reader has it, too, without which no identity goes',
  }),
  row({
    call: 'receive events from a queue',
    methods: ['GET'],
    right: 'Microsoft.ServiceBus/namespaces/messages/receive/action',
    of: 'Service Bus',
    without: stalled('EventSource', 'AuthorizationFailed'),
    note: 'the built-in role Azure Service Bus Data Receiver, on the queue; over AMQP',
  }),
  row({
    call: 'read sign-ins, with `--sign-ins`',
    resource: 'microsoft.graph/auditlogs',
    methods: ['GET'],
    right: 'AuditLog.Read.All',
    of: 'Microsoft Graph',
    without: { on: 'log', reason: 'MissingPermission' },
  }),
  row({
    call: 'ask whether principals still exist, with `--directory`',
    resource: 'microsoft.graph/directoryobjects',
    methods: ['GET', 'POST'],
    right: 'Directory.Read.All',
    of: 'Microsoft Graph',
    without: { on: 'candidate of an OrphanSweep', reason: 'Kept' },
    note: 'of principals that only the directory knows: nobody can tell that they are gone',
  }),
];

/**
 * The resource types among them, as in the label `resource`, and the methods that azid uses, so that their series start at zero: a rate over
 * a series that appears with its first failure shows nothing of it.
 */
export const AZURE_RESOURCES: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [...Map.groupBy(AZURE_RIGHTS, ({ resource }) => resource)].flatMap(([resource, rows]) =>
    resource === undefined ? [] : [[resource, [...new Set(rows.flatMap(({ methods }) => methods))]]],
  ),
);
