import type { KubeClient } from '../../kube/client.ts';
import { LeaderElector } from '../../kube/lease/lease.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';
import type { OperatorOptions } from '../options.ts';

/** Whether this process may work. Without a Lease it always may. */
export interface Leadership {
  /** Asked right before each write; false from the moment the Lease may be another's. */
  isLeaderNow(): boolean;
  /** Whether no process leads, and the last one that led has ended in order. */
  isFree(signal: AbortSignal): Promise<boolean>;
  /** True where no other process has led between `isFree` and this process's lead: what was read in between is complete. */
  readonly nobodyBetween: boolean;
  /**
   * Resolves when this process leads; rejects with the signal's reason.
   *
   * @param onRunningOut see `LeaderElectorOptions`
   */
  whenLeading(signal: AbortSignal, onRunningOut?: (over: AbortSignal) => void): Promise<void>;
  /** Aborts when leadership is lost: stop at once, another process may already work. */
  readonly lost: AbortSignal;
  /** Gives the Lease back. Call only when nothing works any more. */
  release(): Promise<void>;
  /** Leaves it to run out within a second: what a process that ends by a failure has begun may still be carried out. */
  abandon(): Promise<void>;
  /** The holder of the Lease as last read; '' for none. */
  readonly holder: string;
}

/** @param annotations of the Lease, asked for at each renewal */
export function campaign(
  client: KubeClient,
  options: OperatorOptions,
  metrics: Metrics,
  annotations: () => Readonly<Record<string, string>> = () => ({}),
): Leadership {
  const { leaseName, namespace, instance, clock, random, log, leaseTimes, podUid, watchIdleMs } = options;
  if (leaseName === undefined) return alone;
  const leading = Promise.withResolvers<void>();
  const lost = new AbortController();
  const ending = new AbortController();
  const gauge = metrics.leader(leaseName);
  const elector = new LeaderElector({
    client,
    clock,
    random,
    namespace,
    name: leaseName,
    identity: instance,
    log,
    ...leaseTimes,
    annotations,
    ...(podUid !== undefined && { isDead: (holder: string) => isOfPod(holder, podUid) }),
    ...(watchIdleMs !== undefined && { watchIdleMs }),
    onRunningOut: (over) => runningOut?.(over),
    onStarted: () => {
      gauge(true);
      leading.resolve();
    },
    onLost: (why) => {
      gauge(false);
      lost.abort(new Error(`lost the Lease ${namespace}/${leaseName}: ${why}`));
    },
  });
  let running: Promise<void> | undefined;
  let runningOut: ((over: AbortSignal) => void) | undefined;
  const end = async () => {
    ending.abort();
    await running;
    gauge(false);
  };
  return {
    isLeaderNow: () => elector.isLeaderNow(),
    // A Lease that cannot be read counts as held.
    isFree: (signal) => elector.isFree(signal).catch(() => false),
    get nobodyBetween() {
      return elector.nobodyBetween;
    },
    lost: lost.signal,
    get holder() {
      return elector.holder;
    },
    whenLeading(signal, onRunningOut) {
      runningOut = onRunningOut;
      running ??= elector.run(ending.signal);
      return unlessAborted(leading.promise, signal);
    },
    release: end,
    abandon() {
      elector.abandon();
      return end();
    },
  };
}

const alone: Leadership = {
  isLeaderNow: () => true,
  // Without a Lease nothing shows who worked before.
  isFree: async () => false,
  nobodyBetween: false,
  whenLeading: async () => {},
  lost: new AbortController().signal,
  release: async () => {},
  abandon: async () => {},
  holder: '',
};

/**
 * The name of a process in the Lease. With the uid of its pod it shows whose it was: a container is started anew only when the one before it in
 * the same pod is dead.
 */
export function instanceOf(host: string, random: string, podUid: string | undefined): string {
  return podUid === undefined ? `${host}-${random}` : `${host}_${podUid}_${random}`;
}

export function isOfPod(holder: string, podUid: string): boolean {
  return holder.split('_').at(-2) === podUid;
}
