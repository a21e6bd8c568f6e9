import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createPki, type Pki } from '../../simulator/certificates.ts';
import { closing } from '../../simulator/http/server.ts';
import type { KubeEndpoint } from '../access/endpoint.ts';

/**
 * A TLS server in the API server's place that answers exactly what a test tells it to: for protocol faults that a
 * real one cannot be made to commit. Everything about status, conflicts and finalizers is tested on a real one.
 */

/** One request, waiting for what the test lets happen. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
  readonly socket: Socket;
  readonly #response: ServerResponse;
  #closed = false;

  constructor(request: IncomingMessage, text: string, response: ServerResponse) {
    const url = new URL(request.url ?? '/', 'https://server');
    this.method = request.method ?? '';
    this.path = url.pathname;
    this.query = url.searchParams;
    this.headers = request.headers;
    this.body = text === '' ? undefined : JSON.parse(text);
    this.socket = request.socket;
    this.#response = response;
    response.on('close', () => {
      this.#closed = true;
    });
  }

  /** True when the answer is complete or the client has gone. */
  get closed(): boolean {
    return this.#closed;
  }

  json(body: unknown, status = 200, headers: Record<string, string> = {}): void {
    this.text(JSON.stringify(body), status, { 'content-type': 'application/json', ...headers });
  }

  text(body: string, status = 200, headers: Record<string, string> = {}): void {
    this.#response.writeHead(status, headers).end(body);
  }

  /** A `Status` failure as kube-apiserver words it. */
  fail(code: number, reason: string, details: object = {}, headers: Record<string, string> = {}): void {
    this.json(
      {
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        code,
        reason,
        message: `${reason} it is`,
        details,
      },
      code,
      headers,
    );
  }

  list(resourceVersion: string, items: readonly object[], more: object = {}): void {
    this.json({ metadata: { resourceVersion, ...more }, items });
  }

  /** Begins a watch; `send` writes one line, `end` ends it cleanly. */
  stream(): { send(line: unknown): void; raw(text: string): void; end(): void; reset(): void } {
    this.#response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    return {
      send: (line) => void this.#response.write(`${JSON.stringify(line)}\n`),
      raw: (text) => void this.#response.write(text),
      end: () => void this.#response.end(),
      reset: () => this.reset(),
    };
  }

  /** The connection breaks. */
  reset(): void {
    this.socket.destroy();
  }
}

export class ScriptedServer implements AsyncDisposable {
  readonly pki: Pki;
  readonly endpoint: KubeEndpoint;
  /** Every request so far, also those a handler took. */
  readonly exchanges: Exchange[] = [];
  /** TLS connections so far. */
  connections = 0;
  /** What clients offered to speak (ALPN). */
  readonly offeredProtocols: string[];
  /** Takes requests at once instead of leaving them for `next`. Return false to leave one. */
  handler: ((exchange: Exchange) => boolean) | undefined;
  readonly #server: Server;
  readonly #waiting: Exchange[] = [];
  readonly #takers: ((exchange: Exchange) => void)[] = [];
  readonly #close: () => Promise<void>;

  private constructor(server: Server, pki: Pki, offered: string[]) {
    this.offeredProtocols = offered;
    this.#server = server;
    this.#close = closing(server);
    this.pki = pki;
    const { port } = server.address() as AddressInfo;
    this.endpoint = {
      server: `https://127.0.0.1:${port}`,
      credentials: async () => ({ headers: { authorization: 'Bearer test' }, tls: { ca: pki.caPem } }),
      refresh: () => {},
    };
    server.on('secureConnection', () => this.connections++);
    server.on('request', (request, response) => void this.#receive(request, response));
  }

  /** @param at one that has ended, in whose place and with whose certificate this one comes */
  static async start({ at }: { readonly at?: ScriptedServer } = {}): Promise<ScriptedServer> {
    const pki = at?.pki ?? (await createPki());
    const port = at === undefined ? 0 : Number(new URL(at.endpoint.server).port);
    const offered: string[] = [];
    const server = createServer({
      ...contextOf(pki),
      requestTimeout: 0,
      keepAliveTimeout: 0,
      ALPNCallback: ({ protocols }) => {
        offered.push(...protocols);
        return 'http/1.1';
      },
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return new ScriptedServer(server, pki, offered);
  }

  /** The next request that was not taken yet. */
  next(): Promise<Exchange> {
    const exchange = this.#waiting.shift();
    if (exchange) return Promise.resolve(exchange);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** Serves another certificate from now on. */
  present(pki: Pki): void {
    this.#server.setSecureContext(contextOf(pki));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const exchange = new Exchange(request, text, response);
    this.exchanges.push(exchange);
    if (this.handler?.(exchange)) return;
    const taker = this.#takers.shift();
    if (taker) taker(exchange);
    else this.#waiting.push(exchange);
  }
}

const contextOf = (pki: Pki) => ({ cert: pki.certPem, key: pki.keyPem });
