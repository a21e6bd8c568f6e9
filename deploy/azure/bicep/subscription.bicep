// One more subscription for an azid that main.bicep has prepared elsewhere: what it may do here, and the events from here for the
// queues that it hears from already. How to deploy it: docs/guides/run-on-azure.md.
targetScope = 'subscription'

@description('Region of the resource group of the system topic.')
param location string = deployment().location

@description('Object id of azid\'s identity: principalId of the first deployment.')
@minLength(36)
@maxLength(36)
param principalId string

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

@description('Appended to the names of the custom roles, which a directory has once.')
@minLength(1)
@maxLength(40)
param roleSuffix string = ' ${subscription().subscriptionId}'

@description('namespaceId of the first deployment. Empty: azid hears of changes here by lists and by the Activity Log.')
param namespaceId string = ''

@description('storageId of the first deployment.')
param storageId string = ''

@description('queueNames of the first deployment.')
@minLength(1)
param queueNames array = [
  'azid'
]

@description('Resource group for the system topic.')
@minLength(1)
@maxLength(90)
param resourceGroupName string = 'azid-system'

@description('Id of the system topic of this subscription, where there is one already. It must have a system-assigned identity. Empty: one is made.')
param existingTopicId string = ''

@description('Tags of everything that is made.')
param tags object = {}

var events = !empty(namespaceId)
// Also where there are no events: a scope is worked out whatever the condition says.
var homeSubscription = events ? split(namespaceId, '/')[2] : subscription().subscriptionId
var homeGroup = events ? split(namespaceId, '/')[4] : resourceGroupName
var topicParts = split(existingTopicId, '/')
var topicGroup = empty(existingTopicId)
  ? resourceGroupName
  : length(topicParts) == 9 && startsWith(toLower(existingTopicId), toLower('${subscription().id}/resourceGroups/'))
      ? topicParts[4]
      : fail('existingTopicId: expected the id of a system topic in a resource group of this subscription, got "${existingTopicId}"; az eventgrid system-topic list shows it')
var topicName = empty(existingTopicId) ? 'azid' : last(topicParts)

// As in main.bicep: of another region or another azid it has another name.
module rights 'modules/rights.bicep' = {
  name: 'azid-rights-${uniqueString(deployment().location, principalId)}'
  params: {
    principalId: principalId
    identityGroups: identityGroups
    grantableRoles: grantableRoles
    grantGroups: grantGroups
    hostTypes: hostTypes
    hostGroups: hostGroups
    orphans: orphans
    roleSuffix: roleSuffix
  }
}

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = if (events && empty(existingTopicId)) {
  name: resourceGroupName
  location: location
  tags: tags
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
  name: 'azid-senders-${uniqueString(subscription().id)}'
  scope: resourceGroup(homeSubscription, homeGroup)
  params: {
    senderId: topic!.outputs.principalId
    namespaceName: last(split(namespaceId, '/'))
    queueNames: queueNames
    storageName: last(split(storageId, '/'))
  }
}

module delivery 'modules/delivery.bicep' = if (events) {
  name: 'azid-delivery'
  scope: resourceGroup(topicGroup)
  params: {
    topicName: topicName
    namespaceId: namespaceId
    queueNames: queueNames
    storageId: storageId
    container: 'azid-dead-letters'
  }
  dependsOn: [
    senders
  ]
}
