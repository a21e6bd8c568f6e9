import { loadKubeEndpoint } from '../kube/access/config.ts';
import { KubeClient } from '../kube/client.ts';
import { isForbidden } from '../kube/errors.ts';
import { KubeTransport } from '../kube/transport/transport.ts';
import { type Clock, systemClock } from '../runtime/time/clock.ts';
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

export interface CommandWords {
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
    const say = (line: string) => void process.stderr.write(`${line}\n`);
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
      return await work({ client, clock, contextNamespace: endpoint.namespace, say, signal });
    } catch (error) {
      if (signal.aborted) {
        say(`azid ${name}: interrupted; ${interrupted}`);
        return EXIT.interrupted;
      }
      const remedy = forbidden !== undefined && isForbidden(error) ? `; ${forbidden}` : '';
      say(`azid ${name}: ${error instanceof Error ? error.message : error}${remedy}`);
      return EXIT.failed;
    } finally {
      await transport?.close();
    }
  });
}

/** A pipe takes it in pieces, and the process may end only after the last. */
export function printed(text: string): Promise<void> {
  return new Promise((done) => process.stdout.write(text, () => done()));
}
