/** A free port on 127.0.0.1. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that Linux (32768) and macOS (49152) hand out to outgoing connections and to `listen(0)`, so that
 * nothing takes the port in the seconds an API server is restarted on it.
 */
const LOWEST = 20_000;
const HIGHEST = 32_767;
const ATTEMPTS = 100;

/** Free at this moment; another process can still be faster, so the caller must be ready to ask again. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(
    `expected a free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1, ${ATTEMPTS} were taken`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: '127.0.0.1', port, exclusive: true });
    await once(server, 'listening'); // Rejects on 'error'.
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
