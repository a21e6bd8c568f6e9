/** From flags to a command that a person runs: Ctrl-C, progress on stderr, a client for the caller's cluster, and an exit code. */
import { loadKubeEndpoint } from '../kube/access/config.ts';
import { KubeClient } from '../kube/client.ts';
import { isForbidden } from '../kube/errors.ts';
import { KubeTransport } from '../kube/transport/transport.ts';
import type { InstallationDeps } from '../leaving/objects.ts';
import { unlessAborted } from '../runtime/time/bounded-waits.ts';
import { type Clock, systemClock } from '../runtime/time/clock.ts';
import { VERSION } from './azid-version.ts';
import type { ClusterFlags } from './flag.ts';

export const EXIT = { done: 0, failed: 1, found: 2, interrupted: 130 } as const;

interface InCluster {
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
      // At once, though some calls take no signal: a token that is asked for, a connection that is being made.
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

/**
 * A command that changes an installation, with the rights of the user who runs it. What it has done so far is found again by the next run.
 *
 * @param work resolves with the exit code
 */
export function asAdministrator(
  name: string,
  flags: ClusterFlags,
  work: (deps: InstallationDeps) => Promise<number>,
): Promise<number> {
  const { namespace, leaseName } = flags;
  return inCluster(
    {
      name,
      interrupted: 'the same command goes on from here',
      forbidden: 'the command needs the rights of an administrator of azid',
    },
    flags,
    ({ contextNamespace: _, ...deps }) => work({ ...deps, namespace, leaseName }),
  );
}

/** Runs until SIGINT or SIGTERM aborts the signal; a second one ends the process at once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort(new Error('interrupted'));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  // `azid uninstall | head`: without a listener the first line too many would be a crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  }
}

/** For what ends by itself: standard output, connections that are closed in an orderly way. */
const LEFT_MS = 2_000;
/** After Ctrl-C: a connection that is still being made would hold the process for 10 s. */
const INTERRUPTED_LEFT_MS = 100;

/**
 * Ends the process with this code as soon as nothing holds it, and soon after in any case: a connection whose other end does not
 * answer any more is held open by a client that waits for its close, and would hold the process until it is killed.
 */
export function endProcess(exitCode: number, leftMs = LEFT_MS): void {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), leftMs).unref();
}

export function endInterrupted(name: string, words: string): number {
  process.stderr.write(`azid ${name}: interrupted; ${words}\n`);
  endProcess(EXIT.interrupted, INTERRUPTED_LEFT_MS);
  return EXIT.interrupted;
}

/** A pipe takes it in pieces, and the process may end only after the last. */
export function printed(text: string): Promise<void> {
  return new Promise((done) => process.stdout.write(text, () => done()));
}

/** At a terminal the user is asked; a script must have passed the flag. */
export async function isConfirmed(
  question: string,
  yes: boolean | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    process.stderr.write('expected --yes, since nobody can be asked here\n');
    return false;
  }
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // While a question is open, Ctrl-C comes as a key and not as a signal.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    lines.close();
  }
}
