import type { Receiver, Sender } from 'rhea';
import type { Claim, Claims } from '../claims/claims.ts';
import type { BrokerParts } from '../parts.ts';
import { type EntityPath, parseEntityPath } from '../queues/entity-path.ts';
import type { Namespace, QueueEntity } from '../queues/namespaces.ts';
import type { Queue } from '../queues/queue.ts';
import { type Condition, notFound, unauthorized } from './conditions.ts';

/** Where a link that was admitted leads. */
export interface Admitted {
  readonly path: EntityPath;
  readonly entity: QueueEntity;
  readonly queue: Queue;
}

/** Whether a link may be had: the queue it is for, or why not. */
export function admit(
  parts: Pick<BrokerParts, 'clock' | 'faults' | 'namespaces'>,
  claims: Claims,
  asked: {
    readonly namespace: Namespace | undefined;
    /** As the client calls it. */
    readonly host: string;
    readonly address: string | undefined;
    readonly claim: Claim;
  },
): Admitted | Condition {
  const { namespace, host, address = '', claim } = asked;
  const url = `sb://${namespace?.host ?? host}/${address}`;
  const path = parseEntityPath(address);
  const fault = parts.faults.strike({ at: 'attach', queue: path?.queue ?? '' });
  if (fault) return { condition: fault.condition, description: fault.description };
  // Whoever has put no token at all does not learn what exists.
  if (claims.expiryOf(address) === undefined) return unauthorized(claim, url);
  const entity = path && namespace && parts.namespaces.queueOf(namespace, path.queue);
  if (!path || !entity) return notFound(url);
  if (!claims.allows(claim, address, entity.id, parts.clock.now())) return unauthorized(claim, url);
  return { path, entity, queue: path.deadLetters ? entity.deadLetters : entity.active };
}

/** Says where the link leads; one that is refused says nothing before it is detached, as AMQP has it. */
export function accept(link: Sender | Receiver): void {
  link.set_source(addressOf(link.source));
  link.set_target(addressOf(link.target));
}

const addressOf = (terminus: { readonly address?: string } | undefined) =>
  (terminus?.address ? { address: terminus.address } : {}) as { readonly address: string };
