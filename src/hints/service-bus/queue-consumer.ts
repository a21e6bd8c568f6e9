import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/queue/backoff.ts';
import { RecentMap } from '../../runtime/recent-map.ts';
import { firstOf, unlessAborted } from '../../runtime/time/bounded-waits.ts';
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import { noTracer, type Tracer } from '../../runtime/trace.ts';
import type { Refusal } from '../events/envelope.ts';
import type { HintSink } from '../hint.ts';
import type { SourceMetrics } from '../metrics.ts';
import { ClockHistory, WAITED_MS } from './clocks.ts';
import { CallTimedOut, isLockLost, queueFailureOf, waitAfter } from './failure.ts';
import {
  type BrokerAccess,
  CALL_LIMIT_MS,
  openQueue,
  type QueueAddress,
  type QueueLink,
  type Settlement,
  settleAll,
  type Verdict,
} from './queue-link.ts';
import { QueueHistory, type QueueState } from './queue-state.ts';
import { SEEN_EVENTS, type Taken, takeMessage } from './take-message.ts';

export interface QueueConsumerOptions {
  readonly address: QueueAddress;
  readonly access: BrokerAccess;
  readonly sink: HintSink;
  readonly metrics: SourceMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly tracer?: Tracer | undefined;
  /** Something that `state` shows is another now. `soon`: it matters at once. */
  readonly onChange?: (soon: boolean) => void;
  /** Events of these Azure subscriptions came. */
  readonly onEvents?: (subscriptions: ReadonlySet<string>) => void;
}

/** So many messages are in hand at a time: of the 1 MiB that one has at most. */
const BATCH = 32;
/** A first call that comes back shows that there is a queue, and the right to receive from it. */
const FIRST_WAIT_MS = 500;
/** Each call ends with the credit given back, which shows that the broker still listens. */
const WAIT_MS = 60_000;
/** What is not settled, or closed, within this when azid stops comes again by itself. */
const STOP_LIMIT_MS = 5_000;
/** More log lines about messages of the same kind would say nothing new. */
const LOG_EVERY_MS = 60_000;

/**
 * A call that has not come back so long after it should have never will: connecting, a token and giving back the credit are in it. The
 * client's own limits are shorter, and end only what its link knows to be open.
 */
const GRACE_MS = 4 * CALL_LIMIT_MS;

const GIVE_BACK: Verdict = { outcome: 'abandoned' };

/**
 * Receives from one queue for as long as it runs: gives each event's hint to the sink, settles every message, and connects again for
 * ever. A message is completed once its hints were taken: a read that fails afterwards is made up for by the next list
 * (docs/architecture.md section 2).
 */
