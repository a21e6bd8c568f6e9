import { type OrphanRecord, orphanRecord } from '../../api/orphan-record.ts';
import { isNotFound } from '../../kube/errors.ts';
import { keyOf } from '../../kube/types.ts';
import type { KindDefinition } from '../definition.ts';
import { onChange, onSelf } from '../watches/watches.ts';
import { byAge, decide, type RecordAction, type RecordFacts, surplus } from './decide.ts';
import { store } from './store.ts';

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
    async perform(_, record, { signal }) {
      const { uid, resourceVersion } = record.metadata;
      const options = { preconditions: { uid, resourceVersion } };
      try {
        await client.delete(orphanRecord.resource, keyOf(record), options, signal);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      orphanRecords.recordDelete(record);
      return { gone: true };
    },
  }),
};
