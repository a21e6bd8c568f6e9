// The queues that azid hears from, and where events go that cannot be delivered to them.
param namespaceName string
param queueNames array
param storageName string
param location string
param receiverId string
param tags object

// Basic has no duplicate detection. azid signs in as its identity, so there need be no keys.
resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: namespaceName
  location: location
  tags: tags
  sku: {
    name: 'Standard'
    tier: 'Standard'
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}

resource queues 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [for name in queueNames: {
  parent: namespace
  name: name
  properties: {
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT1H'
    maxDeliveryCount: 10
    defaultMessageTimeToLive: 'P2D'
    requiresSession: false
  }
}]

// Azure Service Bus Data Receiver: azid may receive, and nothing else.
resource receivers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, i) in queueNames: {
  scope: queues[i]
  name: guid(queues[i].id, receiverId, 'receiver')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0')
    principalId: receiverId
    principalType: 'ServicePrincipal'
  }
}]

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: storageName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

// It comes with the account.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' existing = {
  parent: storage
  name: 'default'
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'azid-dead-letters'
}

output namespaceHost string = split(replace(namespace.properties.serviceBusEndpoint, 'https://', ''), ':')[0]
output namespaceId string = namespace.id
output storageId string = storage.id
output container string = deadLetters.name
