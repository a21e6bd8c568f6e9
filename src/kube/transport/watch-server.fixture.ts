import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createPki, type Pki } from '../../simulator/certificates.ts';
import type { KubeEndpoint } from '../access/endpoint.ts';

/** A TLS server that speaks HTTP/2 in the API server's place, behind a network that can fall silent: for what becomes of watches. */

export class WatchServer implements AsyncDisposable {
  readonly endpoint: KubeEndpoint;
  readonly sessions: ServerHttp2Session[] = [];
  readonly streams: { readonly stream: ServerHttp2Stream; readonly path: string }[] = [];
  /** PINGs that arrived. */
  pings = 0;
  /** What clients present themselves with: another one is another connection. */
  token = 'test';
  readonly #server: Http2SecureServer;
  readonly #network: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Http2SecureServer, pki: Pki) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.#network = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          near.destroy();
          far.destroy();
          this.#sockets.delete(socket);
        });
      }
    });
    server.on('session', (session) => {
      this.sessions.push(session);
      session.on('ping', () => this.pings++);
      session.on('error', () => {});
    });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      this.streams.push({ stream, path: String(headers[':path']) });
      if (headers.authorization !== 'Bearer test') {
        stream.respond({ ':status': 410, 'content-type': 'application/json' });
        stream.end(JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }));
        return;
      }
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
    });
    this.endpoint = {
      server: '',
      credentials: async () => ({
        headers: { authorization: `Bearer ${this.token}` },
        tls: { ca: pki.caPem },
      }),
      refresh: () => {},
    };
  }

  static async start(): Promise<WatchServer> {
    const pki = await createPki();
    const server = createSecureServer({ cert: pki.certPem, key: pki.keyPem });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const made = new WatchServer(server, pki);
    await new Promise<void>((resolve) => made.#network.listen(0, '127.0.0.1', resolve));
    const { port } = made.#network.address() as AddressInfo;
    (made.endpoint as { server: string }).server = `https://127.0.0.1:${port}`;
    return made;
  }

  send(at: number, line: unknown): void {
    this.streams[at]?.stream.write(`${JSON.stringify(line)}\n`);
  }

  /** What is connected stays connected, and carries nothing more in either direction. */
  silence(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      [this.#network, this.#server].map((each) => new Promise((resolve) => each.close(resolve))),
    );
  }
}
