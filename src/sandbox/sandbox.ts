/** The whole product on one machine: a cluster, a simulated Azure, the controller, and examples. */
import { isAborted, KubeError } from '../kube/errors.ts';
import { type Clock, sleep } from '../runtime/time/clock.ts';
import { logTail } from './apiserver/tethered-process.ts';
import { bringUp, type Up } from './bring-up.ts';
import { type Cluster, startCluster, useCluster } from './cluster.ts';
import type { SandboxFlags } from './options.ts';
import { type Examples, readExamples } from './project.ts';
import { prepareReadyFile } from './ready-file.ts';
import { isSettled, type ObjectRow, rowOf } from './screen/object-row.ts';
import { type Screen, sentenceOf, usageText } from './screen/screen.ts';

interface SandboxSurroundings {
  readonly clock: Clock;
  readonly screen: Screen;
  /** The user wants it to end. */
  readonly signal: AbortSignal;
}

/** `interrupted`: by the signal, before it was up or before `--once` was through. */
type SandboxEnd = 'done' | 'unsettled' | 'interrupted';

const LOOK_EVERY_MS = 500;
/** Of the controller's log, when `--once` gives up. */
const LOG_LINES = 6;
const NO_EXAMPLES: Examples = { files: [], objects: [] };

/**
 * Until the signal, or with `once` until the examples are Ready and Azure matches. Nothing it started is left when it
 * resolves. Throws what kept it from starting.
 */
export async function runSandbox(
  flags: SandboxFlags,
  { clock, screen, signal }: SandboxSurroundings,
): Promise<SandboxEnd> {
  let up: Up | undefined;
  let controllerLog: string | undefined;
  const say = (text: string) => screen.say(text);
  await using stack = new AsyncDisposableStack();
  try {
    if (flags.readyFile !== undefined) await prepareReadyFile(flags.readyFile);
    const examples = flags.examples ? await readExamples() : NO_EXAMPLES;
    const cluster = stack.use(await openCluster(flags, { clock, screen, signal }));

    using limit = timeLimit(clock, flags.once ? flags.timeLimit : undefined, signal);
    const observing = { cluster, examples, clock, screen, signal: limit.signal };
    let rows: readonly ObjectRow[] = [];
    try {
      up = await bringUp(
        {
          ...{ flags, cluster, examples, clock, say, signal: limit.signal },
          onController: ({ logFile }) => {
            controllerLog = logFile;
          },
        },
        stack,
      );
      if (!flags.once) {
        const { binary } = cluster.kubectl;
        say(
          usageText({ ...up.facts, kubectl: binary, ...(controllerLog !== undefined && { controllerLog }) }),
        );
      }
      for await (rows of rowsOf(up, observing)) {
        screen.show(rows);
        if (flags.once && rows.every(isSettled)) {
          screen.conclude();
          say('All examples are Ready, and Azure holds what they declare.');
          return 'done';
        }
      }
    } catch (error) {
      if (!limit.signal.aborted) throw error;
    }
    screen.conclude();
    if (!limit.exceeded || signal.aborted) return flags.once || !up ? 'interrupted' : 'done';
    say(await shortfall(flags.timeLimit, rows, controllerLog));
    return 'unsettled';
  } catch (error) {
    if (signal.aborted) return 'interrupted';
    throw error;
  }
}

function openCluster(flags: SandboxFlags, { clock, screen, signal }: SandboxSurroundings): Promise<Cluster> {
  const options = { clock, signal, progress: (line: string) => screen.say(line) };
  if (flags.kubeconfig !== undefined) return useCluster(flags.kubeconfig, options);
  screen.say('Starting a Kubernetes API server ...');
  return startCluster(options);
}

/**
 * The rows of the examples, again and again, until the signal aborts. Whatever the API server says meanwhile is no end: it
 * may be away, and a user who tries things out may delete kinds, namespaces or rights.
 */
async function* rowsOf(
  { simulator }: Up,
  {
    cluster,
    examples,
    clock,
    signal,
  }: {
    readonly cluster: Cluster;
    readonly examples: Examples;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<readonly ObjectRow[]> {
  const { control } = simulator;
  const azure = {
    identities: () => control.identities(),
    assignments: () => control.assignments(),
    credentials: (id: string) => control.credentials({ id }),
    hosts: () => control.hosts({}),
  };
  for (;;) {
    try {
      yield await Promise.all(examples.objects.map((each) => rowOf(each, cluster.client, azure, signal)));
    } catch (error) {
      if (!(error instanceof KubeError) || isAborted(error)) throw error;
    }
    await sleep(clock, LOOK_EVERY_MS, signal);
  }
}

/** Why `--once` gives up, object by object. */
async function shortfall(
  limitMs: number,
  rows: readonly ObjectRow[],
  controllerLog: string | undefined,
): Promise<string> {
  const open = rows.filter((row) => !isSettled(row)).map(sentenceOf);
  const reasons = open.length > 0 ? open : ['the sandbox was not up by then'];
  const log = controllerLog === undefined ? '' : await logTail(controllerLog, LOG_LINES);
  return [
    `Not all examples are Ready after ${limitMs / 1000} s:`,
    ...reasons.map((reason) => `  ${reason}`),
    ...(log === '' ? [] : ["The end of the controller's log:", log]),
  ].join('\n');
}

interface TimeLimit extends Disposable {
  /** Aborts with the given signal, or when the time is over. */
  readonly signal: AbortSignal;
  readonly exceeded: boolean;
}

/** A signal that also aborts after a time. `ms` undefined: no limit. */
export function timeLimit(clock: Clock, ms: number | undefined, signal: AbortSignal): TimeLimit {
  const over = new AbortController();
  const timer =
    ms === undefined
      ? undefined
      : clock.timer(ms, () => over.abort(new Error(`not done within ${ms / 1000} s`)));
  return {
    signal: AbortSignal.any([signal, over.signal]),
    get exceeded() {
      return over.signal.aborted;
    },
    [Symbol.dispose]: () => timer?.[Symbol.dispose](),
  };
}
