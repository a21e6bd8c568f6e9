import { asciiLower } from '../../azure/names/ascii.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { Hint } from '../hint.ts';
import { readRecord } from './record.ts';

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
