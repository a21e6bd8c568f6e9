import type { OrphanRecord } from '../../api/orphan-record.ts';
import type { StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<OrphanRecord> = { name: 'orphanRecords', internal: true, indexes: {} };
