// azid's own identity, and who may become it.
param name string
param location string
param credentialName string
param issuer string
param subject string
param audience string
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

resource credential 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2024-11-30' = {
  parent: identity
  name: credentialName
  properties: {
    issuer: issuer
    subject: subject
    audiences: [
      audience
    ]
  }
}

output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
