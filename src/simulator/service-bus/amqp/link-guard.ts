import type { Receiver, Sender, Session } from 'rhea';
import type { Claim, Claims } from '../claims/claims.ts';
import type { BrokerParts } from '../parts.ts';
import type { QueueEntity } from '../queues/namespaces.ts';
import { type Condition, entityGone, linkIdle, tokenEnded, tracked } from './conditions.ts';
import { watchIdle, watchRight } from './link-watch.ts';

/** An idle link is detached after so long (documentation). */
const IDLE_MS = 600_000;

/** A link to a queue while it is open: who may have it, for how long, and what ends it. */
export class LinkGuard {
  readonly entity: QueueEntity;
  readonly role: 'receiver' | 'sender';
  /** Whether a receiver has credit: somebody waits for messages. */
  readonly waits: () => boolean;
  readonly #parts: BrokerParts;
  readonly #link: Sender | Receiver;
  readonly #stack = new DisposableStack();
  readonly #closed = Promise.withResolvers<void>();
  readonly #idle: { touch(): void };

  constructor(
    parts: BrokerParts,
    given: {
      readonly link: Sender | Receiver;
      readonly entity: QueueEntity;
      readonly claim: Claim;
      readonly claims: Claims;
      /** As the client calls it. */
      readonly host: string;
      /** Holds idleness off. */
      readonly waits: () => boolean;
    },
  ) {
    const { link, entity, claim, claims, host, waits } = given;
    this.#parts = parts;
    this.#link = link;
    this.entity = entity;
    this.waits = waits;
    // What is a sender here is the client's receiver.
    this.role = link.is_sender() ? 'receiver' : 'sender';
    const { clock } = parts;
    const address = (link.is_sender() ? link.source : link.target)?.address ?? '';
    const consumes = this.role === 'receiver';
    const idle = watchIdle(
      clock,
      IDLE_MS,
      () => this.detach(linkIdle(link.name, consumes ? 'consumer' : 'publisher')),
      waits,
    );
    this.#idle = idle;
    this.#stack.use(idle);
    const right = {
      expiresAt: () => claims.expiryOf(address),
      holds: () => claims.allows(claim, address, entity.id, clock.now()),
    };
    const url = `sb://${host}/${address}`;
    this.#stack.use(watchRight(clock, right, () => this.detach(tokenEnded(link.name, claim, url))));
    link.on(link.is_sender() ? 'sender_close' : 'receiver_close', () => this.#close());
  }

  /** Settles when both ends know that it is closed, or the connection is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** False from the moment this end closes it: what comes later is not heard. */
  get open(): boolean {
    return !this.#stack.disposed;
  }

  get session(): Session {
    return this.#link.session;
  }

  /** Something happened on it. */
  touch(): void {
    this.#idle.touch();
  }

  /** Called when this end or the other closes it, whichever is first. */
  onEnd(listener: () => void): void {
    this.#stack.defer(listener);
  }

  detach(condition: Condition): void {
    this.#link.close(tracked(condition, this.#parts));
    this.#stack.dispose();
  }

  /** The queue is gone. */
  entityGone(): void {
    this.detach(entityGone(this.#link.name));
  }

  /** Its session or connection ends, in words or without. */
  drop(): void {
    this.#close();
  }

  #close(): void {
    this.#stack.dispose();
    this.#closed.resolve();
  }
}
