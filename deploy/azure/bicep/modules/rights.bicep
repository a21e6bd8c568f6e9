// What azid may do in a subscription. What each action is for: docs/reference/azure-rights.md.
targetScope = 'subscription'

@description('Object id of azid\'s identity.')
@minLength(36)
@maxLength(36)
param principalId string

@description('Resource groups in which azid may make identities and credentials. Empty: the whole subscription.')
param identityGroups array = []

@description('GUIDs of the roles that azid may grant. Empty: azid grants nothing, and gets no right to.')
param grantableRoles array = []

@description('Resource groups in which azid may grant them. Empty: the whole subscription.')
param grantGroups array = []

@description('Types of resources that azid may attach identities to.')
param hostTypes array = []

@description('Resource groups with these resources. Empty: the whole subscription.')
param hostGroups array = []

@description('Whether azid is to look for orphans.')
param orphans bool = false

@description('Resource group of azid\'s own identity, where it is in this subscription. Empty: it is not.')
param ownGroup string = ''

@description('Appended to the names of the custom roles, which a directory has once.')
param roleSuffix string = ''

// Owner, User Access Administrator, Role Based Access Control Administrator: the condition does not look into what a role may do.
var canGrant = [
  '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'
  '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9'
  'f58310d9-a9f6-439a-9e8d-f62e7b41a168'
]
var noGuids = filter(grantableRoles, role => length(role) != 36)
var dangerous = intersection(canGrant, map(grantableRoles, role => toLower(role)))
var condition = !empty(noGuids)
  ? fail('grantableRoles: expected the GUIDs of roles, got "${join(noGuids, ', ')}"; az role definition list --name Reader shows that of Reader')
  : !empty(dangerous)
      ? fail('grantableRoles: expected roles that cannot grant roles themselves, got "${join(dangerous, ', ')}"')
      : replace(loadTextContent('../../azid-grants-condition.txt'), 'ROLE_GUIDS', join(grantableRoles, ', '))

// Where Azure says whether a write to a resource is done; other types answer at once.
var operations = {
  'Microsoft.Compute/virtualMachines': [
    'Microsoft.Compute/locations/operations/read'
  ]
  'Microsoft.Compute/virtualMachineScaleSets': [
    'Microsoft.Compute/locations/operations/read'
  ]
  'Microsoft.Web/sites': [
    'Microsoft.Web/sites/operationresults/read'
  ]
  'Microsoft.Web/sites/slots': [
    'Microsoft.Web/sites/slots/operationresults/read'
  ]
  'Microsoft.ContainerInstance/containerGroups': [
    'Microsoft.ContainerInstance/locations/operations/read'
  ]
  'Microsoft.App/containerApps': [
    'Microsoft.App/locations/containerAppOperationResults/read'
    'Microsoft.App/locations/containerAppOperationStatuses/read'
  ]
  'Microsoft.ContainerService/managedClusters': [
    'Microsoft.ContainerService/locations/operations/read'
    'Microsoft.ContainerService/locations/operationresults/read'
  ]
  'Microsoft.ApiManagement/service': [
    'Microsoft.ApiManagement/service/operationresults/read'
  ]
}

// A role for each type of resource, so that none has more than is asked for. No built-in role does: Virtual Machine Contributor, for
// one, may run commands as any identity of a machine.
var hosts = map(hostTypes, hostType => {
  Name: 'azid hosts ${replace(replace(hostType, 'Microsoft.', ''), '/', ' ')}'
  Description: 'What azid needs to change the identity of ${hostType}. Azure has no right to change the identity alone.'
  Actions: concat(['${hostType}/read', '${hostType}/write'], contains(operations, hostType) ? operations[hostType] : [])
  groups: hostGroups
  condition: ''
})

var reader = union(loadJsonContent('../../azid-reader-role.json'), { groups: [], condition: '' })
var identities = union(loadJsonContent('../../azid-identities-role.json'), { groups: identityGroups, condition: '' })
var grants = union(loadJsonContent('../../azid-grants-role.json'), { groups: grantGroups, condition: empty(grantableRoles) ? '' : condition })
var unused = union(loadJsonContent('../../azid-orphans-role.json'), { groups: [], condition: '' })
// A sweep that deletes writes a tag on azid's own identity; where it may change identities of some groups alone, not with that right.
var claim = union(loadJsonContent('../../azid-claim-role.json'), { groups: [ownGroup], condition: '' })
var attach = {
  Name: 'azid attach'
  Description: 'What azid needs on identities to attach them to resources, which takes a role on these as well.'
  Actions: filter(
    loadJsonContent('../../azid-hosts-role.json').Actions,
    action => startsWith(action, 'Microsoft.ManagedIdentity/userAssignedIdentities/')
  )
  groups: identityGroups
  condition: ''
}

var roles = concat(
  [reader, identities],
  empty(grantableRoles) ? [] : [grants],
  empty(hostTypes) ? [] : concat([attach], hosts),
  orphans ? [unused] : [],
  orphans && !empty(identityGroups) && !empty(ownGroup) ? [claim] : []
)
var everywhere = filter(roles, role => empty(role.groups))
var places = flatten(map(roles, role => map(role.groups, group => { role: role, group: group })))

resource definitions 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [for role in roles: {
  name: guid(subscription().id, role.Name, roleSuffix)
  properties: {
    roleName: '${role.Name}${roleSuffix}'
    description: role.Description
    type: 'CustomRole'
    permissions: [
      {
        actions: role.Actions
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: [
      subscription().id
    ]
  }
}]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in everywhere: {
  name: guid(subscription().id, principalId, role.Name, roleSuffix)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', guid(subscription().id, role.Name, roleSuffix))
    principalId: principalId
    principalType: 'ServicePrincipal'
    condition: empty(role.condition) ? null : role.condition
    conditionVersion: empty(role.condition) ? null : '2.0'
  }
  dependsOn: [
    definitions
  ]
}]

module inGroups 'assignment.bicep' = [for place in places: {
  name: 'azid-rights-${uniqueString(place.group, place.role.Name, roleSuffix)}'
  scope: resourceGroup(place.group)
  params: {
    principalId: principalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', guid(subscription().id, place.role.Name, roleSuffix))
    condition: place.role.condition
  }
  dependsOn: [
    definitions
  ]
}]

// Resource Graph shows the resources that azid may read, and leaves out the others without a word.
resource readAll 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (orphans) {
  name: guid(subscription().id, principalId, 'Reader')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'acdd72a7-3385-48ef-bd42-f606fba81ae7')
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
