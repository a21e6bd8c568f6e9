/**
 * Lends API servers with azid installed to the processes of the test files, one at a time each: most of a small file's
 * time was the start of an API server of its own. A borrower holds a connection for as long as it uses one, so a process
 * that dies in whatever way gives it back; before somebody else has it, what was left in it is removed, and one whose
 * installation was edited is stopped.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../../../src/sandbox/apiserver/control-plane.ts';
import { type Revisions, removeKeys, storedKeys } from './etcd.ts';
import { leftovers } from './leftovers.ts';

/** What a borrower is told, as one line of JSON. */
export type Lent =
  | { readonly error: string }
  | Pick<ControlPlane, 'kubeconfigPath' | 'server' | 'caFile' | 'caPem' | 'issuer' | 'dataDir'>;

interface Held {
  readonly plane: ControlPlane;
  readonly installed: Revisions;
}

export class Lender {
  readonly #install: (plane: ControlPlane) => Promise<void>;
  readonly #free: Held[] = [];
  readonly #all = new Set<ControlPlane>();

  /** `install` is told of each API server once, when it is new. */
  constructor(install: (plane: ControlPlane) => Promise<void>) {
    this.#install = install;
  }

  /** Listens on a Unix socket and returns its path. */
  async listen(): Promise<{ readonly path: string; stop(): Promise<void> }> {
    const folder = await mkdtemp(join(tmpdir(), 'azid-planes-'));
    const path = join(folder, 'lender.sock');
    const server = createServer((socket) => void this.#lend(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    const stop = async () => {
      server.close();
      await Promise.all([...this.#all].map((plane) => plane.stop()));
      await rm(folder, { recursive: true, force: true });
    };
    return { path, stop };
  }

  async #lend(socket: Socket): Promise<void> {
    const left = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {}); // 'close' follows.
    socket.resume();
    let held: Held;
    try {
      held = this.#free.pop() ?? (await this.#start());
    } catch (error) {
      socket.end(`${JSON.stringify({ error: (error as Error).message } satisfies Lent)}\n`);
      return;
    }
    const { kubeconfigPath, server, caFile, caPem, issuer, dataDir } = held.plane;
    const lent: Lent = { kubeconfigPath, server, caFile, caPem, issuer, dataDir };
    socket.write(`${JSON.stringify(lent)}\n`);
    await left;
    await this.#takeBack(held);
  }

  async #start(): Promise<Held> {
    const plane = await startControlPlane({ log: () => {}, admin: 'token' });
    this.#all.add(plane);
    await this.#install(plane);
    return { plane, installed: await storedKeys(plane.dataDir) };
  }

  async #takeBack(held: Held): Promise<void> {
    try {
      const { made, altered } = leftovers(held.installed, await storedKeys(held.plane.dataDir));
      if (altered.length === 0) {
        await removeKeys(held.plane.dataDir, made);
        this.#free.push(held);
        return;
      }
    } catch {
      // It does not answer: whoever borrowed it stopped it, or all is being stopped.
    }
    this.#all.delete(held.plane);
    await held.plane.stop();
  }
}
