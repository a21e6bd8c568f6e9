/** From flags to a process: builds the operator, listens to signals, says with an exit code how it ended. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { loadKubeEndpoint } from '../../kube/access/config.ts';
import { type LeaseTimes, wrongTimes } from '../../kube/lease/lease-record.ts';
import { shardLeaseName } from '../../kube/lease/shard-lease.ts';
import { createLog } from '../../observability/logs/logs.ts';
import { parseListenAddress } from '../../observability/server.ts';
import { startTraces, type TraceSettings, traceSettings } from '../../observability/traces/traces.ts';
import { instanceOf } from '../../operator/leader/leadership.ts';
import { Operator, type RunEnd } from '../../operator/operator.ts';
import type { OperatorOptions } from '../../operator/options.ts';
import type { Log } from '../../runtime/log.ts';
import { systemClock } from '../../runtime/time/clock.ts';
import { VERSION } from '../azid-version.ts';
import { signIn } from '../azure-access.ts';
import { endProcess } from '../run-command.ts';
import type { ControllerFlags } from './controller.ts';

export const EXIT = {
  /** Stopped by a signal. */
  stopped: 0,
  /** Could not start or go on; the log says why. */
  failed: 1,
  /** Another process leads now: start again as a follower. */
  leadershipLost: 3,
} as const;

/** Everything wrong with the flags together is thrown here, before anything is started. */
export function optionsOf(flags: ControllerFlags, env: NodeJS.ProcessEnv, log: Log): OperatorOptions {
  const clock = systemClock;
  const { tenantId, installationId, clusterIssuer } = flags;
  const leaseTimes = leaseTimesOf(flags);
  const listen = parseListenAddress('--listen-address', flags.listenAddress);
  return {
    clock,
    random: Math.random,
    log,
    version: VERSION,
    endpoint: loadKubeEndpoint({
      clock,
      ...(flags.kubeconfig !== undefined && { kubeconfig: flags.kubeconfig }),
    }),
    namespace: flags.namespace,
    ...(installationId !== undefined && { installationId }),
    ...(clusterIssuer !== undefined && { clusterIssuer }),
    takeOver: flags.takeOver,
    instance: instanceOf(env.HOSTNAME ?? hostname(), randomBytes(4).toString('hex'), flags.podUid),
    ...leaseOf(flags),
    leaseTimes,
    ...(flags.podUid !== undefined && { podUid: flags.podUid }),
    ...signIn(flags, clock, env),
    tenantId,
    ...(flags.serviceBusEndpoint !== undefined && { serviceBusEndpoint: flags.serviceBusEndpoint }),
    workers: flags.workers,
    resyncIntervalMs: flags.resyncInterval,
    activityLog: flags.activityLog,
    signIns: flags.signIns,
    directory: flags.directory,
    azureLagMs: flags.azureLag,
    releaseAfterMs: flags.releaseAfter,
    ...(listen && { listen }),
    ...(globalThis.gc && { collectGarbage: collectGarbage(log) }),
  };
}

/** Shards read from each other's Leases which namespaces were released, so each needs one. */
function leaseOf({
  leaderElect,
  leaseName,
  shard: name,
  shardCount: count,
}: ControllerFlags): Pick<OperatorOptions, 'leaseName' | 'shard'> {
  if (name === undefined) return leaderElect ? { leaseName } : {};
  if (!leaderElect)
    throw new Error(
      'expected --leader-elect to be true with --shard, got false: the other shards see by its Lease what it works on; leave --leader-elect out',
    );
  return { leaseName: shardLeaseName(leaseName, name), shard: { name, count, leaseName } };
}

function leaseTimesOf({ leaseDuration, renewDeadline, retryPeriod }: ControllerFlags): LeaseTimes {
  const times = { leaseDurationMs: leaseDuration, renewDeadlineMs: renewDeadline, retryMs: retryPeriod };
  const wrong = wrongTimes(times, {
    leaseDurationMs: '--lease-duration',
    renewDeadlineMs: '--renew-deadline',
    retryMs: '--retry-period',
  });
  if (wrong !== undefined) throw new Error(wrong);
  return times;
}

/** With `--expose-gc` in NODE_OPTIONS. `last-resort` also compacts, so that pages go back; some 0.3 s in which nothing else happens. */
function collectGarbage(log: Log): () => void {
  return () => {
    const before = process.memoryUsage.rss();
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    log.debug({ before, after: process.memoryUsage.rss() }, 'gave back what the start left in memory');
  };
}

/** Runs until SIGINT or SIGTERM; resolves with the exit code. A second signal ends the process at once. */
export async function runController(flags: ControllerFlags): Promise<number> {
  const log = createLog({ clock: systemClock, level: flags.logLevel, format: flags.logFormat });
  let options: OperatorOptions;
  let tracing: TraceSettings | undefined;
  try {
    options = optionsOf(flags, process.env, log);
    tracing = traceSettings(flags, process.env);
  } catch (error) {
    process.stderr.write(`error: ${messageOf(error)}\n`);
    return EXIT.failed;
  }
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(EXIT.failed);
    log.info({ signal }, 'stopping');
    stop.abort(new Error(`received ${signal}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  log.info(
    {
      version: VERSION,
      cloud: options.cloud.name,
      arm: options.cloud.armEndpoint,
      api: options.endpoint.server,
    },
    'starting',
  );
  const traces = tracing && (await startTraces({ ...options, settings: tracing }));
  const operator = new Operator({ ...options, ...(traces && { tracer: traces.tracer }) });
  const onBroken = (error: unknown) => endBroken(operator, error, log);
  process.on('uncaughtException', onBroken);
  try {
    return exitCodeOf(await operator.run(stop.signal), log);
  } catch (error) {
    if (stop.signal.aborted) return EXIT.stopped;
    log.error({ error, reason: messageOf(error) }, 'cannot go on');
    return EXIT.failed;
  } finally {
    await traces?.stop();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    process.off('uncaughtException', onBroken);
  }
}

/** For the Lease; what holds the process longer than that is broken, too. */
const BROKEN_MS = 3_000;

/**
 * An error that was not caught, a rejection that was not handled: the state of this process may be wrong, so it sends nothing but
 * one last change of its Lease, for another process to lead soon, and ends. A full heap ends it without this.
 */
function endBroken(operator: Operator, error: unknown, log: Log): void {
  log.error({ error, reason: messageOf(error) }, 'broken: ending at once');
  operator.fail(error);
  endProcess(EXIT.failed, BROKEN_MS);
}

function exitCodeOf(end: RunEnd, log: Log): number {
  switch (end.type) {
    case 'stopped':
      log.info({}, 'stopped');
      return EXIT.stopped;
    case 'leadershipLost':
      log.error({ why: end.why }, 'leadership lost');
      return EXIT.leadershipLost;
    case 'handedOver':
      log.error({ why: end.why }, 'handed over');
      return EXIT.failed;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
