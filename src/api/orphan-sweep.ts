import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';
import { shaped } from './schema/cel-rules.ts';
import { commonStatus, guid, suspend } from './schema/common.ts';
import { azidResource, type CelRule, columnsOf, type KindSchema } from './schema/kind.ts';
import { LONGEST_PAUSE_MS, pastTime, rememberedGuid, rememberedId, timeToCome } from './schema/remembered.ts';

/** Annotation: a person confirms what a sweep stopped at; `src/orphans/spec.ts` reads it. */
export const CONFIRM_ORPHANS_ANNOTATION = 'azid.dev/confirm-orphans';

/**
 * Annotation: a person says that what was listed until a time as older than the records of what `Retain` left was not retained; a time as
 * in the other.
 */
export const NOT_RETAINED_ANNOTATION = 'azid.dev/confirm-not-retained';

/**
 * Annotation: a person says that what was listed until a time, and of which Azure does not show who made it, was made by the azid of this
 * cluster; a time as in the others.
 */
export const MADE_HERE_ANNOTATION = 'azid.dev/confirm-made-here';

/** So many candidates a status lists, the oldest; the others are counted. */
export const MAX_LISTED_CANDIDATES = 1000;
export const MAX_LISTED_RUNS = 10;

const durationRule = (example: string): CelRule => ({
  rule: "self.matches('^([0-9]+d)?([0-9]+h)?([0-9]+m)?$') && self.matches('[1-9]')",
  message: `a duration above zero in days, hours and minutes, such as ${example}`,
  messageExpression: `'expected a duration above zero in days, hours and minutes, such as ${example}, got \\'' + self + '\\''`,
});

const duration = (example: string, ...rules: readonly CelRule[]) =>
  z
    .string()
    .max(16)
    .meta({ 'x-kubernetes-validations': [durationRule(example), ...rules] });

/** Minutes of a duration, in CEL. */
const part = (unit: string, minutes: number) =>
  `(self.matches('[0-9]+${unit}') ? int(self.find('[0-9]+${unit}').replace('${unit}', '')) * ${minutes} : 0)`;
const MINUTES = `(${part('d', 1440)} + ${part('h', 60)} + ${part('m', 1)})`;

/** What is no duration, or too long to be counted, is refused by the rule before. */
const interval: CelRule = {
  rule: `!self.matches('^([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?$') || (${MINUTES} >= 10 && ${MINUTES} <= 10080)`,
  message: 'from 10m to 7d',
  messageExpression: "'expected an interval from 10m to 7d, got \\'' + self + '\\''",
};

/** A subscription or a resource group; what lies beneath is included. */
const scope = shaped(
  z.string().max(200),
  /^\/subscriptions\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\/resource[gG]roups\/[-_.()a-zA-Z0-9]{0,89}[-_()a-zA-Z0-9])?$/,
  {
    expected:
      'a subscription or resource group: /subscriptions/<id> or /subscriptions/<id>/resourceGroups/<group>',
  },
);

const gracePeriods = z.object({
  identities: duration('7d').default('7d').describe('Of identities.'),
  assignments: duration('24h').default('24h').describe('Of role assignments.'),
  credentials: duration('24h').default('24h').describe('Of federated credentials.'),
});

const limits = z.object({
  deletionsPerRun: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .default(20)
    .describe('At most so many deletions in one run, a few seconds apart.'),
  maxShare: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe(
      `Percentage of all things of a type that may be orphans at once. Above it, and above three, nothing is deleted until a person confirms it by the annotation ${CONFIRM_ORPHANS_ANNOTATION}: owners do not vanish in bulk, but clusters are restored without them.`,
    ),
});

const spec = z.object({
  scopes: z
    .array(scope)
    .min(1)
    .max(50)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Subscriptions and resource groups to look in, what lies beneath included.'),
  interval: duration('1h', interval)
    .default('1h')
    .describe('From the beginning of a run to that of the next, from 10m to 7d.'),
  mode: z
    .enum(['Report', 'Delete'])
    .default('Report')
    .describe('Report: nothing in Azure is changed, and the status says what Delete would do.'),
  gracePeriods: gracePeriods
    .default(gracePeriods.parse({}))
    .describe('How long something must have been listed without a break before it is deleted.'),
  limits: limits.default(limits.parse({})).describe('What one run may delete.'),
  unusedAfter: duration('90d')
    .optional()
    .describe(
      'List identities, too, that have an owner but that nothing was attached to, federated with or granted to for so long. They are only ever reported.',
    ),
  formerPrincipalIds: z
    .array(guid())
    .max(20)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe(
      'Object ids of the principals as which azid of this cluster signed in before. What any other principal made or kept is listed and never deleted: another cluster may act as this installation.',
    ),
  suspend: suspend(),
});

