// What azid needs in Azure, for one subscription: an identity of its own that its ServiceAccount may become, custom roles, and a
// queue with the events of the subscription. How to deploy it: docs/guides/run-on-azure.md.
targetScope = 'subscription'

@description('Region of the resource group and of what is in it.')
param location string = deployment().location

@description('Resource group for what azid needs for itself. What azid manages lives elsewhere.')
@minLength(1)
@maxLength(90)
param resourceGroupName string = 'azid-system'

@description('Name of azid\'s own identity. azid does not manage that one.')
@minLength(3)
@maxLength(128)
param identityName string = 'azid-controller'

@description('Issuer of the tokens of the cluster\'s ServiceAccounts, as `kubectl get --raw /.well-known/openid-configuration` shows it. Entra must be able to reach it.')
@minLength(9)
@maxLength(600)
param issuer string

@description('Who may become azid\'s identity: the ServiceAccount of the controller, as the cluster\'s tokens name it.')
@minLength(1)
@maxLength(600)
param subject string = 'system:serviceaccount:azid-system:azid-controller'

@description('Audience of these tokens; api://AzureADTokenExchangeUSGov and api://AzureADTokenExchangeChina in those clouds.')
param audience string = 'api://AzureADTokenExchange'

@description('Name of the federated credential: one for each cluster whose azid signs in as this identity.')
@minLength(3)
@maxLength(120)
param credentialName string = 'cluster'

@description('Resource groups in which azid may make identities and credentials. Empty: the whole subscription. The groups must exist.')
param identityGroups array = []

@description('GUIDs of the roles that azid may grant. Empty: azid grants nothing, and gets no right to.')
param grantableRoles array = []

@description('Resource groups in which azid may grant them. Empty: the whole subscription.')
param grantGroups array = []

@description('Types of resources that azid may attach identities to. A type lets azid change such a resource in every way: take none that nobody uses.')
@allowed([
  'Microsoft.Compute/virtualMachines'
  'Microsoft.Compute/virtualMachineScaleSets'
  'Microsoft.Web/sites'
  'Microsoft.Web/sites/slots'
  'Microsoft.Logic/workflows'
  'Microsoft.ContainerInstance/containerGroups'
  'Microsoft.App/containerApps'
  'Microsoft.ContainerService/managedClusters'
  'Microsoft.Storage/storageAccounts'
  'Microsoft.DataFactory/factories'
  'Microsoft.ApiManagement/service'
  'Microsoft.Automation/automationAccounts'
])
param hostTypes array = []

@description('Resource groups with these resources. Empty: the whole subscription.')
param hostGroups array = []

@description('Whether azid is to look for orphans: it may then read all of the subscription.')
param orphans bool = false

@description('Appended to the names of the custom roles, which a directory has once: for a second azid.')
@maxLength(40)
param roleSuffix string = ''

@description('Whether azid is to hear of changes by a queue.')
param events bool = true

@description('Name of the Service Bus namespace, which Azure has once in the world.')
@minLength(6)
@maxLength(50)
param namespaceName string = 'azid-${uniqueString(subscription().id, resourceGroupName)}'

@description('Names of the queues, each with all events: one, or one for each shard. Up to 50 letters, digits and dashes, since the names of event subscriptions begin so.')
@minLength(1)
param queueNames array = [
  'azid'
]

@description('Name of the storage account for events that could not be delivered, which Azure has once in the world.')
@minLength(3)
@maxLength(24)
param storageName string = 'azid${uniqueString(subscription().id, resourceGroupName)}'

@description('Days after which Azure deletes an event that could not be delivered.')
@minValue(1)
@maxValue(99999)
param deadLetterDays int = 30

@description('Id of the system topic of this subscription, where there is one already: Azure allows no second. It must have a system-assigned identity. Empty: one is made.')
param existingTopicId string = ''

@description('Tags of everything that is made.')
param tags object = {}

var topicParts = split(existingTopicId, '/')
var topicGroup = empty(existingTopicId)
  ? resourceGroupName
  : length(topicParts) == 9 && startsWith(toLower(existingTopicId), toLower('${subscription().id}/resourceGroups/'))
      ? topicParts[4]
      : fail('existingTopicId: expected the id of a system topic in a resource group of this subscription, got "${existingTopicId}"; az eventgrid system-topic list shows it')
var topicName = empty(existingTopicId) ? 'azid' : last(topicParts)

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'azid-identity'
  scope: group
  params: {
    name: identityName
    location: location
    credentialName: credentialName
    issuer: startsWith(issuer, 'https://') ? issuer : fail('issuer: expected an address that begins with https://, got "${issuer}"')
    subject: subject
    audience: audience
    tags: tags
  }
}

// Azure keeps a deployment of a subscription where its name was first used, so that of another region or another azid has another name.
module rights 'modules/rights.bicep' = {
  name: 'azid-rights-${uniqueString(deployment().location, resourceGroupName)}'
  params: {
    principalId: identity.outputs.principalId
    identityGroups: identityGroups
    grantableRoles: grantableRoles
    grantGroups: grantGroups
    hostTypes: hostTypes
    hostGroups: hostGroups
    orphans: orphans
    ownGroup: resourceGroupName
    roleSuffix: roleSuffix
  }
}

module queue 'modules/queue.bicep' = if (events) {
  name: 'azid-queue'
  scope: group
  params: {
    namespaceName: namespaceName
    queueNames: queueNames
    storageName: storageName
    deadLetterDays: deadLetterDays
    location: location
    receiverId: identity.outputs.principalId
    tags: tags
  }
}

module topic 'modules/topic.bicep' = if (events) {
  name: 'azid-topic'
  scope: resourceGroup(topicGroup)
  params: {
    name: topicName
    make: empty(existingTopicId)
    tags: tags
  }
  dependsOn: [
    group
  ]
}

module senders 'modules/senders.bicep' = if (events) {
  name: 'azid-senders'
  scope: group
  params: {
    senderId: topic!.outputs.principalId
    namespaceName: namespaceName
    queueNames: queueNames
    storageName: storageName
  }
  dependsOn: [
    queue
  ]
}

module delivery 'modules/delivery.bicep' = if (events) {
  name: 'azid-delivery'
  scope: resourceGroup(topicGroup)
  params: {
    topicName: topicName
    namespaceId: queue!.outputs.namespaceId
    queueNames: queueNames
    storageId: queue!.outputs.storageId
    container: queue!.outputs.container
  }
  dependsOn: [
    senders
  ]
}

@description('azure.tenantId of the Helm chart, AZURE_TENANT_ID of the Deployment.')
output tenantId string = tenant().tenantId

@description('azure.clientId of the Helm chart, AZURE_CLIENT_ID of the Deployment.')
output clientId string = identity.outputs.clientId

@description('Object id of azid\'s identity: what application permissions of Microsoft Graph are given to.')
output principalId string = identity.outputs.principalId

@description('spec.serviceBus.namespace of an EventSource; empty without events.')
output queueNamespace string = events ? queue!.outputs.namespaceHost : ''

@description('spec.serviceBus.queue of an EventSource, one for each; empty without events.')
output queueNames array = events ? queueNames : []

@description('What subscription.bicep has to be given for another subscription: where the queues are; empty without events.')
output namespaceId string = events ? queue!.outputs.namespaceId : ''

@description('And where what cannot be delivered goes.')
output storageId string = events ? queue!.outputs.storageId : ''
