import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { activity, signIns } from './schema/activity.ts';
import { shaped } from './schema/cel-rules.ts';
import {
  adoption,
  commonStatus,
  deletionPolicy,
  guid,
  IDENTITY_NAME_PATTERN,
  location,
  MAX_TAGS,
  resourceGroupName,
  suspend,
  tagRules,
  tagValue,
} from './schema/common.ts';
import { azidResource, columnsOf, immutable, type KindSchema, ONE_IN_STATUS } from './schema/kind.ts';
import { pastTime, REMEMBERED, rememberedGuid, rememberedId } from './schema/remembered.ts';

const moveRemedy = 'make a new object with the wanted value and delete this one';

const specShape = {
  subscriptionId: guid()
    .optional()
    .describe('Subscription of the identity. Default: from an IdentityPolicy. Immutable.'),
  resourceGroup: resourceGroupName()
    .optional()
    .describe('Resource group of the identity; it must exist. Default: from an IdentityPolicy. Immutable.'),
  location: location()
    .optional()
    .describe(
      'Azure region by its name or display name: westeurope, West Europe. Default: from an IdentityPolicy. Immutable.',
    ),
  name: shaped(z.string().min(3).max(128), new RegExp(IDENTITY_NAME_PATTERN), {
    expected: 'the name of an identity: 3 to 128 letters, digits, - and _, the first a letter or digit',
  })
    .optional()
    .describe("Name of the identity in Azure. Default: this object's name. Immutable."),
  tags: z
    .record(z.string(), tagValue())
    .optional()
    .meta({ maxProperties: MAX_TAGS, 'x-kubernetes-validations': tagRules })
    .describe('Tags that azid keeps on the identity. Tags with other names are left alone.'),
  isolationScope: z
    .enum(['None', 'Regional'])
    .optional()
    .describe(
      'Regional: the identity can be attached only to resources of its own region. Absent: left as it is.',
    ),
  output: z
    .object({
      configMap: z
        .object({
          name: shaped(
            z.string().min(1).max(253),
            /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
            {
              expected:
                'the name of a ConfigMap: lower-case letters, digits, - and ., a letter or digit at both ends',
            },
          ).describe('Name of the ConfigMap in the namespace of this object.'),
        })
        .optional()
        .describe('Writes clientId, principalId, tenantId and id into a ConfigMap for pods to read.'),
    })
    .optional(),
  deletionPolicy: deletionPolicy('Delete'),
  adoption: adoption(),
  suspend: suspend(),
};

const spec = z.object(specShape).meta({
  'x-kubernetes-validations': [
    ...['subscriptionId', 'resourceGroup', 'name'].map((field) => immutable(field, moveRemedy)),
    immutable('location', moveRemedy, (location) => `${location}.lowerAscii().replace(' ', '')`),
  ],
});

const coordinates = z.object({
  subscriptionId: guid().meta({ [REMEMBERED]: 'guid' }),
  resourceGroup: rememberedId('name', 90),
  location: rememberedId('name', 64),
  name: rememberedId('name', 128),
});

const status = z.object({
  ...commonStatus,
  ...activity,
  ...signIns,
  id: rememberedId('identityId', 1024).optional().describe('ARM id of the identity.'),
  clientId: rememberedGuid().optional(),
  principalId: rememberedGuid().optional().describe('Object id of the identity in the directory.'),
  tenantId: rememberedGuid().optional(),
  coordinates: coordinates
    .optional()
    .describe('Where the identity lives, resolved once and kept even if defaults change later.'),
  tagKeys: z
    .array(z.string().max(512))
    .max(MAX_TAGS * 2)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Names of the tags azid set, so that a tag removed from the spec is removed in Azure.'),
  createStartedAt: pastTime()
    .optional()
    .describe(
      'When azid last began to make the identity. Written before the call, so that a crash is noticed.',
    ),
  overwrittenPrincipalId: rememberedGuid()
    .optional()
    .describe(
      'Principal of an identity that somebody else made just before azid could: what azid wrote on it is taken back.',
    ),
  lastWriteTime: pastTime().optional().describe('When azid last changed something in Azure for this object.'),
});

export type UserAssignedIdentitySpec = Readonly<z.input<typeof spec>>;
export type UserAssignedIdentityStatus = Readonly<z.input<typeof status>>;
/** Where an identity lives in Azure. */
export type Coordinates = Readonly<z.infer<typeof coordinates>>;

export interface UserAssignedIdentity extends KubeObject {
  readonly spec: UserAssignedIdentitySpec;
  readonly status?: UserAssignedIdentityStatus;
}

export const userAssignedIdentity: KindSchema<UserAssignedIdentity> = {
  resource: azidResource('UserAssignedIdentity', 'userassignedidentities', true),
  declares: ({ metadata, spec: wanted, status: seen }) => [
    {
      what: 'identity',
      id: seen?.id,
      fields: {
        name: wanted.name ?? metadata.name,
        subscriptionId: wanted.subscriptionId,
        resourceGroup: wanted.resourceGroup,
        location: wanted.location,
        isolationScope: wanted.isolationScope,
        principalId: seen?.principalId ?? ONE_IN_STATUS,
        clientId: seen?.clientId ?? ONE_IN_STATUS,
        tenantId: seen?.tenantId ?? ONE_IN_STATUS,
      },
      tags: wanted.tags,
    },
  ],
  singular: 'userassignedidentity',
  shortNames: ['uai'],
  description: 'A user-assigned managed identity in Azure, kept as declared.',
  spec,
  status,
  rules: [
    {
      rule: `has(self.spec.name) || self.metadata.name.matches('${IDENTITY_NAME_PATTERN}')`,
      messageExpression:
        "'the object\\'s name ' + self.metadata.name + ' cannot be the name of an identity in Azure (3 to 128 letters, digits, - and _); set spec.name'",
      fieldPath: '.spec',
      reason: 'FieldValueInvalid',
    },
  ],
  columns: columnsOf({
    activity: true,
    wide: [
      { name: 'Principal', type: 'string', jsonPath: '.status.principalId' },
      { name: 'Client', type: 'string', jsonPath: '.status.clientId' },
      { name: 'Last-Sign-In', type: 'date', jsonPath: '.status.lastSignIn.time' },
      { name: 'Last-Write', type: 'date', jsonPath: '.status.lastWriteTime' },
      { name: 'Azure-Id', type: 'string', jsonPath: '.status.id' },
    ],
  }),
};
