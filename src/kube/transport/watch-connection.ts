import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { TlsMaterial } from '../access/endpoint.ts';
import { NotConnected } from '../errors.ts';
import { CONNECT_TIMEOUT_MS, contextOf, textOf } from './agent.ts';
import type { StreamAnswer } from './answer.ts';

/** Of HTTP/2's 64 KiB a first list over a long line would bring as much each time that the line is crossed. */
const STREAM_WINDOW = 1 << 20;
const CONNECTION_WINDOW = 1 << 22;

interface WatchConnectionOptions {
  /** `https://host:port`. */
  readonly origin: string;
  readonly clock: Clock;
  /** A PING goes out this often, and is answered before the next. */
  readonly pingMs: number;
}

interface Session {
  readonly material: string;
  /** Undefined: the server, or a proxy before it, does not speak HTTP/2. */
  readonly opened: Promise<ClientHttp2Session | undefined>;
}

/**
 * All watches over one HTTP/2 connection, which is asked by PINGs whether it lives: a silent watch does not show
 * whether nothing happens or nothing arrives (docs/kubernetes.md section 1). Node's own HTTP/2, since undici's gives
 * a PING no time limit. Other calls do not use it: they have time limits, and a call that is stuck ends its
 * connection.
 */
export class WatchConnection {
  readonly #options: WatchConnectionOptions;
  #current: Session | undefined;
  readonly #open = new Set<ClientHttp2Session>();
  #closed = false;

  constructor(options: WatchConnectionOptions) {
    this.#options = options;
  }

  /** A GET, up to its headers; undefined where there is no HTTP/2. `signal` ends it, the body included. */
  async get(
    path: string,
    headers: Readonly<Record<string, string>>,
    tls: TlsMaterial,
    signal: AbortSignal,
  ): Promise<StreamAnswer | undefined> {
    for (let attempt = 1; ; attempt++) {
      const held = this.#session(tls);
      const session = await unlessAborted(held.opened, signal);
      if (!session) return undefined;
      // A session that was cut fails its watches before our own `close` handler has run.
      if (session.closed || session.destroyed) {
        this.#leave(held);
        continue;
      }
      const stream = session.request({ ':method': 'GET', ':path': path, ...headers }, { signal });
      try {
        return await answerOf(stream);
      } catch (error) {
        // The server was about to end the connection, and has not processed the request.
        const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
        if (!isRefused || attempt > 1) throw error;
        this.#leave(held);
      }
    }
  }

  /** Ends every watch and the connection at once. */
  close(): void {
    this.#closed = true;
    this.#current = undefined;
    for (const session of this.#open) session.destroy(lost('the transport is closed'));
  }

  #session(tls: TlsMaterial): Session {
    if (this.#closed) throw new Error('Expected the transport to be open, got a watch after close()');
    const material = textOf(tls);
    if (this.#current?.material === material) return this.#current;
    // What runs over the one before goes on until it ends by itself, within ten minutes.
    const session: Session = { material, opened: this.#connect(tls, () => this.#leave(session)) };
    this.#current = session;
    session.opened.catch(() => this.#leave(session));
    return session;
  }

  /** The next watch opens another connection. */
  #leave(session: Session): void {
    if (this.#current === session) this.#current = undefined;
  }

  /** @param onLeave it takes no new watch any more */
  async #connect(tls: TlsMaterial, onLeave: () => void): Promise<ClientHttp2Session | undefined> {
    const { origin } = this.#options;
    const socket = await openSocket(new URL(origin), tls);
    if (socket.alpnProtocol !== 'h2' || this.#closed) {
      socket.destroy();
      return undefined;
    }
    const session = connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW },
    });
    session.on('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW));
    // Each watch reports it.
    session.on('error', () => {});
    session.on('goaway', onLeave);
    this.#open.add(session);
    const pings = keepAsking(session, this.#options);
    session.on('close', () => {
      pings[Symbol.dispose]();
      this.#open.delete(session);
      onLeave();
    });
    return session;
  }
}

/** Ends the session when a PING was not answered by the time of the next. */
function keepAsking(session: ClientHttp2Session, { clock, pingMs }: WatchConnectionOptions): Disposable {
  let answered = true;
  let timer = clock.timer(pingMs, ask);
  function ask(): void {
    if (session.destroyed) return;
    if (!answered) {
      session.destroy(lost(`no answer to a PING within ${pingMs} ms`, 'ETIMEDOUT'));
      return;
    }
    answered = false;
    session.ping((error) => {
      answered = error === null;
    });
    timer = clock.timer(pingMs, ask);
  }
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

function openSocket({ hostname, port }: URL, tls: TlsMaterial): Promise<TLSSocket> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const servername = tls.servername ?? (isIP(host) ? undefined : host);
  const socket = connectTls({
    host,
    port: Number(port || 443),
    ALPNProtocols: ['h2', 'http/1.1'],
    ...(servername !== undefined && { servername }),
    ...(tls.insecure && { rejectUnauthorized: false }),
    secureContext: contextOf(tls),
  });
  const opened = Promise.withResolvers<TLSSocket>();
  // The network's time limit, like undici's for the other calls: the clock passed in cannot measure it.
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(lost('no connection in time', 'ETIMEDOUT')));
  socket.once('secureConnect', () => {
    socket.setTimeout(0);
    opened.resolve(socket);
  });
  socket.on('error', (error) => opened.reject(new NotConnected(error)));
  socket.once('close', () => opened.reject(new NotConnected(lost('the connection ended'))));
  return opened.promise;
}

function lost(message: string, code: 'ECONNRESET' | 'ETIMEDOUT' = 'ECONNRESET'): Error {
  return Object.assign(new Error(message), { code });
}

function answerOf(stream: ClientHttp2Stream): Promise<StreamAnswer> {
  const answer = Promise.withResolvers<StreamAnswer>();
  stream.once('response', ({ ':status': statusCode = 0, ...headers }) => {
    const wasCut = () => stream.rstCode !== constants.NGHTTP2_NO_ERROR;
    answer.resolve({ statusCode, headers, body: stream, wasCut });
  });
  stream.on('error', answer.reject);
  stream.once('close', () => answer.reject(lost('the connection ended')));
  return answer.promise;
}
