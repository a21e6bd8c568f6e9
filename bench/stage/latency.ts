import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pause } from './controller.ts';
import { isWrite, type Stage } from './stage.ts';

/**
 * From the acceptance of an edit, when the API server's answer was received, to the arrival of the first call for it in the
 * simulated Azure's log. Both are taken by one clock in one process; how late that process itself may have been is told, too.
 */

const ANSWERED_LIMIT_MS = 120_000;
const LOOK_MS = 100;
/** How many of the slowest are told. */
const TOLD = 8;

export interface Edit {
  /** For the log of a scenario. */
  readonly what: string;
  /** Sends it to the API server. */
  readonly send: () => Promise<unknown>;
  /** Whether a call is about it; path and query, lower case. */
  readonly isAbout: (path: string) => boolean;
}

interface Sent {
  readonly edit: Edit;
  readonly acceptedAt: number;
  /** Length of the log when it was sent. */
  readonly since: number;
}

export interface Latencies {
  /** Ms until the first call, and until the first write, sorted; Infinity where none came. */
  readonly first: readonly number[];
  readonly write: readonly number[];
  /** When the edits were accepted, wall ms, in the order of their sending. */
  readonly accepted: readonly number[];
  /** Ms that this process's own turns were late, 99 of 100. */
  readonly ownDelayMs: number;
}

/** Sends the edits one after the other, so many ms apart, and waits for their calls. */
export async function latenciesOf(
  stage: Stage,
  edits: readonly Edit[],
  { apartMs, writes = true }: { readonly apartMs: number; readonly writes?: boolean },
): Promise<Latencies> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const sent: Sent[] = [];
  for (const edit of edits) {
    const since = stage.mark;
    await edit.send();
    sent.push({ edit, acceptedAt: Date.now(), since });
    await pause(apartMs);
  }
  delay.disable();
  const until = performance.now() + ANSWERED_LIMIT_MS;
  for (;;) {
    const found = sent.map((each) => latencyOf(stage, each));
    const complete = found.every(
      ({ first, write }) => first !== undefined && (!writes || write !== undefined),
    );
    if (complete || performance.now() > until) {
      tellSlowest(stage, sent, found);
      return {
        first: sorted(found.map(({ first }) => first)),
        write: sorted(found.map(({ write }) => write)),
        accepted: sent.map(({ acceptedAt }) => acceptedAt),
        ownDelayMs: Math.max(0, delay.percentile(99) / 1e6 - 1),
      };
    }
    await pause(LOOK_MS);
  }
}

/** So that a figure which misses its target says what it was. */
function tellSlowest(
  { say }: Stage,
  sent: readonly Sent[],
  found: readonly ReturnType<typeof latencyOf>[],
): void {
  const all = sent.map(({ edit, acceptedAt }, n) => ({
    what: edit.what,
    at: new Date(acceptedAt).toISOString(),
    ms: found[n]?.first ?? Number.POSITIVE_INFINITY,
  }));
  for (const { what, at, ms } of all.toSorted((a, b) => b.ms - a.ms).slice(0, TOLD))
    say(`first call after ${ms} ms: ${what}, accepted at ${at}`);
}

function latencyOf(stage: Stage, { edit, acceptedAt, since }: Sent) {
  let first: number | undefined;
  for (const call of stage.calls(since)) {
    if (!edit.isAbout(call.path.toLowerCase())) continue;
    // It may arrive before the API server's answer to the edit does.
    const ms = Math.max(0, Date.parse(call.time) - acceptedAt);
    first ??= ms;
    if (isWrite(call)) return { first, write: ms };
  }
  return { first, write: undefined };
}

const sorted = (all: readonly (number | undefined)[]) =>
  all.map((each) => each ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);

/** Seconds below which `share` of all are. */
export function quantileSeconds(sortedMs: readonly number[], share: number): number {
  return (
    (sortedMs[Math.min(sortedMs.length - 1, Math.ceil(share * sortedMs.length) - 1)] ?? Number.NaN) / 1_000
  );
}