const candidate = z.object({
  type: z.enum(['Identity', 'RoleAssignment', 'FederatedIdentityCredential']),
  id: rememberedId('resourceId', 1200).describe('ARM id.'),
  reason: z.string().max(64).describe('Why it is listed.'),
  owner: z.string().max(400).optional().describe('Whom its marks name.'),
  ownerUid: rememberedGuid().optional().describe('The uid that its marks name, where they do.'),
  since: pastTime().describe('Since when it is listed without a break.'),
  clearSince: pastTime()
    .optional()
    .describe('Since when nothing is known to keep it: from here its grace period counts.'),
  instance: z
    .string()
    .max(1400)
    .describe('Which one it is, should it be made again under the same id: then its time begins anew.'),
  verdict: z
    .enum(['Due', 'Waiting', 'Kept', 'Reported'])
    .describe(
      'Due: the next to be deleted. Waiting: for the end of its grace period. Kept: something keeps it. Reported: nothing is ever done about it, or the mode is Report.',
    ),
  message: z.string().max(512).describe('What will happen, or would, and when; or what keeps it.'),
});

const run = z.object({
  startedAt: pastTime(),
  deleted: z
    .number()
    .int()
    .min(0)
    .describe('Deletions of this run, in steps of ten until it has ended: the OrphanRecords count them.'),
});

const pastRun = z.object({
  startedAt: pastTime(),
  finishedAt: pastTime(),
  found: z.number().int().min(0).describe('Candidates.'),
  deleted: z.number().int().min(0),
  kept: z.number().int().min(0).describe('Candidates that something keeps.'),
  stops: z
    .array(z.string().max(64))
    .max(20)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Reasons why nothing more was deleted.'),
});

const unused = z.object({ id: rememberedId('identityId', 400), since: pastTime() });

const status = z.object({
  ...commonStatus,
  candidatesTotal: z.number().int().min(0).optional().describe('How many there are.'),
  candidates: z
    .array(candidate)
    .max(MAX_LISTED_CANDIDATES)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe(
      `What counts as an orphan and what becomes of it, the first ${MAX_LISTED_CANDIDATES}, oldest first.`,
    ),
  unused: z
    .array(unused)
    .max(MAX_LISTED_CANDIDATES)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('With unusedAfter: identities with an owner that nothing was seen to use, and since when.'),
  run: run.optional().describe('The run that is under way.'),
  history: z
    .array(pastRun)
    .max(MAX_LISTED_RUNS)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe(`The last ${MAX_LISTED_RUNS} runs, the newest first.`),
  nextRunTime: timeToCome(LONGEST_PAUSE_MS)
    .optional()
    .describe('When the next run begins. A process that starts begins one within an hour.'),
});

export type OrphanSweepSpec = Readonly<z.input<typeof spec>>;
export type OrphanSweepStatus = Readonly<z.input<typeof status>>;
export type ListedCandidate = Readonly<z.input<typeof candidate>>;
export type SweepRun = Readonly<z.input<typeof run>>;
export type PastRun = Readonly<z.input<typeof pastRun>>;

/** As the API server fills in what is left out. */
export const DEFAULT_SWEEP = {
  interval: '1h',
  mode: 'Report',
  gracePeriods: gracePeriods.parse({}),
  limits: limits.parse({}),
} as const;

export interface OrphanSweep extends KubeObject {
  readonly spec: OrphanSweepSpec;
  readonly status?: OrphanSweepStatus;
}

export const orphanSweep: KindSchema<OrphanSweep> = {
  resource: azidResource('OrphanSweep', 'orphansweeps', false),
  singular: 'orphansweep',
  shortNames: ['sweep'],
  description:
    'Looks for what azid made in Azure and nothing in the cluster stands for any more, and reports or deletes it.',
  spec,
  status,
  rules: [],
  columns: columnsOf({
    first: [{ name: 'Orphans', type: 'integer', jsonPath: '.status.candidatesTotal' }],
    wide: [
      { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
      { name: 'Deleted', type: 'integer', jsonPath: '.status.history[0].deleted' },
      { name: 'Last-Run', type: 'date', jsonPath: '.status.history[0].startedAt' },
      { name: 'Next-Run', type: 'string', jsonPath: '.status.nextRunTime' },
    ],
  }),
};
