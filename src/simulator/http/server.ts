import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import { type Message, type Reply, readMessage } from './message.ts';

export type Answerer = (message: Message, signal: AbortSignal) => Promise<Reply>;

export interface Listener extends AsyncDisposable {
  readonly port: number;
  /** e.g. `https://127.0.0.1:4443`. */
  readonly origin: string;
}

/**
 * Listens on 127.0.0.1 only, with TLS when a certificate is given. `answer` gets each request and a signal that aborts
 * when the listener closes, but not when the client goes away: what Azure has received it carries out, and a client
 * that gave up cannot know whether its write took effect. What `answer` throws becomes a 500, a fault of the simulator.
 */
export async function listen(given: {
  readonly port: number;
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
  readonly answer: Answerer;
}): Promise<Listener> {
  const scheme = given.tls ? 'https' : 'http';
  const stopping = new AbortController();
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    readMessage(request, scheme)
      .then((message) => given.answer(message, stopping.signal))
      .then((reply) => send(response, reply))
      .catch((error: unknown) => {
        if (response.destroyed || stopping.signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        response.writeHead(500, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { code: 'SimulatorFault', message } }));
      });
  };
  // Keep-alive for longer than any client pauses between calls: a reset of an idle connection is a fault to be asked for.
  const server = given.tls
    ? createHttpsServer(
        { cert: given.tls.certPem, key: given.tls.keyPem, keepAliveTimeout: 600_000 },
        handler,
      )
    : createHttpServer({ keepAliveTimeout: 600_000 }, handler);
  server.requestTimeout = 0;
  const close = closing(server);
  const port = await listening(server, given.port);
  return {
    port,
    origin: `${scheme}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('the server stops'));
      await close();
    },
  };
}

function send(response: ServerResponse, reply: Reply): void {
  switch (reply.kind) {
    case 'answer': {
      const { status, headers, body } = reply;
      response.writeHead(status, {
        ...headers,
        ...(status !== 204 && { 'content-length': Buffer.byteLength(body) }),
      });
      response.end(body);
      return;
    }
    case 'reset':
      // A TLS socket cannot send RST itself; a connection that ends before its answer is ECONNRESET to clients as well.
      response.socket?.destroy();
      return;
    case 'silence':
      return;
    case 'truncated': {
      const { status, headers, body } = reply.answer;
      const bytes = Buffer.from(body);
      response.writeHead(status, { ...headers, 'content-length': bytes.length });
      response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.destroy());
      return;
    }
  }
}

/**
 * Resolves with the port when the server listens on 127.0.0.1, rejects when it cannot. An error after that (no file
 * descriptor left for a connection, say) is a warning of the process and no more: an error event without a listener would
 * end the simulator, and the sandbox it is part of, for a connection that its client opens again.
 */
export async function listening(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let up = false;
  server.on('error', (error) => {
    if (!up) return reject(error);
    process.emitWarning(`a server of the simulator goes on after an error: ${error.message}`, 'Simulator');
  });
  server.listen(port, '127.0.0.1', () => {
    up = true;
    resolve();
  });
  await promise;
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

/**
 * How to close a server at once, with every connection: `closeAllConnections` leaves out one that is still in its TLS
 * handshake, and `close` waits for it. Call before the server listens.
 */
export function closing(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
}
