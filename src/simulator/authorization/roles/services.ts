import { HEALTH, READ_AUTHORIZATION, READ_GROUPS, role, USUAL, under } from './role.ts';

const MANAGED_SQL = 'Microsoft.Sql/managedInstances';
const SQL = 'Microsoft.Sql/servers';
const EVENT_SUBSCRIPTIONS_READ = under(
  'Microsoft.EventGrid',
  'topicTypes/eventSubscriptions/read',
  'locations/eventSubscriptions/read',
  'locations/topicTypes/eventSubscriptions/read',
);
const BUS_READ = under('Microsoft.ServiceBus/*', 'queues/read', 'topics/read', 'topics/subscriptions/read');
const RELAY_READ = under('Microsoft.Relay/*', 'wcfRelays/read', 'hybridConnections/read');

/** Messaging, databases, web and configuration. */
export const SERVICE_ROLES = [
  role('090c5cfd-751d-490a-894a-3ce6f1109419', 'Azure Service Bus Data Owner', 'Everything on a bus.', {
    actions: ['Microsoft.ServiceBus/*'],
    dataActions: ['Microsoft.ServiceBus/*'],
  }),
  role('4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0', 'Azure Service Bus Data Receiver', 'Receives from a bus.', {
    actions: BUS_READ,
    dataActions: ['Microsoft.ServiceBus/*/receive/action'],
  }),
  role('69a216fc-b8fb-44d8-bc22-1f3c2cd27a39', 'Azure Service Bus Data Sender', 'Sends to a bus.', {
    actions: BUS_READ,
    dataActions: ['Microsoft.ServiceBus/*/send/action'],
  }),
  role('f526a384-b230-433a-b45c-95f59c4a2dec', 'Azure Event Hubs Data Owner', 'Everything on a hub.', {
    actions: ['Microsoft.EventHub/*'],
    dataActions: ['Microsoft.EventHub/*'],
  }),
  role('a638d3c7-ab3a-418d-83e6-5f17a39d4fde', 'Azure Event Hubs Data Receiver', 'Receives from a hub.', {
    actions: ['Microsoft.EventHub/*/eventhubs/consumergroups/read'],
    dataActions: ['Microsoft.EventHub/*/receive/action'],
  }),
  role('2b629674-e913-4c01-ae53-ef4638d8f975', 'Azure Event Hubs Data Sender', 'Sends to a hub.', {
    actions: ['Microsoft.EventHub/*/eventhubs/read'],
    dataActions: ['Microsoft.EventHub/*/send/action'],
  }),
  role('1e241071-0855-49ea-94dc-649edcd759de', 'EventGrid Contributor', 'Edits topics and subscriptions.', {
    actions: [...USUAL, 'Microsoft.EventGrid/*'],
  }),
  role('d5a91429-5739-47e2-a06b-3470a27159e7', 'EventGrid Data Sender', 'Sends events.', {
    actions: [
      READ_AUTHORIZATION,
      READ_GROUPS,
      ...under(
        'Microsoft.EventGrid',
        'topics/read',
        'domains/read',
        'partnerNamespaces/read',
        'namespaces/read',
      ),
    ],
    dataActions: ['Microsoft.EventGrid/events/send/action'],
  }),
  role('428e0ff0-5e57-4d9c-a221-2c70d0e0a443', 'EventGrid EventSubscription Contributor', 'Subscribes.', {
    actions: [...USUAL, 'Microsoft.EventGrid/eventSubscriptions/*', ...EVENT_SUBSCRIPTIONS_READ],
  }),
  role('2414bbcf-6497-4faf-8c65-045460748405', 'EventGrid EventSubscription Reader', 'Sees subscriptions.', {
    actions: [
      READ_AUTHORIZATION,
      READ_GROUPS,
      'Microsoft.EventGrid/eventSubscriptions/read',
      ...EVENT_SUBSCRIPTIONS_READ,
    ],
  }),
  role('26e0b698-aa6d-4085-9386-aadae190014d', 'Azure Relay Listener', 'Listens on a relay.', {
    actions: RELAY_READ,
    dataActions: ['Microsoft.Relay/*/listen/action'],
  }),
  role('2787bf04-f1f5-4bfe-8383-c8a24483ee38', 'Azure Relay Owner', 'Everything on a relay.', {
    actions: ['Microsoft.Relay/*'],
    dataActions: ['Microsoft.Relay/*'],
  }),
  role('26baccc8-eea7-41f1-98f4-1762cc7f685d', 'Azure Relay Sender', 'Sends through a relay.', {
    actions: RELAY_READ,
    dataActions: ['Microsoft.Relay/*/send/action'],
  }),
  role('fbdf93bf-df7d-467e-a4d2-9458aa1360c8', 'Cosmos DB Account Reader Role', 'Reads accounts and keys.', {
    actions: [
      READ_AUTHORIZATION,
      READ_GROUPS,
      'Microsoft.Support/*',
      ...under('Microsoft.DocumentDB', '*/read', 'databaseAccounts/readonlykeys/action'),
      ...under('Microsoft.Insights', 'MetricDefinitions/read', 'Metrics/read'),
    ],
  }),
  role('5bd9cd88-fe45-4216-938b-f97437e15450', 'DocumentDB Account Contributor', 'Edits Cosmos accounts.', {
    actions: [
      ...USUAL,
      HEALTH,
      'Microsoft.DocumentDb/databaseAccounts/*',
      'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action',
    ],
  }),
  role('db7b14f2-5adf-42da-9f96-f2ee17bab5cb', 'CosmosBackupOperator', 'Asks for restores.', {
    actions: under('Microsoft.DocumentDB/databaseAccounts', 'backup/action', 'restore/action'),
  }),
  role('5432c526-bc82-444a-b7ba-57c5b0b5b34f', 'CosmosRestoreOperator', 'Restores accounts.', {
    actions: under(
      'Microsoft.DocumentDB/locations/restorableDatabaseAccounts',
      'restore/action',
      '*/read',
      'read',
    ),
  }),
  role('9b7fa17d-e63e-47b0-bb0a-15c516ac86ec', 'SQL DB Contributor', 'Edits databases, not their security.', {
    actions: [
      ...USUAL,
      HEALTH,
      'Microsoft.Sql/locations/*/read',
      ...under(SQL, 'databases/*', 'read'),
      ...under('Microsoft.Insights', 'metrics/read', 'metricDefinitions/read'),
    ],
    notActions: [
      ...under(
        MANAGED_SQL,
        'advancedThreatProtectionSettings/*',
        'databases/advancedThreatProtectionSettings/*',
        'databases/currentSensitivityLabels/*',
        'databases/recommendedSensitivityLabels/*',
        'databases/schemas/tables/columns/sensitivityLabels/*',
        'databases/securityAlertPolicies/*',
        'databases/sensitivityLabels/*',
        'databases/vulnerabilityAssessments/*',
        'securityAlertPolicies/*',
        'vulnerabilityAssessments/*',
      ),
      ...under(
        SQL,
        'databases/advancedThreatProtectionSettings/*',
        'databases/auditingSettings/*',
        'databases/auditRecords/read',
        'databases/currentSensitivityLabels/*',
        'databases/dataMaskingPolicies/*',
        'databases/extendedAuditingSettings/*',
        'databases/ledgerDigestUploads/disable/action',
        'databases/ledgerDigestUploads/write',
        'databases/recommendedSensitivityLabels/*',
        'databases/schemas/tables/columns/sensitivityLabels/*',
        'databases/securityAlertPolicies/*',
        'databases/securityMetrics/*',
        'databases/sensitivityLabels/*',
        'databases/sqlVulnerabilityAssessments/*',
        'databases/vulnerabilityAssessments/*',
        'databases/vulnerabilityAssessmentScans/*',
        'databases/vulnerabilityAssessmentSettings/*',
        'sqlVulnerabilityAssessments/*',
        'vulnerabilityAssessments/*',
      ),
    ],
  }),
  role(
    '4939a1f6-9ae0-4e48-a1e0-f2cbe897382d',
    'SQL Managed Instance Contributor',
    'Edits managed instances.',
    {
      actions: [
        ...USUAL,
        HEALTH,
        ...under(
          'Microsoft.Network',
          'networkSecurityGroups/*',
          'routeTables/*',
          'virtualNetworks/subnets/*',
          'virtualNetworks/*',
        ),
        ...under(
          'Microsoft.Sql',
          'locations/*/read',
          'locations/instanceFailoverGroups/*',
          'managedInstances/*',
        ),
        ...under('Microsoft.Insights', 'metrics/read', 'metricDefinitions/read'),
      ],
      notActions: under(MANAGED_SQL, 'azureADOnlyAuthentications/delete', 'azureADOnlyAuthentications/write'),
    },
  ),
  role('e0f68234-74aa-48ed-b826-c38b57376e17', 'Redis Cache Contributor', 'Edits caches.', {
    actions: [...USUAL, HEALTH, ...under('Microsoft.Cache', 'register/action', 'redis/*')],
  }),
  role('de139f84-1756-47ae-9be6-808fbbe84772', 'Website Contributor', 'Edits web apps, not plans.', {
    actions: [
      ...USUAL,
      HEALTH,
      'Microsoft.Insights/components/*',
      ...under(
        'Microsoft.Web',
        'certificates/*',
        'listSitesAssignedToHostName/read',
        'register/action',
        'serverFarms/join/action',
        'serverFarms/read',
        'sites/*',
      ),
    ],
  }),
  role('2cc479cb-7b4d-49a8-b449-8c00fd0f0a4b', 'Web Plan Contributor', 'Edits web plans.', {
    actions: [
      ...USUAL,
      HEALTH,
      ...under('Microsoft.Web', 'serverFarms/*', 'hostingEnvironments/Join/Action'),
      'Microsoft.Insights/autoscalesettings/*',
    ],
  }),
  role('312a565d-c81f-4fd8-895a-4e21e48d571c', 'API Management Service Contributor', 'Edits API services.', {
    actions: [...USUAL, HEALTH, 'Microsoft.ApiManagement/service/*'],
  }),
  role('5ae67dd6-50cb-40e7-96ff-dc2bfa4b606b', 'App Configuration Data Owner', 'Everything in a store.', {
    dataActions: under(
      'Microsoft.AppConfiguration/configurationStores/*',
      'read',
      'write',
      'delete',
      'action',
    ),
  }),
  role('516239f1-63e1-4d78-a4de-a74fb236a071', 'App Configuration Data Reader', 'Reads a store.', {
    dataActions: ['Microsoft.AppConfiguration/configurationStores/*/read'],
  }),
  role('420fcaa2-552c-430f-98ca-3264be4806c7', 'SignalR App Server', 'Serves SignalR hubs.', {
    dataActions: under(
      'Microsoft.SignalRService/SignalR',
      'auth/accessKey/action',
      'serverConnection/write',
      'clientConnection/write',
    ),
  }),
  role('673868aa-7521-48a0-acc6-0f60742d39f5', 'Data Factory Contributor', 'Edits data factories.', {
    actions: [
      ...USUAL,
      HEALTH,
      ...under('Microsoft.DataFactory', 'dataFactories/*', 'factories/*'),
      'Microsoft.EventGrid/eventSubscriptions/write',
    ],
  }),
];
