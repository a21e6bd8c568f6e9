/**
 * Internal, in azid's own namespace: the complete ledger of one host, and the queue key of all that is written to its
 * `identity` (docs/architecture.md section 4). Its name is a hash of the lower-cased ARM id.
 */
import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { activity } from './schema/activity.ts';
import { commonStatus } from './schema/common.ts';
import { azidResource, columnsOf, immutable, type KindSchema } from './schema/kind.ts';
import { LONGEST_PAUSE_MS, pastTime, rememberedGuid, rememberedId, timeToCome } from './schema/remembered.ts';

/** The object that wants, or wanted, something of the host. */
const owner = z.object({
  kind: z.enum(['IdentityAttachment', 'SystemAssignedIdentity']),
  namespace: z.string().max(63),
  name: z.string().max(253),
  uid: z.string().max(64),
  /** Its deletion policy as last read: Retain leaves in Azure what it wanted, should the object be deleted unobserved. */
  retain: z.boolean().optional(),
});

const problem = z.object({
  reason: z.string().max(64),
  message: z.string().max(1024),
  /** Attempts in a row that ended so. */
  attempts: z.number().int(),
  /** Not tried again before. */
  notBefore: timeToCome(LONGEST_PAUSE_MS),
});

const common = {
  /**
   * Attaching: intent, saved before the first call. Attached: finished and read back. Detaching: intent to take away.
   * Refused: `problem` says why, and when it is tried again.
   */
  state: z.enum(['Attaching', 'Attached', 'Detaching', 'Refused']),
  /** azid attached it, or took it over: it may take it away again. False: it was there before. */
  owned: z.boolean(),
  owners: z.array(owner).max(200).meta({ 'x-kubernetes-list-type': 'atomic' }),
  /** Which credential acted, or will. */
  credential: z.string().max(253),
  /** Of the last change of `state`. */
  since: pastTime(),
  problem: problem.optional(),
  /** How often it was taken away by another tool or user, in a row; and when last (docs/guarantees.md G14). */
  losses: z.number().int().optional(),
  lastLossAt: pastTime().optional(),
};

const entry = z.object({
  /** ARM id, as Azure spells it where it was read. */
  identityId: rememberedId('identityId', 400),
  /** Under which principal it was attached: another one now means recycled. */
  principalId: rememberedGuid().optional(),
  ...common,
});

const system = z.object({ principalId: rememberedGuid().optional(), ...common });

const operation = z.object({
  /** Several KB long (docs/azure-facts.md section 8). Its host and subscription are checked before it is followed. */
  url: z.string().max(16_384),
  style: z.enum(['asyncOperation', 'location']),
  startedAt: pastTime(),
  /** Azure asked not to be polled earlier. */
  nextPollAt: timeToCome(LONGEST_PAUSE_MS).optional(),
});

const spec = z
  .object({ resourceId: z.string().min(1).max(1024).describe('ARM id of the host.') })
  .meta({ 'x-kubernetes-validations': [immutable('resourceId', 'each host has a HostIdentity of its own')] });

const status = z.object({
  ...commonStatus,
  ...activity,
  hostId: rememberedId('resourceId', 1024).optional().describe('ARM id as Azure spells it.'),
  instance: z
    .string()
    .max(200)
    .optional()
    .describe('What distinguished this resource from an earlier one of the same id when it was last read.'),
  movedTo: rememberedId('resourceId', 1024)
    .optional()
    .describe('Where the resource is now, whose ledger is to take this one over.'),
  movedFrom: rememberedId('resourceId', 1024)
    .optional()
    .describe('Where the resource was before, from whose ledger this one was taken over.'),
  entries: z
    .array(entry)
    .max(1000)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe(
      'User-assigned identities: who wants which, intent and proof. An entry goes when a read proves absence.',
    ),
  systemAssigned: system.optional(),
  operation: operation.optional().describe('A write that Azure carries out; resumed by a new process.'),
  writeStartedAt: pastTime().optional().describe('When a write began whose end was not seen yet.'),
  unreadable: z
    .object({ reason: z.string().max(64), message: z.string().max(1024) })
    .optional()
    .describe(
      'Why the resource could not be read when azid last tried: the rest of the status is from before.',
    ),
  unproven: z
    .array(z.string().max(400))
    .max(1000)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe(
      'Attached identities that are wanted, and that nothing shows azid attached: they are never detached.',
    ),
});

type HostIdentitySpec = Readonly<z.input<typeof spec>>;
export type HostIdentityStatus = Readonly<z.input<typeof status>>;
export type LedgerOwner = Readonly<z.input<typeof owner>>;
export type LedgerEntry = Readonly<z.input<typeof entry>>;
export type LedgerSystem = Readonly<z.input<typeof system>>;
export type LedgerOperation = Readonly<z.input<typeof operation>>;

export interface HostIdentity extends KubeObject {
  readonly spec: HostIdentitySpec;
  readonly status?: HostIdentityStatus;
}

export const hostIdentity: KindSchema<HostIdentity> = {
  resource: azidResource('HostIdentity', 'hostidentities', true),
  singular: 'hostidentity',
  shortNames: ['hostid'],
  description:
    "Internal: azid's ledger of one resource that it attaches identities to. Written by azid alone.",
  spec,
  status,
  rules: [],
  internal: true,
  columns: columnsOf({
    activity: true,
    wide: [{ name: 'Resource', type: 'string', jsonPath: '.spec.resourceId' }],
  }),
};
