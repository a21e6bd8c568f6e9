import type { Server, Socket } from 'node:net';

/**
 * How to close a server at once, with every connection: `closeAllConnections` does not know one that is still in its TLS
 * handshake, and `close` waits for it. Call before anybody can connect.
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