export class QueueConsumer {
  readonly #options: QueueConsumerOptions;
  readonly #seen = new RecentMap<true>(SEEN_EVENTS);
  readonly #history: QueueHistory;
  readonly #clocks: ClockHistory;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: QueueConsumerOptions) {
    this.#options = options;
    const onChange = (soon: boolean) => options.onChange?.(soon);
    this.#history = new QueueHistory(options.clock, onChange);
    this.#clocks = new ClockHistory(options.clock, onChange);
  }

  get state(): QueueState {
    const clocks = this.#clocks.state;
    return { ...this.#history.state, ...(clocks && { clocks }) };
  }

  /** Until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#receive(signal, () => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const failure = queueFailureOf(error);
        const level = this.#history.failed(failure) ? 'warn' : 'debug';
        log[level]({ error, ...failure, failures }, 'the queue of events cannot be received from');
        await sleep(clock, waitAfter(failure, failures, random), signal).catch(() => {});
      }
    }
  }

  async #receive(signal: AbortSignal, onReceiving: () => void): Promise<void> {
    const { address, access } = this.#options;
    const link = await openQueue(address, access);
    try {
      for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = WAIT_MS) {
        const askedAt = this.#options.clock.monotonic();
        const messages = await this.#ask(link, waitMs, signal);
        const waitedMs = this.#options.clock.monotonic() - askedAt;
        onReceiving();
        if (this.#history.received()) this.#options.log.info({}, 'receiving from the queue of events');
        // The first call also connects, so that it may be late for messages that lay there.
        const wasEmpty = waitMs === WAIT_MS && waitedMs >= WAITED_MS;
        await this.#handle(messages, link, signal, wasEmpty ? waitedMs : undefined);
      }
    } finally {
      await this.#within(Promise.resolve(link[Symbol.asyncDispose]()));
    }
  }

  /** The client heeds a signal only once it is connected, and after a connection that broke it may wait for nothing. */
  async #ask(
    link: QueueLink,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<readonly ServiceBusReceivedMessage[]> {
    const late = Promise.withResolvers<never>();
    using _limit = this.#options.clock.timer(waitMs + GRACE_MS, () => late.reject(new CallTimedOut()));
    return await unlessAborted(Promise.race([link.receive(BATCH, waitMs, signal), late.promise]), signal);
  }

  /** What is in hand when azid stops is given back, so that the next leader has it at once. */
  async #handle(
    messages: readonly ServiceBusReceivedMessage[],
    link: QueueLink,
    signal: AbortSignal,
    waitedMs: number | undefined,
  ): Promise<void> {
    if (messages.length === 0) return;
    const verdicts: Settlement[] = [];
    for (const message of messages)
      verdicts.push({ message, ...(signal.aborted ? GIVE_BACK : await this.#take(message, waitedMs)) });
    await this.#settle(verdicts, link, signal);
  }

  /** A message that is not settled in time comes again by itself: nothing else waits for it. */
  async #settle(verdicts: readonly Settlement[], link: QueueLink, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const open = new Set(verdicts);
    let broken: unknown;
    const settled = settleAll(verdicts, link.receiver, (settlement, error) => {
      if (!open.delete(settlement)) return;
      this.#settled(settlement, error);
      if (error !== undefined && !isLockLost(error)) broken = error;
    });
    await firstOf(settled, { signals: [signal], clock, ms: GRACE_MS });
    if (signal.aborted) return this.#within(settled);
    if (open.size > 0) broken ??= new CallTimedOut();
    for (const each of open) this.#settled(each, broken);
    open.clear();
    // A link that settles nothing does not receive either, and does not always know.
    if (broken !== undefined) throw broken;
  }

  async #take(message: ServiceBusReceivedMessage, waitedMs: number | undefined): Promise<Verdict> {
    const { sink, metrics, clock, log } = this.#options;
    const { messageId } = message;
    let taken: Taken;
    try {
      taken = await this.#traced(() => takeMessage(message, { sink, metrics, clock, seen: this.#seen }));
    } catch (error) {
      log.error({ error, messageId }, 'a message of the queue of events was not taken');
      return GIVE_BACK;
    }
    if (taken.events > 0) {
      this.#options.onEvents?.(taken.subscriptions);
      this.#history.eventCame();
    }
    if (taken.isOfOthers) this.#ofOthers(messageId);
    this.#checkClocks(message, taken.clockOff, waitedMs);
    const { refused } = taken;
    if (!refused) return { outcome: 'completed' };
    this.#refuse(refused, message);
    return { outcome: 'deadLettered', refused };
  }

  /** A trace for each message: what it leads to is read later, by others. */
  #traced(take: () => Promise<Taken>): Promise<Taken> {
    const { tracer = noTracer, address } = this.#options;
    const attributes = { 'messaging.system': 'servicebus', 'messaging.destination.name': address.queue };
    return tracer.run(
      `process ${address.queue}`,
      { kind: 'consumer', isRoot: true, attributes },
      async (span) => {
        const taken = await take();
        span.set({ 'azid.events': taken.events });
        if (taken.refused) span.fail(taken.refused.reason);
        return taken;
      },
    );
  }

  #checkClocks(message: ServiceBusReceivedMessage, eventsOff: boolean, waitedMs: number | undefined): void {
    const { messageId, enqueuedTimeUtc, deliveryCount = 0 } = message;
    const differMinutes = this.#clocks.came({
      enqueuedAt: enqueuedTimeUtc?.getTime(),
      // One that comes again did not reach the queue just now.
      waitedMs: deliveryCount === 0 ? waitedMs : undefined,
      eventsOff,
    });
    if (eventsOff) this.#seldom({ messageId }, 'the time of an event cannot be right');
    if (differMinutes === undefined) return;
    this.#options.metrics.clockOff();
    this.#seldom({ messageId, differMinutes }, 'the clocks of azid and of Service Bus differ');
  }

  /** One that is not settled comes again when its lock ends, and is known by the ids of its events. */
  #settled({ outcome, message: { messageId } }: Settlement, error: unknown): void {
    const { metrics, log } = this.#options;
    metrics.settled(error === undefined ? outcome : 'failed');
    if (error !== undefined)
      log.debug({ error, messageId, outcome }, 'a message could not be settled and will come again');
  }

  #refuse(refused: Refusal, { messageId }: ServiceBusReceivedMessage): void {
    this.#options.metrics.deadLettered(refused.reason);
    this.#seldom({ messageId, ...refused }, 'a message of the queue of events cannot be understood');
    this.#history.unreadableCame(refused);
  }

  /** Of a storage account, say, or of Azure Resource Notifications: they bring nothing of Resource Manager. */
  #ofOthers(messageId: unknown): void {
    this.#history.othersCame();
    if (this.#history.state.others)
      this.#seldom(
        { messageId },
        'events of another source than Resource Manager come to the queue of events',
      );
  }

  #seldom(fields: Record<string, unknown>, message: string): void {
    const { log, clock } = this.#options;
    const due = clock.monotonic() - this.#loggedAt >= LOG_EVERY_MS;
    if (due) this.#loggedAt = clock.monotonic();
    log[due ? 'warn' : 'debug'](fields, message);
  }

  /** A broker that is gone does not close in words, and nothing waits for it. */
  async #within(work: Promise<unknown>): Promise<void> {
    const { clock } = this.#options;
    await firstOf(
      work.catch(() => {}),
      { clock, ms: STOP_LIMIT_MS },
    );
  }
}
