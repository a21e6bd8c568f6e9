/**
 * What a record of the Activity Log says (docs/azure-facts.md section 11). A call makes a record as it begins and one as it ends; what
 * Azure only accepted goes on, and ends in a third. The end counts: before it nothing is certain to have changed.
 */
import { z } from 'zod';
import { armKey } from '../../azure/names/resource-id.ts';
import { asciiLower } from '../../azure/names/text.ts';
import { callerOf, subjectOf } from '../foreign-texts.ts';
import type { Hint } from '../hint.ts';

/** The providers whose records are asked for: identities and their credentials, assignments and roles. */
export const PROVIDERS = ['Microsoft.ManagedIdentity', 'Microsoft.Authorization'] as const;

/** The end of an operation on something that azid reads, as a hint, and what distinguishes the record from others. */
interface EndRecord {
  readonly type: 'end';
  readonly eventDataId: string;
  /** The same for all records of one call. */
  readonly call: string;
  readonly hint: Hint;
}

type ReadRecord = { readonly submittedAt: number } & (
  | EndRecord
  /** It began, or goes on. */
  | { readonly type: 'open' }
  /** Of an operation that changes nothing that azid reads. */
  | { readonly type: 'other' }
);

const IDENTITY = 'microsoft.managedidentity/userassignedidentities';

/**
 * Operations that change what azid reads. The others of the two providers (assigning an identity to a resource,
 * revoking its tokens, locks, policies, querying rights) leave identities, credentials, assignments and roles as they
 * are.
 */
const CHANGES: Readonly<Record<string, Hint['change']>> = Object.fromEntries(
  [
    IDENTITY,
    `${IDENTITY}/federatedidentitycredentials`,
    'microsoft.authorization/roleassignments',
    'microsoft.authorization/roledefinitions',
  ].flatMap((type) => (['write', 'delete'] as const).map((change) => [`${type}/${change}`, change])),
);

/** The second of each is how the log is exported elsewhere. */
const RESULTS: Readonly<Record<string, Hint['result']>> = {
  succeeded: 'Succeeded',
  success: 'Succeeded',
  failed: 'Failed',
  failure: 'Failed',
  canceled: 'Canceled',
  cancelled: 'Canceled',
};

const named = z.looseObject({ value: z.string() });
const id = z.string().min(1).max(128);
const time = z
  .string()
  .transform((text) => Date.parse(text))
  .pipe(z.number());

const shape = z.looseObject({
  eventDataId: id,
  correlationId: id.nullish(),
  operationId: id.nullish(),
  operationName: named,
  resourceId: z.string(),
  status: named,
  eventTimestamp: time,
  submissionTimestamp: time.nullish(),
  claims: z.unknown().optional(),
});

/** Undefined: it has not the form of a record. */
export function readRecord(value: unknown): ReadRecord | undefined {
  const read = shape.safeParse(value);
  if (!read.success) return undefined;
  const { eventDataId, correlationId, operationId, operationName, resourceId, status, claims } = read.data;
  const at = read.data.eventTimestamp;
  const submittedAt = read.data.submissionTimestamp ?? at;
  const change = Object.hasOwn(CHANGES, asciiLower(operationName.value))
    ? CHANGES[asciiLower(operationName.value)]
    : undefined;
  if (change === undefined) return { type: 'other', submittedAt };
  const state = asciiLower(status.value);
  const result = Object.hasOwn(RESULTS, state) ? RESULTS[state] : undefined;
  if (result === undefined) return { type: 'open', submittedAt };
  const subject = subjectOf(resourceId);
  if (!subject) return undefined;
  const caller = callerOf(claims);
  return {
    type: 'end',
    submittedAt,
    eventDataId,
    call: operationId ?? eventDataId,
    hint: {
      source: 'record',
      id: subject.id,
      operation: operationName.value,
      change,
      result,
      at,
      ...(correlationId && { correlationId }),
      ...(caller && { caller }),
    },
  };
}

/** What one page of records comes to. */
interface ReadPage {
  /** In the order in which it happened; one for each call that ended. */
  readonly hints: readonly Hint[];
  /** All ends that were not known, those of which no hint came among them. */
  readonly ends: readonly { readonly eventDataId: string; readonly at: number }[];
  /** Records that say nothing to azid, beginnings and other operations, as far as the log took them in since the last time. */
  readonly passedOver: number;
  /** What has not the form of a record. */
  readonly unreadable: number;
  /** When the log took in the last of them, wall ms of Azure's clock. */
  readonly submittedAt: number | undefined;
}

/**
 * @param isKnown whether a record with this `eventDataId` was read before: ranges overlap
 * @param since how far the log was read before, wall ms of Azure's clock
 */
export function readPage(
  records: readonly unknown[],
  isKnown: (eventDataId: string) => boolean,
  since = Number.NEGATIVE_INFINITY,
): ReadPage {
  const hints = new Map<string, Hint>();
  const ends: { eventDataId: string; at: number }[] = [];
  let [passedOver, unreadable] = [0, 0];
  let submittedAt: number | undefined;
  for (const each of records) {
    const record = readRecord(each);
    if (!record) {
      unreadable++;
      continue;
    }
    submittedAt = Math.max(record.submittedAt, submittedAt ?? record.submittedAt);
    if (record.type !== 'end') {
      if (record.submittedAt > since) passedOver++;
      continue;
    }
    const { eventDataId, call, hint } = record;
    if (isKnown(eventDataId)) continue;
    ends.push({ eventDataId, at: hint.at });
    // Services along the way may each record the end of a call.
    const key = [call, armKey(hint.id), asciiLower(hint.operation), hint.result].join('\n');
    if (hint.at > (hints.get(key)?.at ?? Number.NEGATIVE_INFINITY)) hints.set(key, hint);
  }
  const inOrder = [...hints.values()].sort((left, right) => left.at - right.at);
  return { hints: inOrder, ends, passedOver, unreadable, submittedAt };
}
