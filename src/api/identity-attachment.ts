import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { activity } from './schema/activity.ts';
import { exactlyOne } from './schema/cel-rules.ts';
import {
  adoption,
  commonStatus,
  deletionPolicy,
  guid,
  objectName,
  resourceGroupName,
  suspend,
  tagValue,
} from './schema/common.ts';
import { allowReplace, hostApiVersion, hostId, hostType, identityArmId } from './schema/host-fields.ts';
import { azidResource, columnsOf, type KindSchema } from './schema/kind.ts';
import {
  LONGEST_PAUSE_MS,
  leave,
  pastTime,
  rememberedGuid,
  rememberedId,
  timeToCome,
} from './schema/remembered.ts';

/** Annotation: lets an attachment detach more hosts at once than `rollout.maxDetachShare` allows; its value is their number. */
export const CONFIRM_DETACH_ANNOTATION = 'azid.dev/confirm-detach';

/** A status lists at most so many targets one by one. */
export const MAX_LISTED_TARGETS = 100;

/** At most so many resources have a rollout slot at once. */
export const MAX_SLOTS = 1000;

const selector = z
  .object({
    subscriptionId: guid(),
    resourceGroup: resourceGroupName().optional(),
    type: hostType().describe('Resource type, in any case: Microsoft.Compute/virtualMachines.'),
    tags: z
      .record(z.string(), tagValue())
      .optional()
      .meta({ maxProperties: 15 })
      .describe('Tags that a resource must have, all of them; names in any case, values exactly.'),
    all: z
      .boolean()
      .optional()
      .describe('true instead of tags: every resource of the type in the subscription or group.'),
  })
  .meta({
    'x-kubernetes-validations': [
      {
        // A field that is misspelt is dropped under --validate=warn: what is left must not choose everything.
        rule: '(has(self.tags) && size(self.tags) > 0) != (has(self.all) && self.all)',
        message: 'either tags, or all: true for every resource of the type',
        messageExpression:
          "'expected tags that a resource must have, or all: true for every ' + self.type + ' of the ' + (has(self.resourceGroup) ? 'resource group' : 'subscription') + '; got ' + (has(self.all) && self.all ? 'both' : 'neither: without tags nothing is chosen')",
      },
    ],
  });

const spec = z
  .object({
    identityRef: z
      .object({ name: objectName() })
      .optional()
      .describe('A UserAssignedIdentity of this namespace; followed when it is recycled.'),
    identityId: identityArmId()
      .optional()
      .describe('ARM id of an identity that azid need not manage. An IdentityPolicy must allow it.'),
    target: z
      .object({
        resourceId: hostId().optional().describe('ARM id of one resource; a slot is a resource of its own.'),
        selector: selector
          .optional()
          .describe(
            'All resources of a type in a subscription or group with these tags, as they come and go. An IdentityPolicy must allow selectors.',
          ),
      })
      .meta({
        'x-kubernetes-validations': [exactlyOne(['resourceId', 'selector'])],
      }),
    rollout: z
      .object({
        maxConcurrent: z
          .number()
          .int()
          .min(1)
          .max(MAX_SLOTS)
          .optional()
          .describe(
            'Resources changed at once. Default: 1 for types that restart when their identities change, else 20.',
          ),
        maxDetachShare: z
          .number()
          .int()
          .min(0)
          .max(100)
          .optional()
          .describe(
            `Percentage of the resources that a change may detach; above it azid waits for annotation ${CONFIRM_DETACH_ANNOTATION}. One resource may always be. Default: 20.`,
          ),
      })
      .optional(),
    apiVersion: hostApiVersion(),
    allowReplace: allowReplace(),
    adoption: adoption(),
    deletionPolicy: deletionPolicy('Delete'),
    suspend: suspend(),
  })
  .meta({
    'x-kubernetes-validations': [exactlyOne(['identityRef', 'identityId'])],
  });

const target = z.object({
  resourceId: rememberedId('resourceId', 1024),
  state: z.enum(['Pending', 'Attaching', 'Attached', 'Detaching', 'Waiting', 'Failed']),
  /** Stable: ExistsUnmanaged, Contested, or why it failed or waits. */
  reason: z.string().max(64).optional(),
  message: z.string().max(1024).optional(),
  lastChange: pastTime().optional(),
});

const slots = () =>
  z.array(z.string().max(1024)).max(MAX_SLOTS).optional().meta({ 'x-kubernetes-list-type': 'atomic' });

const rolloutSlots = z.object({
  generation: z.number().int().describe('Of the spec that they were given for; for any other they are void.'),
  attach: slots().describe('Found by the selector, and may be given the identity now.'),
  detach: slots().describe('May lose now what azid attached for this object.'),
});

const count = () => z.number().int().min(0).optional();

const status = z.object({
  ...commonStatus,
  ...activity,
  identityId: rememberedId('identityId', 400).optional().describe('ARM id of the identity that is attached.'),
  principalId: rememberedGuid().optional(),
  matched: count().describe('Resources that should have the identity.'),
  attached: count().describe('Resources that have it: finished and read back.'),
  pending: count().describe('Resources that wait for their turn, or are being changed.'),
  failed: count().describe('Resources that cannot have it; their targets say why.'),
  detaching: count().describe('Resources that should not have it any more, and still do.'),
  mayMissUntil: timeToCome(LONGEST_PAUSE_MS)
    .optional()
    .describe(
      'Only for a while after a selector is new: until then it may miss resources that were made just before, since lists of Azure lag.',
    ),
  rolloutSlots: leave(rolloutSlots)
    .optional()
    .describe(
      'Resources that may be changed now, by ARM id: whoever writes to them goes by this. Only while there are any.',
    ),
  targets: z
    .array(target)
    .max(MAX_LISTED_TARGETS)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('Up to 100 targets, those that need attention first.'),
});

export type IdentityAttachmentSpec = Readonly<z.input<typeof spec>>;
export type IdentityAttachmentStatus = Readonly<z.input<typeof status>>;
export type AttachmentTarget = Readonly<z.input<typeof target>>;
export type HostSelector = Readonly<z.input<typeof selector>>;

export interface IdentityAttachment extends KubeObject {
  readonly spec: IdentityAttachmentSpec;
  readonly status?: IdentityAttachmentStatus;
}

export const identityAttachment: KindSchema<IdentityAttachment> = {
  resource: azidResource('IdentityAttachment', 'identityattachments', true),
  declares({ spec: { target }, status: seen }) {
    // Only Azure knows which resources a selector chooses.
    if (target.resourceId === undefined) return undefined;
    const { identityId } = seen ?? {};
    return [
      {
        what: 'resource',
        id: identityId === undefined ? undefined : target.resourceId,
        fields: { [`identity ${identityId}`]: 'attached' },
      },
    ];
  },
  singular: 'identityattachment',
  shortNames: ['attach'],
  description: 'A user-assigned identity, attached to a resource or to all resources a selector finds.',
  spec,
  status,
  rules: [],
  columns: columnsOf({
    activity: true,
    first: [{ name: 'Attached', type: 'integer', jsonPath: '.status.attached' }],
    wide: [
      { name: 'Matched', type: 'integer', jsonPath: '.status.matched' },
      { name: 'Failed', type: 'integer', jsonPath: '.status.failed' },
      { name: 'Identity', type: 'string', jsonPath: '.status.identityId' },
      { name: 'Target', type: 'string', jsonPath: '.spec.target.resourceId' },
    ],
  }),
};
