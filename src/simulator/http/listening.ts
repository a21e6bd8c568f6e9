import type { Server } from 'node:net';

/**
 * Resolves with the port when the server listens on 127.0.0.1, rejects when it cannot. An error after that (no file
 * descriptor left for a connection, say) is a warning of the process and no more: an error event that nobody hears would
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
