import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { activity } from './schema/activity.ts';
import { exactlyOne, noEndBlanks, noLookalikes, shaped } from './schema/cel-rules.ts';
import { commonStatus, deletionPolicy, guid, objectName, suspend } from './schema/common.ts';
import { azidResource, columnsOf, type KindSchema, ONE_IN_STATUS } from './schema/kind.ts';
import { pastTime, rememberedGuid, rememberedId } from './schema/remembered.ts';

/** The whole tenant, a management group, a subscription, a resource group or a resource. */
const SCOPE =
  /^\/$|^\/providers\/[mM]icrosoft\.[mM]anagement\/management[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9]$|^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/[^/?#%\\]+)*$/;

/** A role by its GUID or by the full id that `az role definition list` shows. */
const ROLE_ID =
  /^(\/(subscriptions\/[0-9a-fA-F-]{36}\/)?providers\/[mM]icrosoft\.[aA]uthorization\/role[dD]efinitions\/)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** RFC 3339 in upper case; only the 29th of February is not asked for its year. */
const TIME =
  /^[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$/;

/** Azure takes 2 KB; azid's suffix needs some of it (docs/azure-facts.md section 5). */
const MAX_DESCRIPTION = 1500;

const spec = z.object({
  principal: z
    .object({
      identityRef: z
        .object({
          kind: z
            .enum(['UserAssignedIdentity', 'SystemAssignedIdentity'])
            .default('UserAssignedIdentity')
            .optional(),
          name: objectName(),
        })
        .optional()
        .describe(
          'A UserAssignedIdentity or SystemAssignedIdentity of this namespace; the grant follows its principal when it is recycled.',
        ),
      id: guid()
        .optional()
        .describe('Object id of a principal that azid does not manage. An IdentityPolicy must allow it.'),
      type: z
        .enum(['ServicePrincipal', 'User', 'Group'])
        .optional()
        .describe('Type of the principal named by id.'),
    })
    .meta({
      'x-kubernetes-validations': [
        exactlyOne(['identityRef', 'id']),
        {
          rule: 'has(self.id) == has(self.type)',
          message: 'type is needed with id, and not allowed with identityRef',
        },
      ],
    }),
  role: z
    .object({
      name: z
        .string()
        .min(1)
        .max(512)
        .optional()
        .meta({ 'x-kubernetes-validations': [noEndBlanks, noLookalikes] })
        .describe('Name of a built-in or custom role, in any case.'),
      id: shaped(z.string().max(200), ROLE_ID, {
        expected:
          'the GUID of a role, or the full id of its definition: /subscriptions/<id>/providers/Microsoft.Authorization/roleDefinitions/<guid>',
        remedy: 'the name of a role goes into role.name',
      })
        .optional()
        .describe("GUID or full id of the role's definition."),
    })
    .meta({
      'x-kubernetes-validations': [exactlyOne(['name', 'id'])],
    }),
  scope: shaped(z.string().min(1).max(1024), SCOPE, {
    expected: '/ (the tenant), or the ARM id of a management group, subscription, resource group or resource',
    remedy: '`az group show --query id` and the like show it',
  })
    .meta({ 'x-kubernetes-validations': [noEndBlanks, noLookalikes] })
    .describe(
      'ARM id of what the role is granted on: / (the tenant), a management group, a subscription, a resource group or a resource.',
    ),
  condition: z
    .object({
      expression: z.string().min(1).max(8192),
      version: z.enum(['2.0']),
    })
    .optional()
    .describe('Narrows the grant (ABAC). Azure wants both fields or neither.'),
  description: z
    .string()
    .max(MAX_DESCRIPTION)
    .optional()
    .describe('Shown in Azure before a suffix that azid adds.'),
  // Not of the format date-time: it takes texts that JavaScript reads as no time, and what cannot be read never ends.
  expiresAt: shaped(z.string().max(64), TIME, {
    expected: 'a time as of RFC 3339, such as 2026-12-01T12:00:00Z or 2026-12-01T12:00:00+01:00',
  })
    .optional()
    .describe(
      'When the grant ends. It is then removed in Azure and not made again. Once given, this end binds: a later one, or none, counts only if a policy allows it.',
    ),
  deletionPolicy: deletionPolicy('Delete'),
  suspend: suspend(),
});

const replacement = z.object({
  time: pastTime(),
  /** Stable: PrincipalRecycled, RoleRedefined, SpecChanged, AssignmentVanished. */
  reason: z.string().max(64),
  assignmentId: rememberedId('assignmentId', 1200),
  principalId: rememberedGuid(),
});

const status = z.object({
  ...commonStatus,
  ...activity,
  assignmentId: rememberedId('assignmentId', 1200).optional().describe('ARM id of the role assignment.'),
  principalId: rememberedGuid().optional(),
  identityId: rememberedId('resourceId', 400)
    .optional()
    .describe('ARM id of the identity whose principal it is, for grants by identityRef.'),
  roleDefinitionId: rememberedId('roleDefinitionId', 400).optional(),
  roleContent: z
    .string()
    .max(64)
    .optional()
    .describe(
      'Hash of what the role allowed when it was last read, by which an edit of the role is noticed.',
    ),
  grantedAt: pastTime().optional(),
  lastWriteTime: pastTime().optional(),
  writeStartedAt: pastTime().optional().describe('When a write began whose end was not seen yet.'),
  ledger: z
    .array(rememberedId('assignmentId', 1200))
    .max(32)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe(
      'ARM ids of assignments azid made, or is about to make, for this object; they leave when a read proves them gone.',
    ),
  history: z
    .array(replacement)
    .max(10)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('The last replacements, the newest first.'),
});

export type RoleGrantSpec = Readonly<z.input<typeof spec>>;
export type RoleGrantStatus = Readonly<z.input<typeof status>>;

export interface RoleGrant extends KubeObject {
  readonly spec: RoleGrantSpec;
  readonly status?: RoleGrantStatus;
}

export const roleGrant: KindSchema<RoleGrant> = {
  resource: azidResource('RoleGrant', 'rolegrants', true),
  declares: ({ spec: wanted, status: seen }) => [
    {
      what: 'role assignment',
      id: seen?.assignmentId,
      fields: {
        scope: wanted.scope,
        principalId: seen?.principalId ?? ONE_IN_STATUS,
        role: seen?.roleDefinitionId?.split('/').at(-1) ?? ONE_IN_STATUS,
      },
    },
  ],
  singular: 'rolegrant',
  shortNames: ['grant'],
  description: 'A role of Azure, granted to a principal on a scope, kept as declared.',
  spec,
  status,
  rules: [],
  columns: columnsOf({
    activity: true,
    wide: [
      { name: 'Role', type: 'string', jsonPath: '.spec.role.name' },
      { name: 'Principal', type: 'string', jsonPath: '.status.principalId' },
      { name: 'Scope', type: 'string', jsonPath: '.spec.scope' },
      // As text: `kubectl` prints a column of type date as an age, and a time to come as `<invalid>`.
      { name: 'Expires', type: 'string', jsonPath: '.spec.expiresAt' },
      {
        name: 'Propagated',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Propagated")].status',
      },
      { name: 'Assignment', type: 'string', jsonPath: '.status.assignmentId' },
    ],
  }),
};
