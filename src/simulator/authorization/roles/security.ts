import {
  ALERT_RULES,
  DEPLOYMENTS,
  READ_AUTHORIZATION,
  READ_GROUPS,
  role,
  SUPPORT,
  USUAL,
  under,
} from './role.ts';

const VAULTS = 'Microsoft.KeyVault/vaults';
const READ_VAULTS = under(
  'Microsoft.KeyVault',
  'checkNameAvailability/read',
  'deletedVaults/read',
  'locations/*/read',
  'vaults/*/read',
  'operations/read',
);

/** The data roles that Key Vault Data Access Administrator may hand out. */
const VAULT_DATA_ROLES = [
  '00482a5a-887f-4fb3-b363-3b7fe8e74483',
  'a4417e6f-fecd-4de8-b567-7b0420556985',
  '14b46e9e-c2b7-41b4-b07b-48a6ebf60603',
  'e147488a-f6f5-4113-8e2d-b22465e65bf6',
  '12338af0-0e69-4776-bea7-57ae8d297424',
  '21090545-7ca7-4776-b22c-e363652d74d2',
  'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
  '4633458b-17de-408a-b874-0445c86b69e6',
].join(', ');

const vaultDelegation = (verb: string, source: string) =>
  `((!(ActionMatches{'Microsoft.Authorization/roleAssignments/${verb}'})) OR ` +
  `(${source}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ` +
  `ForAnyOfAnyValues:GuidEquals{${VAULT_DATA_ROLES}}))`;

