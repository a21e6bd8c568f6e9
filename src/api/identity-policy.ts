import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { attachmentRules, systemAssignedRules } from './policy/host-rules.ts';
import { namespaces } from './policy/namespaces.ts';
import {
  duration,
  grantScope,
  identityId,
  identityRefsOrIds,
  issuer,
  role,
  scope,
  subjectPattern,
} from './policy/rules.ts';
import { noEndBlanks } from './schema/cel-rules.ts';
import {
  commonStatus,
  guid,
  location,
  MAX_TAGS,
  resourceGroupName,
  tagRules,
  tagValue,
} from './schema/common.ts';
import { azidResource, type CelRule, columnsOf, type KindSchema } from './schema/kind.ts';

/** In a list of what is allowed: matched letter by letter, white space included. */
const text = (max: number, ...rules: readonly CelRule[]) =>
  z
    .string()
    .min(1)
    .max(max)
    .meta({ 'x-kubernetes-validations': [noEndBlanks, ...rules] });

const spec = z.object({
  namespaces,
  identities: z
    .object({
      scopes: z
        .array(scope)
        .min(1)
        .max(64)
        .meta({ 'x-kubernetes-list-type': 'set' })
        .describe('Subscriptions and resource groups in which identities may be made.'),
    })
    .optional()
    .describe('Absent: no identity may be made.'),
  adoption: z
    .object({
      identityIds: z
        .array(identityId)
        .min(1)
        .max(256)
        .meta({ 'x-kubernetes-list-type': 'set' })
        .describe('ARM ids of identities that objects with adoption: Adopt may take over.'),
    })
    .optional()
    .describe('Absent: nothing may be adopted.'),
  federation: z
    .array(
      z.object({
        issuers: z
          .array(text(600, issuer))
          .min(1)
          .max(32)
          .meta({ 'x-kubernetes-list-type': 'set' })
          .describe('Issuers by URL; `cluster` is this cluster. No patterns: an issuer is trusted by name.'),
        subjects: z
          .array(text(600, subjectPattern))
          .min(1)
          .max(64)
          .meta({ 'x-kubernetes-list-type': 'set' })
          .describe(
            'Subjects; `*` stands for any characters but `/` and `:`, `**` for any. `$(namespace)` is the namespace of the object.',
          ),
        audiences: z
          .array(text(600))
          .min(1)
          .max(16)
          .optional()
          .meta({ 'x-kubernetes-list-type': 'set' })
          .describe(
            "Audiences that the tokens may be made for, letter by letter: api://AzureADTokenExchange is what Azure's libraries ask for. Absent: any.",
          ),
      }),
    )
    .min(1)
    .max(32)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('Who may be allowed to become an identity. Absent: nobody.'),
  grants: z
    .array(
      z.object({
        roles: z
          .array(text(512, role))
          .min(1)
          .max(128)
          .meta({ 'x-kubernetes-list-type': 'set' })
          .describe(
            'Roles by GUID, or by name where it is a built-in role: those names are looked up, not trusted.',
          ),
        scopes: z
          .array(grantScope)
          .min(1)
          .max(64)
          .meta({ 'x-kubernetes-list-type': 'set' })
          .describe('Scopes; what lies beneath is included. / is the whole tenant.'),
        principals: identityRefsOrIds(guid(), 'Object ids of principals that azid does not manage.'),
        maxDuration: z
          .string()
          .max(16)
          .optional()
          .meta({ 'x-kubernetes-validations': [duration] })
          .describe(
            'Longest time from the creation of a grant to its expiresAt, e.g. 8h or 30d; the end that a grant was given binds, whatever becomes of the object. Absent: grants may be permanent.',
          ),
      }),
    )
    .min(1)
    .max(32)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('Which roles may be granted where and to whom. Absent: none.'),
  attachments: attachmentRules(),
  systemAssigned: systemAssignedRules(),
  defaults: z
    .object({
      subscriptionId: guid().optional(),
      resourceGroup: resourceGroupName().optional(),
      location: location().optional(),
      tags: z
        .record(z.string(), tagValue())
        .optional()
        .meta({ maxProperties: MAX_TAGS, 'x-kubernetes-validations': tagRules }),
    })
    .optional()
    .describe('What objects of these namespaces need not say. Coordinates already in use do not move.'),
});

const status = z.object({
  ...commonStatus,
  namespaces: z.number().int().optional().describe('How many namespaces the policy selects now.'),
});

export type IdentityPolicySpec = Readonly<z.input<typeof spec>>;
export type IdentityPolicyStatus = Readonly<z.input<typeof status>>;

export interface IdentityPolicy extends KubeObject {
  readonly spec: IdentityPolicySpec;
  readonly status?: IdentityPolicyStatus;
}

export const identityPolicy: KindSchema<IdentityPolicy> = {
  resource: azidResource('IdentityPolicy', 'identitypolicies', false),
  singular: 'identitypolicy',
  shortNames: ['idpol'],
  description: 'What azid may do in Azure for the namespaces it selects. Without a policy nothing is given.',
  spec,
  status,
  rules: [],
  columns: columnsOf({
    first: [{ name: 'Namespaces', type: 'integer', jsonPath: '.status.namespaces' }],
  }),
};
