import type { Socket } from 'node:net';
import type { Connection, ConnectionOptions, EventContext, Message, Receiver, Sender } from 'rhea';
import { type Claim, Claims } from '../claims/claims.ts';
import type { BrokerParts } from '../parts.ts';
import { type Namespace, parseEntityPath, type QueueEntity } from '../queues/namespaces.ts';
import { type Condition, connectionIdle, fault, tracked } from './conditions.ts';
import { type Amqp, mechanisms } from './library.ts';
import { type Admitted, accept, admit, LinkGuard, watchIdle } from './link-guard.ts';
import { answerOn, manage, putToken } from './nodes.ts';
import { OutgoingLink, receiveInto } from './queue-links.ts';

/** Without a link to an entity a connection is closed after so long: after it was opened, and later (documentation). */
const UNUSED_AT_FIRST_MS = 60_000;
const UNUSED_MS = 300_000;

/** Errors of a link or the protocol end the link or the connection by themselves; without a listener the library throws them. */
const ERROR_EVENTS =
  'error connection_error session_error sender_error receiver_error protocol_error disconnected'.split(' ');

/** One connection of a client: its claims and its links. */
export class ClientConnection {
  readonly links = new Set<LinkGuard>();
  readonly #parts: BrokerParts;
  readonly #amqp: Amqp;
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #claims: Claims;
  /** As Microsoft's emulator: plain TCP and any key. */
  readonly #emulator: boolean;
  #namespace: Namespace | undefined;
  #unused: Disposable | undefined;

  constructor(parts: BrokerParts, amqp: Amqp, socket: Socket, emulator: boolean, onClosed: () => void) {
    this.#parts = parts;
    this.#amqp = amqp;
    this.#socket = socket;
    this.#emulator = emulator;
    this.#claims = new Claims(parts.authorizer);
    const container = amqp.create_container({ id: `${parts.random.uuid().replaceAll('-', '')}_G0` });
    container.sasl_server_mechanisms = mechanisms(container.sasl_server_mechanisms);
    for (const event of ERROR_EVENTS) container.on(event, () => {});
    container.on('connection_open', () => {
      this.#namespace = parts.namespaces.byHost(this.#connection.hostname);
    });
    container.on('sender_open', ({ sender }: EventContext) => sender && this.#onReceiver(sender));
    container.on('receiver_open', ({ receiver }: EventContext) => receiver && this.#onSender(receiver));
    this.#connection = container.create_connection({
      // As the service sends them (traffic).
      max_frame_size: 65_536,
      channel_max: 4_999,
      idle_time_out: 120_000,
      sender_options: { autosettle: false, treat_modified_as_released: false },
      receiver_options: { autoaccept: false, credit_window: 100 },
    } as unknown as ConnectionOptions);
    this.#connection.accept(socket);
    this.#watchUnused(UNUSED_AT_FIRST_MS);
    // The library does not notice a socket that is destroyed on this side.
    socket.once('close', () => {
      for (const link of this.links) link.drop();
      this.#unused?.[Symbol.dispose]();
      this.#connection._disconnected();
      onClosed();
    });
  }

  get host(): string {
    return this.#connection.hostname ?? '';
  }

  /** As a network that breaks: without a close frame. */
  drop(): void {
    for (const link of this.links) link.drop();
    this.#socket.destroy();
  }

  /** Closes it with a condition. */
  close(condition: Condition): void {
    for (const link of this.links) link.drop();
    this.#connection.close(tracked(condition, this.#parts));
  }

  /** Every session ends, with its links: nothing may be sent on them any more. */
  endSessions(condition: Condition): void {
    const sessions = new Set([...this.links].map(({ session }) => session));
    for (const link of this.links) link.drop();
    for (const session of sessions) session.close(tracked(condition, this.#parts));
  }

  /** A client that receives, or waits for answers. */
  #onReceiver(sender: Sender): void {
    const { address } = sender.source ?? {};
    if (isCbs(address)) {
      accept(sender);
      return;
    }
    const found = this.#admit(sender, address, 'Listen');
    if (!found) return;
    const { path, entity, queue } = found;
    if (path.management) return;
    const { faults, knobs } = this.#parts;
    const touch = () => guard.touch();
    const guard: LinkGuard = this.#guard(sender, entity, 'Listen', () => link.waits);
    const link: OutgoingLink = new OutgoingLink({
      amqp: this.#amqp,
      sender,
      queue,
      queueName: entity.name,
      faults,
      touch,
    });
    const attached = queue.attach(link);
    guard.onEnd(() => {
      attached[Symbol.dispose]();
      if (knobs.values.serviceBus.locksEndWithLink) queue.expireLocks(link);
    });
  }

  /** A client that sends, or asks a node. */
  #onSender(receiver: Receiver): void {
    const { address } = receiver.target ?? {};
    if (isCbs(address)) {
      accept(receiver);
      receiver.on('message', (context: EventContext) => {
        this.#onToken(receiver, context).catch((error: unknown) => this.close(fault(error)));
      });
      return;
    }
    const path = parseEntityPath(address);
    const found = this.#admit(receiver, address, path?.management ? 'Listen' : 'Send');
    if (!found) return;
    const { entity, queue } = found;
    if (path?.management) {
      receiver.on('message', ({ message, delivery }: EventContext) => {
        delivery?.accept();
        if (message) answerOn(this.#amqp, receiver, message, manage(this.#amqp, queue, message));
      });
      return;
    }
    const guard = this.#guard(receiver, entity, 'Send', () => false);
    const newId = () => this.#parts.random.uuid();
    receiveInto({ amqp: this.#amqp, queue, newId, guard }, receiver);
  }

  async #onToken(receiver: Receiver, { message, delivery }: EventContext): Promise<void> {
    delivery?.accept();
    if (!message) return;
    const namespace = this.#namespace;
    const answer = await putToken(this.#parts, namespace, this.#claims, message as Message, this.#emulator);
    if (answer) answerOn(this.#amqp, receiver, message, answer);
  }

  #admit(link: Sender | Receiver, address: string | undefined, claim: Claim): Admitted | undefined {
    const verdict = admit(this.#parts, this.#claims, {
      namespace: this.#namespace,
      host: this.host,
      address,
      claim,
    });
    if ('queue' in verdict) {
      accept(link);
      return verdict;
    }
    link.close(tracked(verdict, this.#parts));
    return undefined;
  }

  #guard(link: Sender | Receiver, entity: QueueEntity, claim: Claim, waits: () => boolean): LinkGuard {
    const guard = new LinkGuard(this.#parts, {
      link,
      entity,
      claim,
      claims: this.#claims,
      host: this.host,
      waits,
    });
    this.links.add(guard);
    this.#unused?.[Symbol.dispose]();
    void guard.closed.then(() => {
      this.links.delete(guard);
      if (this.links.size === 0) this.#watchUnused(UNUSED_MS);
    });
    return guard;
  }

  #watchUnused(ms: number): void {
    this.#unused?.[Symbol.dispose]();
    if (this.#socket.destroyed) return;
    this.#unused = watchIdle(this.#parts.clock, ms, () => this.close(connectionIdle(ms)));
  }
}

const isCbs = (address: string | undefined) => address?.toLowerCase() === '$cbs';
