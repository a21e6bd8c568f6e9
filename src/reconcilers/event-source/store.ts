import type { EventSource } from '../../api/event-source.ts';
import type { StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<EventSource> = { name: 'eventSources', indexes: {} };
