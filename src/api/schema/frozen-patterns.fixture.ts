/**
 * The patterns of the first CRDs, by the fields that had them. They are a promise: what was taken is taken, what was refused is
 * refused. (Regions and durations are left out: rules of their own take more of the one, and less of the other.) How a refusal is worded may change (`src/api/schema/cel-rules.ts`), and so may the spelling of a pattern, never what it takes.
 */
export const FROZEN_PATTERNS: readonly (readonly [pattern: RegExp, fields: readonly string[]])[] = [
  [
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    [
      'FederatedIdentityCredential.spec.identityRef.name',
      'FederatedIdentityCredential.spec.kubernetes.serviceAccount.name',
      'IdentityAttachment.spec.identityRef.name',
      'RoleGrant.spec.principal.identityRef.name',
      'UserAssignedIdentity.spec.output.configMap.name',
    ],
  ],
  [/^https:\/\/[^\s?#]+$/, ['FederatedIdentityCredential.spec.issuer']],
  [
    /^[^*\s:/]+$/,
    [
      'FederatedIdentityCredential.spec.github.organization',
      'FederatedIdentityCredential.spec.github.repository',
    ],
  ],
  [
    /^[^*\s:]+$/,
    [
      'FederatedIdentityCredential.spec.github.environment',
      'FederatedIdentityCredential.spec.github.branch',
      'FederatedIdentityCredential.spec.github.tag',
    ],
  ],
  [
    /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]\/providers\/[mM]icrosoft\.[mM]anaged[iI]dentity\/user[aA]ssigned[iI]dentities\/[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$/,
    ['IdentityAttachment.spec.identityId', 'IdentityPolicy.spec.attachments[].identities.ids[]'],
  ],
  [
    /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]\/providers\/[a-zA-Z0-9.]+(\/[^/?#%\\\s]+\/[^/?#%\\\s]+){1,4}$/,
    ['IdentityAttachment.spec.target.resourceId', 'SystemAssignedIdentity.spec.resourceId'],
  ],
  [
    /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
    [
      'IdentityAttachment.spec.target.selector.subscriptionId',
      'IdentityPolicy.spec.grants[].principals.ids[]',
      'IdentityPolicy.spec.defaults.subscriptionId',
      'RoleGrant.spec.principal.id',
      'UserAssignedIdentity.spec.subscriptionId',
    ],
  ],
  [
    /^[-_.()a-zA-Z0-9]*[-_()a-zA-Z0-9]$/,
    [
      'IdentityAttachment.spec.target.selector.resourceGroup',
      'IdentityPolicy.spec.defaults.resourceGroup',
      'UserAssignedIdentity.spec.resourceGroup',
    ],
  ],
  [/^[a-zA-Z0-9]+(\.[a-zA-Z0-9]+)+(\/[a-zA-Z0-9]+){1,3}$/, ['IdentityAttachment.spec.target.selector.type']],
  [
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$/,
    ['IdentityAttachment.spec.apiVersion', 'SystemAssignedIdentity.spec.apiVersion'],
  ],
  [
    /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9])?$/,
    ['IdentityPolicy.spec.identities.scopes[]'],
  ],
  [
    /^\/subscriptions\/[0-9a-fA-F-]{36}\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]\/providers\/[mM]icrosoft\.[mM]anaged[iI]dentity\/user[aA]ssigned[iI]dentities\/[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$/,
    ['IdentityPolicy.spec.adoption.identityIds[]'],
  ],
  [
    /^\/$|^\/providers\/[mM]icrosoft\.[mM]anagement\/management[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]$|^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/[^/?#%\\]+)*$/,
    ['IdentityPolicy.spec.grants[].scopes[]', 'RoleGrant.spec.scope'],
  ],
  [
    /^\*$|^[a-zA-Z0-9]+(\.[a-zA-Z0-9]+)+(\/[a-zA-Z0-9]+){1,3}$/,
    ['IdentityPolicy.spec.attachments[].types[]', 'IdentityPolicy.spec.systemAssigned[].types[]'],
  ],
  [
    /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9](\/providers(\/[^/?#%\\\s]+){3,9})?)?$/,
    ['IdentityPolicy.spec.attachments[].scopes[]', 'IdentityPolicy.spec.systemAssigned[].scopes[]'],
  ],
  [
    /^(\/(subscriptions\/[0-9a-fA-F-]{36}\/)?providers\/[mM]icrosoft\.[aA]uthorization\/role[dD]efinitions\/)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
    ['RoleGrant.spec.role.id'],
  ],
  [/^[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$/, ['UserAssignedIdentity.spec.name']],
];
