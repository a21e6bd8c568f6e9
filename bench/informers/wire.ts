import { connect, createServer, type Socket } from 'node:net';

/** What stands between a program and the API server: a network that can be cut, and one that falls silent. */
export interface Wire extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
  /** Resets all connections. */
  cut(): void;
  /** From now on the connections that are there carry nothing more and are not closed; new ones work. */
  silence(): void;
}

export async function openWire(serverPort: number): Promise<Wire> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let connections = 0;
  const server = createServer((near) => {
    const far = connect(serverPort, '127.0.0.1');
    const pair = [near, far] as const;
    connections += 1;
    pairs.add(pair);
    near.pipe(far).pipe(near);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        for (const each of pair) each.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  const each = (act: (socket: Socket) => void) => {
    for (const pair of pairs) for (const socket of pair) act(socket);
  };
  return {
    port: address.port,
    get connections() {
      return connections;
    },
    cut: () => each((socket) => socket.resetAndDestroy()),
    silence: () => each((socket) => socket.unpipe().pause()),
    async [Symbol.asyncDispose]() {
      each((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
