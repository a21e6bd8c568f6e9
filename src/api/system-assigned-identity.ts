import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { activity, signIns } from './schema/activity.ts';
import { adoption, commonStatus, deletionPolicy, suspend } from './schema/common.ts';
import { allowReplace, hostApiVersion, hostId } from './schema/host-fields.ts';
import { azidResource, columnsOf, immutable, type KindSchema, ONE_IN_STATUS } from './schema/kind.ts';
import { leave, rememberedGuid, rememberedId } from './schema/remembered.ts';

const spec = z
  .object({
    resourceId: hostId().describe('ARM id of the resource; a slot is a resource of its own. Immutable.'),
    apiVersion: hostApiVersion(),
    allowReplace: allowReplace(),
    adoption: adoption(),
    deletionPolicy: deletionPolicy('Retain'),
    suspend: suspend(),
  })
  .meta({
    'x-kubernetes-validations': [
      immutable('resourceId', 'make another SystemAssignedIdentity for the other resource'),
    ],
  });

const status = z.object({
  ...commonStatus,
  ...activity,
  ...signIns,
  id: rememberedId('resourceId', 1024).optional().describe('ARM id of the resource, as Azure spells it.'),
  principalId: rememberedGuid().optional(),
  clientId: rememberedGuid().optional(),
  tenantId: rememberedGuid().optional(),
  servicePrincipalName: z
    .string()
    .max(400)
    .optional()
    .describe("Name of the service principal: the resource's, or <app>/slots/<slot>."),
  released: leave(z.boolean())
    .optional()
    .describe(
      'Only while the object is being deleted: nothing that azid knows hangs on the principal any more, so its resource may lose it.',
    ),
});

export type SystemAssignedIdentitySpec = Readonly<z.input<typeof spec>>;
export type SystemAssignedIdentityStatus = Readonly<z.input<typeof status>>;

export interface SystemAssignedIdentity extends KubeObject {
  readonly spec: SystemAssignedIdentitySpec;
  readonly status?: SystemAssignedIdentityStatus;
}

export const systemAssignedIdentity: KindSchema<SystemAssignedIdentity> = {
  resource: azidResource('SystemAssignedIdentity', 'systemassignedidentities', true),
  declares: ({ spec: wanted, status: seen }) => [
    {
      what: 'resource',
      id: seen?.id ?? wanted.resourceId,
      fields: { 'principalId of its own identity': seen?.principalId ?? ONE_IN_STATUS },
    },
  ],
  singular: 'systemassignedidentity',
  shortNames: ['sai'],
  description: "A resource's own identity, switched on and kept on.",
  spec,
  status,
  rules: [],
  columns: columnsOf({
    activity: true,
    wide: [
      { name: 'Principal', type: 'string', jsonPath: '.status.principalId' },
      { name: 'Client', type: 'string', jsonPath: '.status.clientId' },
      { name: 'Last-Sign-In', type: 'date', jsonPath: '.status.lastSignIn.time' },
      { name: 'Resource', type: 'string', jsonPath: '.spec.resourceId' },
    ],
  }),
};
