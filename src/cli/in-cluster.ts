import { loadKubeEndpoint } from '../kube/access/config.ts';
import { KubeClient } from '../kube/client.ts';
import { isForbidden } from '../kube/errors.ts';
import { KubeTransport } from '../kube/transport/transport.ts';
import { unlessAborted } from '../runtime/time/bounded-waits.ts';
import { type Clock, systemClock } from '../runtime/time/clock.ts';
import { endProcess } from './end-process.ts';
import { EXIT, interruptible } from './interruptible.ts';
import { VERSION } from './version.ts';

/** From flags to a command that works in the caller's cluster: a client, progress on stderr, Ctrl-C, and an exit code. */

export interface InCluster {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Of the kubeconfig's context. */
  readonly contextNamespace: string | undefined;
  /** A line for people, on stderr. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

interface CommandWords {
  /** As it is called: `uninstall`. */
  readonly name: string;
  /** What follows `interrupted;`. */
  readonly interrupted: string;
  /** What follows a refusal of the API server. */
  readonly forbidden?: string;
}

/** Printed for a command that only reads. */
export const NOTHING_CHANGED = 'nothing was changed';

/** @param work resolves with the exit code */
export function inCluster(
  { name, interrupted, forbidden }: CommandWords,
  { kubeconfig }: { readonly kubeconfig?: string | undefined },
  work: (deps: InCluster) => Promise<number>,
): Promise<number> {
  return interruptible(async (signal) => {
    // Nothing is printed after the line that says that it ended.
    const say = (line: string) => void (signal.aborted || process.stderr.write(`${line}\n`));
    let transport: KubeTransport | undefined;
    try {
      const clock = systemClock;
      const endpoint = loadKubeEndpoint({ clock, ...(kubeconfig !== undefined && { kubeconfig }) });
      transport = new KubeTransport({
        endpoint,
        clock,
        userAgent: `azid-${name.replaceAll(' ', '-')}/${VERSION}`,
      });
      const client = new KubeClient(transport);
      // At once, whatever does not hear of the signal: a token that is asked for, a connection that is being made.
      return await unlessAborted(
        work({ client, clock, contextNamespace: endpoint.namespace, say, signal }),
        signal,
      );
    } catch (error) {
      if (signal.aborted) return endInterrupted(name, interrupted);
      const remedy = forbidden !== undefined && isForbidden(error) ? `; ${forbidden}` : '';
      say(`azid ${name}: ${error instanceof Error ? error.message : error}${remedy}`);
      return EXIT.failed;
    } finally {
      // It waits for connections that are still being made.
      const closed = transport?.close();
      if (!signal.aborted) await closed;
    }
  });
}

/** For what closes by itself. */
const LEFT_MS = 100;

/** Whoever pressed Ctrl-C waits for nothing more: a connection that is still being made would hold the process for 10 s. */
export function endInterrupted(name: string, words: string): number {
  process.stderr.write(`azid ${name}: interrupted; ${words}\n`);
  endProcess(EXIT.interrupted, LEFT_MS);
  return EXIT.interrupted;
}

/** A pipe takes it in pieces, and the process may end only after the last. */
export function printed(text: string): Promise<void> {
  return new Promise((done) => process.stdout.write(text, () => done()));
}
