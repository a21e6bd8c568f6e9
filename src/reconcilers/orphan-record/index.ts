import {
  MAX_ORPHAN_RECORDS,
  ORPHAN_RECORD_KEPT_MS,
  type OrphanRecord,
  orphanRecord,
} from '../../api/orphan-record.ts';
import { keyOf } from '../../kube/types.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { type CommonAction, type Decision, RECHECK_READY_MS } from '../decision.ts';
import type { KindDefinition } from '../definition.ts';
import { deleteSelf } from '../kind.ts';
import type { StoreDefinition } from '../stores.ts';
import { onChange, onSelf } from '../watches/watches.ts';

export const store: StoreDefinition<OrphanRecord> = { name: 'orphanRecords', internal: true, indexes: {} };

/** OrphanRecord: written by the sweeps, and removed here when it is old, or one too many. */
export const orphanRecordKind: KindDefinition<OrphanRecord, RecordFacts, RecordAction, object> = {
  name: 'orphanrecord',
  resource: orphanRecord.resource,
  status: orphanRecord.status,
  store,
  watches: ({ stores: { orphanRecords } }) => [
    onSelf(orphanRecords),
    onChange(orphanRecords, ({ old, new: next }) =>
      !old && next ? surplus(orphanRecords.values()).map(keyOf) : [],
    ),
  ],
  decide,
  start: ({ clock, client, stores: { orphanRecords } }) => ({
    observe: async (record) => ({
      now: clock.now(),
      newer: byAge(orphanRecords.values()).findIndex(({ metadata }) => metadata.uid === record.metadata.uid),
    }),
    perform: (_, record, { signal }) =>
      deleteSelf(record, orphanRecord.resource, orphanRecords, client, signal),
  }),
};

interface RecordFacts {
  /** Wall ms. */
  readonly now: number;
  /** How many records are newer. */
  readonly newer: number;
}

type RecordAction = CommonAction<object> | { readonly type: 'deleteSelf' };

/** What a sweep deleted is remembered for a time, and in a bounded number: the newest. */
export function decide(record: OrphanRecord, { now, newer }: RecordFacts): Decision<RecordAction, object> {
  const end = recordedAt(record) + ORPHAN_RECORD_KEPT_MS;
  const over = now >= end || newer >= MAX_ORPHAN_RECORDS;
  const message = `kept until ${timestamp(end)}, or until ${MAX_ORPHAN_RECORDS} newer ones are there; azid restore makes from it again what was deleted`;
  return {
    actions: over && !record.metadata.deletionTimestamp ? [{ type: 'deleteSelf' }] : [],
    status: {},
    summary: {
      state: 'ready',
      reason: 'Recorded',
      message,
      nextMs: Math.min(RECHECK_READY_MS, Math.max(1_000, end - now)),
    },
  };
}

/** By the API server's clock: no record is kept for good because a clock was wrong when it was written. */
function recordedAt({ metadata }: Pick<OrphanRecord, 'metadata'>): number {
  return Date.parse(metadata.creationTimestamp);
}

/** Newest first; of one second by name. */
export function byAge(records: Iterable<OrphanRecord>): OrphanRecord[] {
  return [...records].sort(
    (a, b) => recordedAt(b) - recordedAt(a) || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
}

/** Those that are one too many. */
export function surplus(records: Iterable<OrphanRecord>): OrphanRecord[] {
  return byAge(records).slice(MAX_ORPHAN_RECORDS);
}
