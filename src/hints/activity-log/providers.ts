/** The providers whose records are asked for: identities and their credentials, assignments and roles. */
export const PROVIDERS = ['Microsoft.ManagedIdentity', 'Microsoft.Authorization'] as const;
