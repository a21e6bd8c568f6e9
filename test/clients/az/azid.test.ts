import { join } from 'node:path';
import { expect } from 'vitest';
import { commandLines } from '../commands.ts';

/** Azure's side of azid as docs/guides/run-on-azure.md and docs/guides/events.md have it made: by the template, and by hand. */

const some = expect.any(String);
const has = (fields: object) => expect.arrayContaining([expect.objectContaining(fields)]);
const FILE = join(import.meta.dirname, '..', '..', '..', 'deploy', 'azure', 'bicep', 'main.json');
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const TEMPLATE = `-n azid -l westeurope --template-file ${FILE} --parameters issuer=https://issuer.example/cluster`;
const MORE = `grantableRoles='["${READER}"]' hostTypes='["Microsoft.Compute/virtualMachines"]' orphans=true`;
const outputs = (name: string) => `deployment sub show -n azid --query properties.outputs.${name}`;
const AT = '-g azid-system';

commandLines('deployment sub, of azid', [
  {
    az: `deployment sub validate ${TEMPLATE}`,
    out: { properties: { provisioningState: 'Succeeded' } },
  },
  {
    az: `deployment sub what-if ${TEMPLATE} --no-pretty-print`,
    out: { changes: has({ changeType: 'Create', resourceId: expect.stringMatching(/\/azid-system$/) }) },
  },
  { az: `group show -n azid-system`, code: 3, err: 'ResourceGroupNotFound' },
  {
    az: `deployment sub create ${TEMPLATE} ${MORE}`,
    out: {
      location: 'westeurope',
      properties: {
        provisioningState: 'Succeeded',
        outputs: {
          tenantId: { value: '{tenant}' },
          clientId: { value: some },
          queueNames: { value: ['azid'] },
        },
      },
    },
  },
  { az: outputs('principalId'), out: { value: some }, keep: { azid: 'value' } },
  {
    az: outputs('queueNamespace'),
    out: { value: expect.stringMatching(/^azid-.*\.servicebus\.windows\.net$/) },
  },
  { az: `identity show ${AT} -n azid-controller`, out: { principalId: '{azid}' } },
  {
    az: `identity federated-credential list ${AT} --identity-name azid-controller`,
    out: [{ name: 'cluster', subject: 'system:serviceaccount:azid-system:azid-controller' }],
  },
  {
    az: 'role assignment list --all --assignee-object-id {azid} --fill-principal-name false',
    out: expect.arrayContaining(
      [
        ...['attach', 'grants', 'hosts Compute virtualMachines', 'identities', 'orphans', 'reader'].map(
          (n) => `azid ${n}`,
        ),
        'Reader',
        'Azure Service Bus Data Receiver',
      ].map((roleDefinitionName) => expect.objectContaining({ roleDefinitionName })),
    ),
  },
  {
    az: `servicebus namespace list ${AT}`,
    out: [{ disableLocalAuth: true, sku: { name: 'Standard' } }],
    keep: { bus: '0.name' },
  },
  {
    az: `servicebus queue show ${AT} --namespace-name {bus} -n azid`,
    out: { requiresDuplicateDetection: true, maxDeliveryCount: 10 },
  },
  {
    az: `eventgrid system-topic show ${AT} -n azid`,
    out: { topicType: 'Microsoft.Resources.Subscriptions', identity: { type: 'SystemAssigned' } },
  },
  {
    az: `eventgrid system-topic event-subscription list ${AT} --system-topic-name azid`,
    out: [{ name: 'azid', eventDeliverySchema: 'CloudEventSchemaV1_0' }],
  },
  {
    az: 'deployment operation sub list -n azid',
    out: has({ properties: expect.objectContaining({ provisioningState: 'Succeeded' }) }),
  },
  {
    az: `deployment sub create ${TEMPLATE} ${MORE}`,
    out: { properties: { provisioningState: 'Succeeded', outputs: { principalId: { value: '{azid}' } } } },
  },
  {
    az: `deployment sub create ${TEMPLATE} hostTypes='["Microsoft.Network/virtualNetworks"]'`,
    code: 1,
    err: "'Microsoft.Network/virtualNetworks' is not part of the allowed value(s)",
  },
  {
    az: `deployment sub create ${TEMPLATE} grantableRoles='["8e3af657-a8ff-443c-a75c-2fe8c4bcb635"]'`,
    code: 1,
    err: 'expected roles that cannot grant roles themselves',
  },
  // As docs/guides/uninstall.md takes a role away.
  {
    az: `role definition list --custom-role-only true --query "[?roleName==\`azid reader\`]"`,
    out: [{ roleName: 'azid reader' }],
    keep: { role: '0.name' },
  },
  { az: 'role definition delete --name {role}', code: 1, err: 'existing role assignments' },
  {
    az: `role assignment list --all --assignee-object-id {azid} --fill-principal-name false --query "[?roleDefinitionName==\`azid reader\`]"`,
    out: [{ principalId: '{azid}' }],
    keep: { assignment: '0.id' },
  },
  { az: 'role assignment delete --ids {assignment}' },
  { az: 'role definition delete --name {role}' },
]);