/** Key Vault, container registries, Defender. */
export const SECURITY_ROLES = [
  role('00482a5a-887f-4fb3-b363-3b7fe8e74483', 'Key Vault Administrator', 'All data of a vault.', {
    actions: [...USUAL, ...READ_VAULTS],
    dataActions: [`${VAULTS}/*`],
  }),
  role('a4417e6f-fecd-4de8-b567-7b0420556985', 'Key Vault Certificates Officer', 'All certificates.', {
    actions: [...USUAL, ...READ_VAULTS],
    dataActions: under(VAULTS, 'certificatecas/*', 'certificates/*', 'certificatecontacts/write'),
  }),
  role('db79e9a7-68ee-4b58-9aeb-b90e7c24fcba', 'Key Vault Certificate User', 'Reads certificates whole.', {
    dataActions: under(
      VAULTS,
      'certificates/read',
      'secrets/getSecret/action',
      'secrets/readMetadata/action',
      'keys/read',
    ),
  }),
  role('f25e0fa2-a7c8-4377-a976-54943a77a395', 'Key Vault Contributor', 'Edits vaults, not their data.', {
    actions: [...USUAL, 'Microsoft.KeyVault/*'],
    notActions: under(
      'Microsoft.KeyVault',
      'locations/deletedVaults/purge/action',
      'hsmPools/*',
      'managedHsms/*',
    ),
  }),
  role('14b46e9e-c2b7-41b4-b07b-48a6ebf60603', 'Key Vault Crypto Officer', 'All keys.', {
    actions: [...USUAL, ...READ_VAULTS],
    dataActions: under(VAULTS, 'keys/*', 'keyrotationpolicies/*'),
  }),
  role('e147488a-f6f5-4113-8e2d-b22465e65bf6', 'Key Vault Crypto Service Encryption User', 'Wraps keys.', {
    actions: under('Microsoft.EventGrid/eventSubscriptions', 'write', 'read', 'delete'),
    dataActions: under(`${VAULTS}/keys`, 'read', 'wrap/action', 'unwrap/action'),
  }),
  role('12338af0-0e69-4776-bea7-57ae8d297424', 'Key Vault Crypto User', 'Uses keys.', {
    dataActions: under(
      `${VAULTS}/keys`,
      'read',
      'update/action',
      'backup/action',
      'encrypt/action',
      'decrypt/action',
      'wrap/action',
      'unwrap/action',
      'sign/action',
      'verify/action',
    ),
  }),
  role('21090545-7ca7-4776-b22c-e363652d74d2', 'Key Vault Reader', 'Metadata of vaults and their contents.', {
    actions: [READ_AUTHORIZATION, ALERT_RULES, READ_GROUPS, SUPPORT, ...READ_VAULTS],
    dataActions: under(VAULTS, '*/read', 'secrets/readMetadata/action'),
  }),
  role('b86a8fe4-44ce-4948-aee5-eccb2c155cd7', 'Key Vault Secrets Officer', 'All secrets.', {
    actions: [...USUAL, ...READ_VAULTS],
    dataActions: [`${VAULTS}/secrets/*`],
  }),
  role('4633458b-17de-408a-b874-0445c86b69e6', 'Key Vault Secrets User', 'Reads secrets.', {
    dataActions: under(`${VAULTS}/secrets`, 'getSecret/action', 'readMetadata/action'),
  }),
  role(
    '8b54135c-b56d-4d72-a534-26097cfdc8d8',
    'Key Vault Data Access Administrator',
    'Hands out vault roles.',
    {
      actions: [
        ...under('Microsoft.Authorization/roleAssignments', 'write', 'delete'),
        READ_AUTHORIZATION,
        DEPLOYMENTS,
        READ_GROUPS,
        'Microsoft.Resources/subscriptions/read',
        'Microsoft.Management/managementGroups/read',
        SUPPORT,
        `${VAULTS}/*/read`,
      ],
      condition: `${vaultDelegation('write', '@Request')} AND ${vaultDelegation('delete', '@Resource')}`,
    },
  ),
  role('7f951dda-4ed3-4680-a7ca-43fe172d538d', 'AcrPull', 'Pulls images.', {
    actions: ['Microsoft.ContainerRegistry/registries/pull/read'],
  }),
  role('8311e382-0749-4cb8-b61a-304f252e45ec', 'AcrPush', 'Pulls and pushes images.', {
    actions: under('Microsoft.ContainerRegistry/registries', 'pull/read', 'push/write'),
  }),
  role('c2f4ef07-c644-48eb-af81-4b1b4947fb11', 'AcrDelete', 'Deletes images.', {
    actions: ['Microsoft.ContainerRegistry/registries/artifacts/delete'],
  }),
  role('6cef56e8-d556-48e5-a04f-b8e64114680f', 'AcrImageSigner', 'Signs images.', {
    actions: ['Microsoft.ContainerRegistry/registries/sign/write'],
    dataActions: ['Microsoft.ContainerRegistry/registries/trustedCollections/write'],
  }),
  role('cdda3590-29a3-44f6-95f2-9f980659eb04', 'AcrQuarantineReader', 'Pulls quarantined images.', {
    actions: ['Microsoft.ContainerRegistry/registries/quarantine/read'],
    dataActions: ['Microsoft.ContainerRegistry/registries/quarantinedArtifacts/read'],
  }),
  role('c8d4ff99-41c3-41a8-9f60-21dfdad59608', 'AcrQuarantineWriter', 'Pushes quarantined images.', {
    actions: under('Microsoft.ContainerRegistry/registries/quarantine', 'read', 'write'),
    dataActions: under('Microsoft.ContainerRegistry/registries/quarantinedArtifacts', 'read', 'write'),
  }),
  role(
    'b93aa761-3e63-49ed-ac28-beffa264f7ac',
    'Container Registry Repository Reader',
    'Pulls, by repository.',
    {
      dataActions: under(
        'Microsoft.ContainerRegistry/registries/repositories',
        'metadata/read',
        'content/read',
      ),
    },
  ),
  role(
    '2a1e307c-b015-4ebd-883e-5b7698a07328',
    'Container Registry Repository Writer',
    'Pushes, by repository.',
    {
      dataActions: under(
        'Microsoft.ContainerRegistry/registries/repositories',
        'metadata/read',
        'content/read',
        'metadata/write',
        'content/write',
      ),
    },
  ),
];
