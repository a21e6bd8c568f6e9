import type { Receiver, Sender, Session } from 'rhea';
import type { Clock } from '../../clock.ts';
import type { Claim, Claims } from '../claims/claims.ts';
import type { BrokerParts } from '../parts.ts';
import { type EntityPath, type Namespace, parseEntityPath, type QueueEntity } from '../queues/namespaces.ts';
import type { Queue } from '../queues/queue.ts';
import {
  type Condition,
  entityGone,
  linkIdle,
  notFound,
  tokenEnded,
  tracked,
  unauthorized,
} from './conditions.ts';

/** Where a link that was admitted leads. */
export interface Admitted {
  readonly path: EntityPath;
  readonly entity: QueueEntity;
  readonly queue: Queue;
}

/** Whether a link may be had: the queue it is for, or why not. */
export function admit(
  parts: BrokerParts,
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
  // A client that has put no token at all does not learn what exists.
  if (claims.expiryOf(address) === undefined) return unauthorized(claim, url);
  const entity = path && namespace && parts.namespaces.queueOf(namespace, path.queue);
  if (!path || !entity) return notFound(url);
  if (!claims.allows(claim, address, entity.id, parts.clock.now())) return unauthorized(claim, url);
  return { path, entity, queue: path.deadLetters ? entity.deadLetters : entity.active };
}

/** Sets source and target of an admitted link; a refused one has none before it is detached, as AMQP has it. */
export function accept(link: Sender | Receiver): void {
  link.set_source(addressOf(link.source));
  link.set_target(addressOf(link.target));
}

const addressOf = (terminus: { readonly address?: string } | undefined) =>
  (terminus?.address ? { address: terminus.address } : {}) as { readonly address: string };

/** An idle link is detached after so long (documentation). */
const IDLE_MS = 600_000;

/** A link to a queue while it is open: who may have it, for how long, and what ends it. */
export class LinkGuard {
  readonly entity: QueueEntity;
  readonly role: 'receiver' | 'sender';
  /** Whether a receiver has credit: its client waits for messages. */
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

  /** Settles when both ends have closed it, or the connection is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** False from the moment this end closes it: what comes later is ignored. */
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

/**
 * Fires when nothing was touched for so long. Lazy: touching moves no timer, the timer checks when it fires. `busy` holds
 * it off, as the outstanding credit of a receiver does.
 */
export function watchIdle(
  clock: Clock,
  idleMs: number,
  onIdle: () => void,
  busy: () => boolean = () => false,
): Disposable & { touch(): void } {
  let touchedAt = clock.monotonic();
  let timer: Disposable | undefined;
  const arm = (ms: number) => {
    timer = clock.timer(ms, () => {
      const left = touchedAt + idleMs - clock.monotonic();
      if (busy()) arm(idleMs);
      else if (left > 0) arm(left);
      else onIdle();
    });
  };
  arm(idleMs);
  return {
    touch() {
      touchedAt = clock.monotonic();
    },
    [Symbol.dispose]: () => timer?.[Symbol.dispose](),
  };
}

/** Timers of the platform run 24 days at most, and tokens of tests may last years. */
const LONGEST_MS = 24 * 3600_000;

/** Fires when the right to a link has ended and was not given anew: checks whenever the last token put so far ends. */
function watchRight(
  clock: Clock,
  right: { expiresAt(): number | undefined; holds(): boolean },
  onEnded: () => void,
): Disposable {
  let timer: Disposable | undefined;
  const arm = () => {
    const left = Math.max(0, (right.expiresAt() ?? 0) - clock.now());
    timer = clock.timer(Math.min(left, LONGEST_MS), () => {
      if (right.holds()) arm();
      else onEnded();
    });
  };
  arm();
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}
