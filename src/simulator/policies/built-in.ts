/** The built-in policies that are most often in the way of identities, by Azure's own names (Azure/azure-policy). */
import type { PolicyDefinition } from './rule.ts';

const FIC = 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials';
const ISSUER = `${FIC}/issuer`;
/** Host name of the issuer, where it is a URL. */
const ISSUER_HOST = `[if(greaterOrEquals(length(split(field('${ISSUER}'), '/')), 3), split(field('${ISSUER}'), '/')[2], '')]`;

const list = { type: 'Array' };
const text = { type: 'String' };
const no = { type: 'Boolean', defaultValue: false };
const tag = "[concat('tags[', parameters('tagName'), ']')]";

/** The kinds of issuers that the policy has, each with its switch. */
const ISSUERS = [
  ['allowAKS', { value: ISSUER_HOST, like: '*.oic.prod-aks.azure.com' }],
  ['allowGitHub', { field: ISSUER, equals: 'https://token.actions.githubusercontent.com' }],
  ['allowAWS', { field: ISSUER, equals: 'https://cognito-identity.amazonaws.com' }],
  ['allowGCS', { field: ISSUER, equals: 'https://accounts.google.com' }],
] as const;

export const BUILT_IN_POLICIES: readonly PolicyDefinition[] = [
  builtIn('e56962a6-4747-49cd-b67b-bf8b01975c4c', 'Allowed locations', 'Indexed', {
    parameters: { listOfAllowedLocations: list },
    if: {
      allOf: [
        { field: 'location', notIn: "[parameters('listOfAllowedLocations')]" },
        { field: 'location', notEquals: 'global' },
        { field: 'type', notEquals: 'Microsoft.AzureActiveDirectory/b2cDirectories' },
      ],
    },
  }),
  builtIn('871b6d14-10aa-478d-b590-94f262ecfa99', 'Require a tag on resources', 'Indexed', {
    parameters: { tagName: text },
    if: { field: tag, exists: 'false' },
  }),
  builtIn('1e30110a-5ceb-460c-a204-c1c3969c6d62', 'Require a tag and its value on resources', 'Indexed', {
    parameters: { tagName: text, tagValue: text },
    if: { not: { field: tag, equals: "[parameters('tagValue')]" } },
  }),
  builtIn('a08ec900-254a-4555-9bf5-e42af04b5c5c', 'Allowed resource types', 'Indexed', {
    parameters: { listOfResourceTypesAllowed: list },
    if: { not: { field: 'type', in: "[parameters('listOfResourceTypesAllowed')]" } },
  }),
  builtIn('6c112d4e-5bc7-47ae-a041-ea2d9dccd749', 'Not allowed resource types', 'All', {
    parameters: { listOfResourceTypesNotAllowed: list, effect: { ...text, defaultValue: 'Deny' } },
    if: { field: 'type', in: "[parameters('listOfResourceTypesNotAllowed')]" },
    effect: "[parameters('effect')]",
  }),
  builtIn(
    '2571b7c3-3056-4a61-b00a-9bc5232234f5',
    '[Preview]: Managed Identity Federated Credentials should be from allowed issuer types',
    'All',
    {
      parameters: {
        allowFederatedCredentials: no,
        ...Object.fromEntries(ISSUERS.map(([name]) => [name, no])),
        allowedIssuerExceptions: { ...list, defaultValue: [] },
        effect: { ...text, defaultValue: 'Audit' },
      },
      if: {
        allOf: [
          { field: 'type', equals: FIC },
          {
            anyOf: [
              { value: "[parameters('allowFederatedCredentials')]", equals: false },
              ...ISSUERS.map(([name, issuer]) => ({
                allOf: [issuer, { value: `[parameters('${name}')]`, equals: false }],
              })),
              {
                allOf: [
                  { not: { anyOf: ISSUERS.map(([, issuer]) => issuer) } },
                  { not: { field: ISSUER, in: "[parameters('allowedIssuerExceptions')]" } },
                ],
              },
            ],
          },
        ],
      },
      effect: "[parameters('effect')]",
    },
  ),
];

function builtIn(
  name: string,
  displayName: string,
  mode: 'All' | 'Indexed',
  given: {
    readonly parameters: PolicyDefinition['parameters'];
    readonly if: object;
    readonly effect?: string;
  },
): PolicyDefinition {
  return {
    id: `/providers/Microsoft.Authorization/policyDefinitions/${name}`,
    name,
    displayName,
    policyType: 'BuiltIn',
    mode,
    parameters: given.parameters,
    // biome-ignore lint/suspicious/noThenProperty: Azure's word.
    policyRule: { if: given.if, then: { effect: given.effect ?? 'deny' } },
  };
}
