import type { Lease } from '../builtin.ts';
import type { Exchange } from '../transport/scripted-server.fixture.ts';

/** The part of an API server that leader election uses: one Lease, with optimistic locking and watches. */
export class LeaseServer {
  lease: Lease | undefined;
  /** GETs of it so far. */
  reads = 0;
  #version = 0;
  readonly #watches: ReturnType<Exchange['stream']>[] = [];

  /** For `ScriptedServer.handler`. */
  readonly handle = (exchange: Exchange): boolean => {
    if (exchange.query.get('watch') === 'true') {
      const watch = exchange.stream();
      if (this.lease) watch.send({ type: 'ADDED', object: this.lease });
      this.#watches.push(watch);
    } else if (exchange.method === 'GET') {
      this.reads++;
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
    for (const watch of this.#watches) watch.send({ type: 'MODIFIED', object: this.lease });
    return this.lease;
  }

  /** How many watches were begun. */
  get watches(): number {
    return this.#watches.length;
  }
}
