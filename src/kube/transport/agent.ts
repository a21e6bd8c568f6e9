import { createSecureContext, type SecureContext } from 'node:tls';
import { Agent } from 'undici';
import type { TlsMaterial } from '../access/endpoint.ts';

/** undici's 4 s would mean a new TLS connection for nearly every call of a quiet controller. */
const KEEP_ALIVE_MS = 30_000;

/**
 * One undici Agent for all calls but watches, replaced when the TLS material changes. HTTP/1.1 only: over HTTP/2 a silent network
 * loss stays unnoticed, while here the abort of a call that timed out destroys its socket (docs/kubernetes.md section 1).
 */
export class SharedAgent {
  #current: { readonly agent: Agent; readonly material: string } | undefined;
  readonly #retiring = new Set<Agent>();
  #closed = false;

  for(tls: TlsMaterial): Agent {
    if (this.#closed) throw new Error('Expected the transport to be open, got a call after close()');
    const material = textOf(tls);
    if (this.#current?.material === material) return this.#current.agent;
    if (this.#current) this.#retire(this.#current.agent);
    const agent = new Agent({
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Time limits are the caller's, on its own clock; undici's would end a quiet watch after 300 s.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        keepAlive: true,
        keepAliveInitialDelay: 30_000,
        // One for all connections: each would otherwise parse certificates and key anew, and keep them in native memory.
        secureContext: contextOf(tls),
        ...(tls.servername === undefined ? {} : { servername: tls.servername }),
        ...(tls.insecure ? { rejectUnauthorized: false } : {}),
      },
    });
    this.#current = { agent, material };
    return agent;
  }

  /** Ends every call and connection at once. */
  async close(): Promise<void> {
    this.#closed = true;
    const agents = [...this.#retiring, ...(this.#current ? [this.#current.agent] : [])];
    this.#retiring.clear();
    this.#current = undefined;
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  /** Lets running calls end (a watch ends by itself within ten minutes), takes no new ones. */
  #retire(agent: Agent): void {
    this.#retiring.add(agent);
    const forget = () => void this.#retiring.delete(agent);
    agent.close().then(forget, forget);
  }
}

export const CONNECT_TIMEOUT_MS = 10_000;

/** Another one for other material: what was opened with one is not used with another. */
export function textOf({ ca, cert, key, servername, insecure }: TlsMaterial): string {
  return JSON.stringify([ca, cert, key, servername, insecure]);
}

export function contextOf({ ca, cert, key }: TlsMaterial): SecureContext {
  return createSecureContext({
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
}
