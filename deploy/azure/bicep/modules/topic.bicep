// The system topic of the subscription: a subscription has one, at location global.
param name string
param make bool
param tags object

resource made 'Microsoft.EventGrid/systemTopics@2022-06-15' = if (make) {
  name: name
  location: 'global'
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: subscription().id
    topicType: 'Microsoft.Resources.Subscriptions'
  }
}

resource found 'Microsoft.EventGrid/systemTopics@2022-06-15' existing = {
  name: name
}

output principalId string = make ? made!.identity.principalId : found.identity.principalId
