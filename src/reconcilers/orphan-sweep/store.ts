import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import type { StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<OrphanSweep> = { name: 'orphanSweeps', indexes: {} };
