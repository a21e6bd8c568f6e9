import type { KubeClient } from '../kube/client.ts';
import type { RetainedRecords } from '../orphans/records/retained.ts';
import type { RecordedPrincipals } from '../reconcilers/proof/recorded-principals.ts';
import type { Connection } from './azure/connection.ts';
import type { AsStored } from './leader/as-stored.ts';
import type { HeadStart } from './leader/head-start.ts';
import { claimInstallation, type InstallationOptions } from './leader/installation.ts';
import { principalsOf, retainedOf } from './records.ts';
import { anyOf, untilAnswered } from './waits.ts';
import { Work, type WorkParts } from './work.ts';

interface LeadParts
  extends Omit<WorkParts, 'connection' | 'installationId' | 'principals' | 'retained' | 'catchUp' | 'end'> {
  readonly leaseClient: KubeClient;
  readonly claim: InstallationOptions;
  readonly headStart: HeadStart;
  readonly asStored: AsStored;
  /** Called where no head start was taken. */
  readonly connect: () => Connection;
  /** The work that is begun, and undefined when it has ended. */
  readonly onWork: (work: Work | undefined) => void;
}

/**
 * What a process does from taking the Lease to its end: the claim, stores that hold what the API server has stored, the records, and then the work.
 * True if everything has ended, so that another process may work at once.
 */
export async function lead(parts: LeadParts, stop: AbortSignal): Promise<boolean> {
  const { leaseClient, claim, headStart, asStored, connect, onWork, ...common } = parts;
  const { client, leadership, stores, options } = common;
  await using cleanup = new AsyncDisposableStack();
  const end = anyOf([stop, leadership.lost], cleanup);
  const untilKnown = <T>(call: () => Promise<T>) => untilAnswered(call, options, end);
  let connection: Connection | undefined;
  cleanup.defer(() => connection?.stop());
  let installationId: string;
  let principals: RecordedPrincipals;
  let retained: RetainedRecords;
  try {
    const begun = await headStart.take(end);
    connection = begun?.connection;
    // Again, since nothing may be written before: what was read at the start may have been another leader's to change.
    [installationId] = await Promise.all([
      untilKnown(() => claimInstallation(leaseClient, claim, end, () => leadership.isLeaderNow())),
      begun?.caughtUp ? undefined : asStored.forNewLeader(leadership, end),
      options.shard && asStored.ofNamespaces(end),
    ]);
    const kept = { client, options, installationId };
    const recorded = principalsOf(kept, stores);
    principals = recorded.principals;
    const left = retainedOf(kept);
    retained = left;
    await Promise.all([untilKnown(() => recorded.load(end)), untilKnown(() => left.load(end))]);
    options.log.info({ installationId, headStart: begun?.caughtUp ?? false }, 'working');
  } catch (error) {
    // Nothing was begun yet.
    if (end.aborted) return true;
    throw error;
  }
  connection ??= connect();
  await using work = new Work({
    ...common,
    installationId,
    principals,
    retained,
    connection,
    end,
    ...(options.shard && { catchUp: (signal: AbortSignal) => asStored.ofOtherShards(signal) }),
  });
  onWork(work);
  try {
    return await work.run(stop);
  } finally {
    onWork(undefined);
  }
}
