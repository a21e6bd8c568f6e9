import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { activity } from './schema/activity.ts';
import { exactlyOne, noEndBlanks, shaped } from './schema/cel-rules.ts';
import { commonStatus, deletionPolicy, objectName, suspend } from './schema/common.ts';
import { azidResource, type CelRule, columnsOf, type KindSchema } from './schema/kind.ts';
import { pastTime, rememberedGuid, rememberedId } from './schema/remembered.ts';

/** issuer, subject and audience: at most 600 characters each (docs/azure-facts.md section 4). */
const MAX = 600;

const noWildcard: CelRule = {
  rule: "!self.contains('*')",
  message: 'wildcards are not matched by Azure: name one subject exactly',
};

/** A colon ends a field of the subject, so none may stand in a name: `main:x` must not read as two fields. */
const gitName = () =>
  shaped(z.string().min(1).max(255), /^[^*\s:]+$/, {
    expected: 'one name, without * , : and white space',
    remedy: 'Azure compares subjects character by character: make an object for each name',
  }).meta({ 'x-kubernetes-validations': [noEndBlanks] });
/** Organizations and repositories have no slash either; branches and environments may. */
const gitOwnerName = () =>
  shaped(z.string().min(1).max(255), /^[^*\s:/]+$/, {
    expected: 'a name alone, without / , * , : and white space',
    remedy: 'organization and repository are fields of their own',
  }).meta({ 'x-kubernetes-validations': [noEndBlanks] });

/** As GitHub counts: a number that is never given again. */
const gitId = () => z.number().int().min(1);

const spec = z
  .object({
    identityRef: z
      .object({ name: objectName() })
      .describe('The UserAssignedIdentity of this namespace that is trusted in.'),
    issuer: shaped(z.string().max(MAX), /^https:\/\/[^\s?#]+$/, {
      expected: 'an https URL without ? and #, as the iss claim of the tokens has it',
    })
      .optional()
      .meta({ 'x-kubernetes-validations': [noEndBlanks] })
      .describe('Issuer of the tokens, as their iss claim has it.'),
    subject: z
      .string()
      .min(1)
      .max(MAX)
      .optional()
      .meta({ 'x-kubernetes-validations': [noWildcard, noEndBlanks] })
      .describe('Subject of the tokens, as their sub claim has it.'),
    audience: z
      .string()
      .min(1)
      .max(MAX)
      .optional()
      .meta({ 'x-kubernetes-validations': [noEndBlanks] })
      .describe("Audience of the tokens. Default: api://AzureADTokenExchange, or the cloud's own."),
    kubernetes: z
      .object({
        serviceAccount: z.object({
          name: objectName(),
        }),
      })
      .optional()
      .describe('A ServiceAccount of this namespace, in this cluster.'),
    github: z
      .object({
        organization: gitOwnerName(),
        repository: gitOwnerName(),
        organizationId: gitId()
          .optional()
          .describe(
            'Number of the organization or user, which stays when its name changes hands; with repositoryId. `gh api users/NAME --jq .id` shows it.',
          ),
        repositoryId: gitId()
          .optional()
          .describe(
            'Number of the repository; with organizationId. `gh api repos/OWNER/NAME --jq .id` shows it.',
          ),
        environment: gitName().optional(),
        branch: gitName().optional(),
        tag: gitName().optional(),
        pullRequest: z.boolean().optional(),
      })
      .optional()
      .meta({
        'x-kubernetes-validations': [
          exactlyOne(['environment', 'branch', 'tag', 'pullRequest: true'], {
            'pullRequest: true': 'has(self.pullRequest) && self.pullRequest',
          }),
          {
            rule: 'has(self.organizationId) == has(self.repositoryId)',
            message:
              'organizationId and repositoryId belong together: give both, or neither for a repository whose tokens have no ids in their subject',
          },
        ],
      })
      .describe('A workflow of GitHub Actions.'),
    deletionPolicy: deletionPolicy('Delete'),
    suspend: suspend(),
  })
  .meta({
    'x-kubernetes-validations': [
      exactlyOne(['issuer with subject', 'kubernetes', 'github'], {
        'issuer with subject': 'has(self.issuer) || has(self.subject)',
      }),
      { rule: 'has(self.issuer) == has(self.subject)', message: 'issuer and subject belong together' },
    ],
  });

const status = z.object({
  ...commonStatus,
  ...activity,
  id: rememberedId('credentialId', 1200).optional().describe('ARM id of the credential.'),
  identityId: rememberedId('identityId', 1024).optional().describe('ARM id of the identity it is on.'),
  principalId: rememberedGuid()
    .optional()
    .describe('Object id of the identity when the credential was seen: another one is another identity.'),
  issuer: z.string().max(MAX).optional(),
  subject: z
    .string()
    .max(MAX)
    .optional()
    .describe('Subject that is trusted, presets written out: what the sub claim of a token must be.'),
  audience: z.string().max(MAX).optional(),
  lastWriteTime: pastTime().optional(),
  writeStartedAt: pastTime().optional().describe('When a write began whose end is not known yet.'),
  ledger: z
    .array(rememberedId('credentialId', 1200))
    .max(8)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe(
      'ARM ids of credentials azid made, or is about to make, for this object; they leave when a read proves them gone.',
    ),
});

type FederatedIdentityCredentialSpec = Readonly<z.input<typeof spec>>;
export type FederatedIdentityCredentialStatus = Readonly<z.input<typeof status>>;

export interface FederatedIdentityCredential extends KubeObject {
  readonly spec: FederatedIdentityCredentialSpec;
  readonly status?: FederatedIdentityCredentialStatus;
}

export const federatedIdentityCredential: KindSchema<FederatedIdentityCredential> = {
  resource: azidResource('FederatedIdentityCredential', 'federatedidentitycredentials', true),
  declares: ({ status: seen }) => [
    {
      what: 'credential',
      id: seen?.identityId === undefined ? undefined : seen.id,
      fields: { issuer: seen?.issuer, subject: seen?.subject, audience: seen?.audience },
    },
  ],
  singular: 'federatedidentitycredential',
  shortNames: ['fic'],
  description: 'Who may become a managed identity with a token of their own issuer, kept as declared.',
  spec,
  status,
  rules: [],
  columns: columnsOf({
    activity: true,
    wide: [
      { name: 'Identity', type: 'string', jsonPath: '.spec.identityRef.name' },
      { name: 'Issuer', type: 'string', jsonPath: '.status.issuer' },
      { name: 'Subject', type: 'string', jsonPath: '.status.subject' },
      { name: 'Azure-Id', type: 'string', jsonPath: '.status.id' },
    ],
  }),
};
