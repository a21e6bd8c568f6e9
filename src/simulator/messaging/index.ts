/**
 * @module What of Service Bus, Event Grid and storage is a resource of Resource Manager: namespaces, queues, system topics, event
 * subscriptions, containers and how long their blobs are kept. The services themselves are in `service-bus/` and `events/`.
 */
import type { Topics } from '../events/topics.ts';
import type { Frame } from '../frame.ts';
import type { Operation } from '../http/operation.ts';
import type { SystemIdentities } from '../identities/system-identity.ts';
import type { Namespaces } from '../service-bus/queues/namespaces.ts';
import { eventSubscriptionOperations } from './event-subscriptions.ts';
import { KeptResources } from './kept.ts';
import { namespaceOperations } from './namespaces.ts';
import { queueOperations } from './queues.ts';
import { containerOperations, managementPolicyOperations } from './storage.ts';
import { systemTopicOperations } from './system-topics.ts';

export function messagingOperations(
  frame: Frame,
  parts: {
    readonly namespaces: Namespaces;
    readonly topics: Topics;
    readonly systemIdentities: SystemIdentities;
  },
): readonly Operation[] {
  const kept = new KeptResources(frame.world);
  return [
    ...namespaceOperations(frame, kept, parts.namespaces),
    ...queueOperations(frame, kept, parts.namespaces),
    ...containerOperations(frame, kept),
    ...managementPolicyOperations(frame, kept),
    ...systemTopicOperations(frame, kept, parts),
    ...eventSubscriptionOperations(frame, kept, parts),
  ];
}
