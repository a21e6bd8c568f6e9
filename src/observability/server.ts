/** The HTTP server of metrics and probes, and the addresses at which it listens. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import type { Health, Probe } from './health.ts';
import type { Metrics } from './metrics/metrics.ts';

/** Where to listen. Without a host: on all interfaces, as a probe from the kubelet needs. */
export interface ListenAddress {
  readonly host?: string;
  /** 0 = any free port. */
  readonly port: number;
}

interface ObservabilityServerOptions {
  readonly address: ListenAddress;
  /** The flag the address came from, for messages. */
  readonly flag: string;
  readonly health: Health;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** The server itself failed, and goes on. For the log. */
  readonly onError?: (error: Error) => void;
}

export interface ObservabilityServer extends AsyncDisposable {
  /** As asked for, with the port that was really taken. */
  readonly address: ListenAddress;
  /** For a client on this machine, without a path. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/healthz`, `/readyz` and `/metrics`: 200 or, for a probe with a fault, 503. `?verbose` lists the checks also
 * when all is well. Starts before the caches and stops last (docs/kubernetes.md section 6, start order). Resolves when it
 * listens; rejects with a message that names the flag if it cannot.
 */
export async function startObservabilityServer(
  options: ObservabilityServerOptions,
): Promise<ObservabilityServer> {
  const { address, flag, onError } = options;
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(request, options).then(
      (reply) => send(response, request, reply),
      () => send(response, request, { status: 500, body: 'the page could not be made\n' }),
    );
  });
  try {
    await listen(server, address, (error) => onError?.(error));
  } catch (error) {
    throw new Error(cannotListen(flag, address, error), { cause: error });
  }
  const { port } = server.address() as AddressInfo;
  const taken = { ...address, port };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      // A kubelet and Prometheus keep their connections open.
      server.closeAllConnections();
    });
  return {
    address: taken,
    url: `http://${formatAddress({ host: address.host ?? '127.0.0.1', port })}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Resolves when it listens. Errors after that (no file descriptor left for a connection, say) are only reported: an
 * error event without a listener would end the process, and with it the work that goes on without probes.
 */
export async function listen(
  server: Server,
  address: ListenAddress,
  onError: (error: Error) => void,
): Promise<void> {
  const listening = Promise.withResolvers<void>();
  let up = false;
  server.on('error', (error) => (up ? onError(error) : listening.reject(error)));
  server.listen({ ...address, exclusive: true }, () => {
    up = true;
    listening.resolve();
  });
  await listening.promise;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

async function answer(
  request: IncomingMessage,
  { health, metrics }: ObservabilityServerOptions,
): Promise<Reply> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, body: `expected GET or HEAD, got ${request.method}\n` };
  }
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  switch (path) {
    case '/healthz':
      return probe(health, 'healthz', new URLSearchParams(query).has('verbose'));
    case '/readyz':
      return probe(health, 'readyz', new URLSearchParams(query).has('verbose'));
    case '/metrics':
      return { status: 200, body: await metrics.text(), contentType: metrics.contentType };
    default:
      return { status: 404, body: 'expected /healthz, /readyz or /metrics\n' };
  }
}

/** The form of the API server's own probes: `[+]name ok`, `[-]name failed: why`. */
function probe(health: Health, name: Probe, verbose: boolean): Reply {
  const results = health.results(name);
  const failed = results.some(({ fault }) => fault !== undefined);
  if (!failed && !verbose) return { status: 200, body: 'ok\n' };
  const lines = results.map(({ name, fault }) =>
    fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`,
  );
  lines.push(`${name} check ${failed ? 'failed' : 'passed'}`, '');
  return { status: failed ? 503 : 200, body: lines.join('\n') };
}

function send(response: ServerResponse, request: IncomingMessage, reply: Reply): void {
  const { status, body, contentType = 'text/plain; charset=utf-8' } = reply;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function cannotListen(flag: string, address: ListenAddress, error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another process listens there; stop it, or choose another port',
    EACCES: 'this user may not listen there; choose a port above 1023',
    EADDRNOTAVAIL: 'this machine has no such address; choose one that it has',
    ENOTFOUND: 'the host name is unknown; give an IP address',
  };
  const why = reasons[code] ?? code;
  return `cannot listen on ${formatAddress(address)} (\`${flag}\`): ${why}, or \`0\` to serve no probes and metrics`;
}

/**
 * Reads an address flag as controller-runtime's flags are written: `127.0.0.1:8080`, `[::1]:8080`, `:8080` for all
 * interfaces, `0` for off (undefined). `flag` is for the message.
 */
export function parseListenAddress(flag: string, text: string): ListenAddress | undefined {
  if (text === '0') return undefined;
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const bracketed = match?.[1];
  const plain = match?.[2];
  const hostFits = bracketed ? isIP(bracketed) === 6 : !plain || isHost(plain);
  if (!match || port > 65_535 || !hostFits) {
    const forms = '`127.0.0.1:8080`, `[::1]:8080`, `:8080` (all interfaces) or `0` (off)';
    throw new TypeError(`Expected \`${flag}\` to be an address like ${forms}, got \`${text}\``);
  }
  const host = bracketed ?? plain;
  return host ? { host, port } : { port };
}

/** `127.0.0.1:8080`, `[::1]:8080`, `:8080`. */
export function formatAddress({ host = '', port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function isHost(text: string): boolean {
  // Digits and dots only must be a real IPv4 address: `127.0.0` would otherwise be resolved as a name.
  return /^[\d.]+$/.test(text)
    ? isIP(text) === 4
    : /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text);
}
