/**
 * Internal, in azid's own namespace: what something in Azure was and had before a sweep deleted it, from which it can be made again
 * as far as Azure allows (docs/orphans.md). Written, and confirmed, before the DELETE; a record therefore proves that a deletion was
 * meant, and `deletion` that it was done.
 */
import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { commonStatus } from './schema/common.ts';
import { azidResource, columnsOf, type KindSchema } from './schema/kind.ts';

const time = () => z.string().max(64).meta({ format: 'date-time' });
const id = () => z.string().max(1200);

const assignment = z.object({
  id: id(),
  scope: z.string().max(1024),
  roleDefinitionId: z.string().max(512),
  principalId: z.string().max(36),
  principalType: z.string().max(64).optional(),
  condition: z.string().max(8192).optional(),
  conditionVersion: z.string().max(16).optional(),
  description: z.string().max(1024).optional(),
  endsAt: time()
    .optional()
    .describe('Until when it was given, where azid knew: it is not given again without that end.'),
});

const credential = z.object({
  id: id(),
  name: z.string().max(120),
  issuer: z.string().max(600),
  subject: z.string().max(600),
  audiences: z.array(z.string().max(600)).max(10),
});

const spec = z.object({
  type: z.enum(['Identity', 'RoleAssignment', 'FederatedIdentityCredential']),
  id: id().describe('ARM id of what was deleted, as Azure spelt it.'),
  reason: z.string().max(64).describe('Why it counted as an orphan.'),
  owner: z.string().max(400).optional().describe('Whom its marks named.'),
  installationId: z.string().max(36).describe('Which installation of azid had made it.'),
  sweep: z
    .object({ name: z.string().max(253), uid: z.string().max(64) })
    .optional()
    .describe('The OrphanSweep that found it.'),
  run: time()
    .optional()
    .describe(
      'Beginning of the run that deletes it, which counts its deletions by this. Absent: what goes before it is being deleted.',
    ),
  recordedAt: time().describe('When this was read from Azure, right before the deletion.'),
  deletion: z
    .object({
      time: time(),
      correlationId: z.string().max(64).optional().describe("Finds the call in Azure's Activity Log."),
    })
    .optional()
    .describe('Azure answered that it is deleted. Absent: azid does not know, look in Azure.'),
  identity: z
    .object({
      location: z.string().max(64),
      tags: z.record(z.string(), z.string().max(256)).meta({ maxProperties: 50 }).optional(),
      isolationScope: z.string().max(32).optional(),
      principalId: z.string().max(36),
      clientId: z.string().max(36),
      tenantId: z.string().max(36),
    })
    .optional()
    .describe('Of an identity: what it was. One that is made again gets another principal and client id.'),
  assignments: z
    .array(assignment)
    .max(500)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('The assignment itself, or those that the identity had.'),
  credentials: z
    .array(credential)
    .max(50)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('The credential itself, or those that the identity had.'),
  attachments: z
    .array(z.string().max(1024))
    .max(1000)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Resources that carried the identity as far as azid knew, ledgers included.'),
});

const status = z.object({ ...commonStatus });

export type OrphanRecordSpec = Readonly<z.input<typeof spec>>;
type OrphanRecordStatus = Readonly<z.input<typeof status>>;
export type RecordedAssignment = Readonly<z.input<typeof assignment>>;
export type RecordedCredential = Readonly<z.input<typeof credential>>;

/** So many are kept, the newest. */
export const MAX_ORPHAN_RECORDS = 1000;
/** How long one is kept. */
export const ORPHAN_RECORD_KEPT_MS = 90 * 24 * 3_600_000;

export interface OrphanRecord extends KubeObject {
  readonly spec: OrphanRecordSpec;
  readonly status?: OrphanRecordStatus;
}

export const orphanRecord: KindSchema<OrphanRecord> = {
  resource: azidResource('OrphanRecord', 'orphanrecords', true),
  singular: 'orphanrecord',
  shortNames: ['orphanrec'],
  description:
    'Internal: what something in Azure was and had before an OrphanSweep deleted it. Written by azid alone; `azid restore` reads it.',
  spec,
  status,
  rules: [],
  internal: true,
  columns: columnsOf({
    first: [],
    wide: [
      { name: 'Type', type: 'string', jsonPath: '.spec.type' },
      { name: 'Id', type: 'string', jsonPath: '.spec.id' },
      { name: 'Deleted', type: 'date', jsonPath: '.spec.deletion.time' },
    ],
  }),
};