const QUEUE = `--namespace-name azid-events-contoso -n azid`;

commandLines('queue and events, of azid', [
  { az: 'group create -n azid-system -l westeurope', out: { name: 'azid-system' } },
  {
    az: `servicebus namespace create ${AT} -n azid-events-contoso --sku Standard --disable-local-auth true`,
    out: { name: 'azid-events-contoso', disableLocalAuth: true },
  },
  {
    az: `servicebus queue create ${AT} ${QUEUE} --duplicate-detection true --duplicate-detection-history-time-window PT1H --max-delivery-count 10 --default-message-time-to-live P2D`,
    out: { requiresDuplicateDetection: true, maxDeliveryCount: 10 },
    keep: { queue: 'id' },
  },
  {
    az: `servicebus queue create ${AT} ${QUEUE} --duplicate-detection false`,
    code: 1,
    err: 'cannot be changed',
  },
  {
    az: `storage account create ${AT} -n azideventscontoso --kind StorageV2 --sku Standard_LRS --allow-blob-public-access false --allow-shared-key-access false --min-tls-version TLS1_2`,
    out: { name: 'azideventscontoso' },
    keep: { storage: 'id' },
  },
  {
    az: `storage container-rm create ${AT} --storage-account azideventscontoso -n azid-dead-letters`,
    out: { name: 'azid-dead-letters' },
  },
  {
    az: `eventgrid system-topic create ${AT} -n azid -l global --identity systemassigned --topic-type Microsoft.Resources.Subscriptions --source /subscriptions/{subscription}`,
    out: { identity: { type: 'SystemAssigned', principalId: some } },
    keep: { topic: 'id', sender: 'identity.principalId' },
  },
  {
    az: `eventgrid system-topic create ${AT} -n second -l global --topic-type Microsoft.Resources.Subscriptions --source /subscriptions/{subscription}`,
    code: 1,
    err: 'Only one system topic is allowed per source',
  },
  { az: 'eventgrid system-topic list', out: [{ name: 'azid' }] },
  {
    az: 'role assignment create --assignee-object-id {sender} --assignee-principal-type ServicePrincipal --role "Azure Service Bus Data Sender" --scope {queue}',
    out: { principalId: '{sender}' },
  },
  {
    az: 'role assignment create --assignee-object-id {sender} --assignee-principal-type ServicePrincipal --role "Storage Blob Data Contributor" --scope {storage}/blobServices/default/containers/azid-dead-letters',
    out: { principalId: '{sender}' },
  },
  {
    az: `rest --method PUT --url {topic}/eventSubscriptions/azid?api-version=2022-06-15 --body '{"properties":{"eventDeliverySchema":"CloudEventSchemaV1_0","filter":{"includedEventTypes":["Microsoft.Resources.ResourceWriteSuccess"]},"deliveryWithResourceIdentity":{"identity":{"type":"SystemAssigned"},"destination":{"endpointType":"ServiceBusQueue","properties":{"resourceId":"{queue}"}}},"deadLetterWithResourceIdentity":{"identity":{"type":"SystemAssigned"},"deadLetterDestination":{"endpointType":"StorageBlob","properties":{"resourceId":"{storage}","blobContainerName":"azid-dead-letters"}}}}}'`,
    out: { name: 'azid', properties: { provisioningState: 'Succeeded' } },
  },
  {
    az: `eventgrid system-topic event-subscription show ${AT} --system-topic-name azid -n azid`,
    out: { name: 'azid', deliveryWithResourceIdentity: { identity: { type: 'SystemAssigned' } } },
  },
  { az: `eventgrid system-topic delete ${AT} -n azid --yes` },
  { az: `servicebus namespace delete ${AT} -n azid-events-contoso` },
]);
