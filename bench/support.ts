import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type { KubeRequest } from '../src/kube/transport/transport.ts';
import type { Operator } from '../src/operator/operator.ts';
import type { OperatorOptions } from '../src/operator/options.ts';
import { WorkPace } from '../test/support/load/work-pace.ts';
import { type Cluster, World } from '../test/support/testbed.ts';

/** What every benchmark needs: Azure as it is, time that only simulated waiting moves, and calls counted by kind. */

/** Calls to Azure by operation and to Kubernetes by kind of write, and what Azure refused, since a moment. */
export interface Counts {
  readonly arm: Readonly<Record<string, number>>;
  readonly armReads: number;
  readonly armWrites: number;
  /** Answers 429. */
  readonly throttled: number;
  /** Answers from 400 up by operation and status, 404 to a GET left out: a look before a write. */
  readonly refused: Readonly<Record<string, number>>;
  /** Writes to the API server, Events left out. */
  readonly kubeWrites: number;
  readonly kubeEvents: number;
}

export interface Bench {
  readonly world: World;
  /** Starts azid; at once on the simulated clock. */
  start(): Promise<Operator>;
  /** Simulated seconds since `since`, another answer of this. */
  seconds(since?: number): number;
  /** For `counts`. */
  mark(): Mark;
  counts(since: Mark): Counts;
  /** Lets simulated time pass until the condition holds. */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>;
  /** Lets this much simulated time pass. */
  pass(ms: number): Promise<void>;
}

interface Mark {
  readonly arm: number;
  readonly kubeWrites: number;
  readonly kubeEvents: number;
}

/** Real ms after which a benchmark gives up: it hangs, or the machine is not fit for it. */
const GIVEN_UP_MS = 20 * 60_000;

export async function createBench(cluster: Cluster, operator: Partial<OperatorOptions>): Promise<Bench> {
  let kubeWrites = 0;
  let kubeEvents = 0;
  const note = ({ method, path }: KubeRequest) => {
    if (method === 'GET') return;
    if (/\/events(\/|$)/.test(path)) kubeEvents++;
    else kubeWrites++;
  };
  const world = await World.create(cluster, {
    preset: 'honest',
    pace: (clock) => new WorkPace(clock),
    operator: {
      azureLagMs: 120_000,
      ...operator,
      interceptKube: (request, next) => {
        note(request);
        return next(request);
      },
    },
  });
  const { clock, azure } = world;
  const until: Bench['until'] = (what, holds) => world.until(what, holds, GIVEN_UP_MS);
  return {
    world,
    start: () => world.start(),
    seconds: (since = 0) => clock.monotonic() / 1_000 - since,
    mark: () => ({ arm: azure.requests().length, kubeWrites, kubeEvents }),
    counts(since) {
      const calls = azure.requests(since.arm).filter(({ caller }) => caller === 'controller');
      const reads = calls.filter(({ method }) => method === 'GET').length;
      return {
        arm: tally(calls.map(({ operation }) => operation)),
        armReads: reads,
        armWrites: calls.length - reads,
        throttled: calls.filter(({ status }) => status === 429).length,
        refused: tally(
          calls
            .filter(({ method, status }) => status >= 400 && !(method === 'GET' && status === 404))
            .map(({ operation, status }) => `${operation} ${status}`),
        ),
        kubeWrites: kubeWrites - since.kubeWrites,
        kubeEvents: kubeEvents - since.kubeEvents,
      };
    },
    until,
    pass(ms) {
      const end = clock.monotonic() + ms;
      return until(`${ms} ms to pass`, () => clock.monotonic() >= end);
    },
  };
}

/** Applies objects to the API server, a few at a time; simulated time stands still. */
export async function applyAll(
  cluster: Cluster,
  objects: readonly Parameters<Cluster['apply']>[0][],
): Promise<void> {
  const AT_ONCE = 20;
  for (let at = 0; at < objects.length; at += AT_ONCE)
    await Promise.all(objects.slice(at, at + AT_ONCE).map((object) => cluster.apply(object)));
}

/** Names in order, with how often each occurs. */
export function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Under what the figures were taken: `docs/benchmarks.md` states it beside them. */
export async function circumstances(cluster: Cluster): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const { gitVersion } = await cluster.client.transport.request<{ gitVersion: string }>(
    { method: 'GET', path: '/version' },
    new AbortController().signal,
  );
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `azid ${version}, kube-apiserver ${gitVersion}, Node ${process.versions.node}, ${processors.length} x ${processors[0]?.model.trim() ?? 'unknown processor'}, ${memory} GiB`;
}

/** One line per row, columns aligned. */
export function print(rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}

export function listed(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return entries.length === 0 ? 'none' : entries.join(', ');
}
