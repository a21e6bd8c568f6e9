import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Frame } from '../frame.ts';
import type { Callers } from '../http/request-log.ts';
import { closing, listening } from '../http/server.ts';
import type { AccessTokens } from '../token/access-tokens.ts';
import { ClientConnection } from './amqp/client-connection.ts';
import type { Condition } from './amqp/conditions.ts';
import { loadAmqp } from './amqp/library.ts';
import { BrokerFaults, type BrokerParts, type PutToken } from './parts.ts';
import type { Namespaces } from './queues/namespaces.ts';

/**
 * Service Bus as far as queues go: namespaces and queues in the world, and a broker that speaks AMQP 1.0 to unchanged clients
 * (docs/azure-facts.md section 10).
 */
export interface ServiceBusPart extends AsyncDisposable {
  readonly namespaces: Namespaces;
  readonly broker: Broker;
  readonly faults: BrokerFaults;
  /** Tokens put at `$cbs`, oldest first: the latest thousand. */
  tokensPut(): readonly PutToken[];
}

const KEPT_TOKENS = 1_000;

export async function createServiceBus(
  frame: Frame,
  parts: {
    readonly tokens: AccessTokens;
    readonly callers: Callers;
    readonly namespaces: Namespaces;
  },
  options: BrokerOptions,
): Promise<ServiceBusPart> {
  const faults = new BrokerFaults();
  const put: PutToken[] = [];
  const onToken = (token: PutToken) => {
    put.push(token);
    if (put.length > KEPT_TOKENS) put.shift();
  };
  const broker = await Broker.start({ ...frame, ...parts, faults, onToken }, options);
  return {
    namespaces: parts.namespaces,
    broker,
    faults,
    tokensPut: () => put,
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

interface BrokerOptions {
  /** Of the endpoint over TLS, and of the one over plain TCP; 0: any free one. */
  readonly port: number;
  readonly plainPort: number;
  readonly tls: { readonly certPem: string; readonly keyPem: string };
}

/** A link as the control endpoint shows it. */
interface LinkView {
  readonly queue: string;
  readonly role: 'receiver' | 'sender';
  /** Of a receiver: it has credit, so messages go to it. */
  readonly waits: boolean;
}

/**
 * The broker's two listeners on 127.0.0.1: AMQP over TLS, as Azure has it, and over plain TCP, as Microsoft's emulator has it.
 * It can go away and come back under the same ports; what the queues hold stays.
 */
class Broker implements AsyncDisposable {
  readonly #parts: BrokerParts;
  readonly #options: BrokerOptions;
  readonly #connections = new Set<ClientConnection>();
  #doors: { readonly port: number; close(): Promise<void> }[] = [];
  #ports: readonly [tls: number, plain: number];
  #return: Disposable | undefined;

  private constructor(parts: BrokerParts, options: BrokerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#ports = [options.port, options.plainPort];
    parts.namespaces.onQueueRemoved((queue) => {
      for (const link of this.#links()) if (link.entity === queue) link.entityGone();
    });
  }

  static async start(parts: BrokerParts, options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(parts, options);
    await broker.#open();
    return broker;
  }

  /** `sb://127.0.0.1:<port>`: what clients give as their custom endpoint address, or as their namespace. */
  get endpoint(): string {
    return `sb://127.0.0.1:${this.#ports[0]}`;
  }

  /** The same over plain TCP, for connection strings with `UseDevelopmentEmulator=true`. */
  get plainEndpoint(): string {
    return `sb://127.0.0.1:${this.#ports[1]}`;
  }

  links(): LinkView[] {
    return this.#links().map(({ entity, role, waits }) => ({ queue: entity.name, role, waits: waits() }));
  }

  /** As a network that breaks; how many connections there were. */
  drop(): number {
    const dropped = this.#connections.size;
    for (const connection of this.#connections) connection.drop();
    return dropped;
  }

  /** Detaches the links to a queue, or all, with a condition; how many there were. */
  detach(condition: Condition, queue?: string): number {
    const links = this.#links().filter(
      ({ entity }) => queue === undefined || entity.name.toLowerCase() === queue.toLowerCase(),
    );
    for (const link of links) link.detach(condition);
    return links.length;
  }

  endSessions(condition: Condition): void {
    for (const connection of this.#connections) connection.endSessions(condition);
  }

  closeConnections(condition: Condition): number {
    for (const connection of this.#connections) connection.close(condition);
    return this.#connections.size;
  }

  /** Nothing listens at its ports, for so long, or until `comeBack`. */
  async goAway(ms?: number): Promise<void> {
    this.#return?.[Symbol.dispose]();
    const doors = this.#doors;
    this.#doors = [];
    this.drop();
    await Promise.all(doors.map((door) => door.close()));
    if (ms !== undefined) this.#return = this.#parts.clock.timer(ms, () => void this.comeBack());
  }

  /** Under the same ports. */
  async comeBack(): Promise<void> {
    this.#return?.[Symbol.dispose]();
    if (this.#doors.length === 0) await this.#open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goAway();
    this.#parts.namespaces[Symbol.dispose]();
  }

  #links() {
    return [...this.#connections].flatMap(({ links }) => [...links]);
  }

  async #open(): Promise<void> {
    const { certPem: cert, keyPem: key } = this.#options.tls;
    const tls = createTlsServer({ cert, key });
    tls.on('secureConnection', (socket) => void this.#accept(socket, false));
    const plain = createServer((socket) => void this.#accept(socket, true));
    this.#doors = await Promise.all([listen(tls, this.#ports[0]), listen(plain, this.#ports[1])]);
    this.#ports = [this.#doors[0]?.port ?? 0, this.#doors[1]?.port ?? 0];
  }

  async #accept(socket: Socket, emulator: boolean): Promise<void> {
    // A client that goes away in the middle is no error of the broker.
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    const amqp = await loadAmqp();
    if (socket.destroyed || this.#doors.length === 0) return void socket.destroy();
    const connection: ClientConnection = new ClientConnection(this.#parts, amqp, socket, emulator, () =>
      this.#connections.delete(connection),
    );
    this.#connections.add(connection);
  }
}

async function listen(server: Server, port: number) {
  const close = closing(server);
  return { port: await listening(server, port), close };
}
