import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../runtime/time/clock.ts';

/** What a command on an installation works with: the caller's own rights in the cluster, and nothing of Azure. */
export interface InstallationDeps {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** azid's own. */
  readonly namespace: string;
  /** The Lease that shows whether a controller works; see `controllerAtWork`. */
  readonly leaseName: string;
  /** A line of progress, for people. */
  readonly say: (line: string) => void;
  /** Aborts on Ctrl-C: what is begun ends, and the same command goes on from there. */
  readonly signal: AbortSignal;
}
