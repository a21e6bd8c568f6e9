import type { Lease } from '../builtin.ts';
import type { Exchange } from './scripted-server.ts';

/** The part of an API server that leader election uses: one Lease, with optimistic locking. */
export class LeaseServer {
  lease: Lease | undefined;
  #version = 0;

  /** For `ScriptedServer.handler`. */
  readonly handle = (exchange: Exchange): boolean => {
    if (exchange.method === 'GET') {
      if (this.lease) exchange.json(this.lease);
      else exchange.fail(404, 'NotFound');
    } else if (exchange.method === 'POST') {
      if (this.lease) exchange.fail(409, 'AlreadyExists');
      else exchange.json(this.write(exchange.body), 201);
    } else if (exchange.body.metadata.resourceVersion !== this.lease?.metadata.resourceVersion)
      exchange.fail(409, 'Conflict');
    else exchange.json(this.write(exchange.body));
    return true;
  };

  write(lease: Lease): Lease {
    const metadata = { ...lease.metadata, uid: 'lease', resourceVersion: String(++this.#version) };
    this.lease = { ...lease, metadata };
    return this.lease;
  }
}
