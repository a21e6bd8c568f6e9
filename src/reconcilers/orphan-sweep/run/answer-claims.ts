import type { AzureCaller } from '../../../azure/arm/caller.ts';
import type { Log } from '../../../runtime/log.ts';
import { type Clock, sleep } from '../../../runtime/time/clock.ts';
import { type ClaimDeps, observeAnswer, writeClaim } from './claim.ts';

/** Twice between two renewals: whoever claims deletes nothing before the second. */
const POLL_MS = 30 * 60_000;

interface AnswerDeps extends ClaimDeps {
  readonly whoAmI: () => Promise<AzureCaller>;
  readonly clock: Clock;
}

/**
 * Two clusters that act as one installation: a sweep in one takes the other's things for orphans. The claim on azid's
 * own identity keeps it from that if both have one, and only a sweep that may delete makes it; so the leader reads it
 * for another cluster's claim, and answers it. Never rejects.
 */
export async function answerClaims(deps: AnswerDeps, log: Log, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(deps.clock, POLL_MS, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      const write = await observeAnswer(await deps.whoAmI(), { signal }, deps);
      if (!write) continue;
      const other = write.record.contested?.clusterUid;
      log.warn(
        { otherCluster: other, installation: deps.installationId },
        'another cluster claims this installation, and its sweep would take what this one has for orphans: stop azid in one of the two, or give it an installation id of its own',
      );
      await writeClaim(write, { signal }, deps);
    } catch (error) {
      if (signal.aborted) return;
      log.warn(
        { error },
        'whether another cluster claims this installation could not be read, or not be answered',
      );
    }
  }
}
