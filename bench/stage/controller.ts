import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { sleep, systemClock } from '../../src/runtime/time/clock.ts';
import { freePort } from '../../src/sandbox/apiserver/access.ts';
import { logTail, TetheredProcess } from '../../src/sandbox/apiserver/tethered-process.ts';

/** The controller as a cluster runs it: the bundle, a process of its own, the arguments and the environment of deploy/. */

const PROGRAM = new URL('../../dist/azid.mjs', import.meta.url).pathname;
const DEPLOYMENT = new URL('../../deploy/kustomize/base/controller.yaml', import.meta.url);
const GRACE_MS = 60_000;
/** For so long hardly any CPU: it has nothing left to do. */
const QUIET_S = 20;
const QUIET_CPU_MS_PER_S = 20;
const TICK_MS = 10;
const BUSY = ['workqueue_depth', 'controller_runtime_active_workers', 'azid_reconciles_waiting'];
const LOOK_MS = 500;
const CALM_LOOKS = 10;

export interface Launch {
  readonly folder: string;
  readonly logFile: string;
  readonly flags: Readonly<Record<string, string>>;
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly env: readonly { readonly name: string; readonly value: string }[];
        }[];
      };
    };
  };
}

export class Controller implements AsyncDisposable {
  readonly #process: TetheredProcess;
  readonly #observed: string;

  private constructor(process: TetheredProcess, observed: string) {
    this.#process = process;
    this.#observed = observed;
  }

  static async start({ folder, logFile, flags }: Launch): Promise<Controller> {
    const deployed = parse(await readFile(DEPLOYMENT, 'utf8')) as Deployment;
    const { args = [], env = [] } = deployed.spec.template.spec.containers[0] ?? {};
    const options = env.find(({ name }) => name === 'NODE_OPTIONS')?.value;
    if (options === undefined) throw new Error('expected the Deployment to set NODE_OPTIONS');
    // For looking into it: `--cpu-prof --cpu-prof-dir=…`, `--trace-gc`.
    const extra = (process.env.AZID_BENCH_NODE_ARGS ?? '').split(' ').filter(Boolean);
    const listen = `127.0.0.1:${await freePort()}`;
    const all = Object.entries({ ...flags, 'listen-address': listen });
    const process_ = await TetheredProcess.start({
      command: process.execPath,
      args: [...extra, PROGRAM, ...args, ...all.flatMap(([flag, value]) => [`--${flag}`, value])],
      logFile,
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, NODE_OPTIONS: options },
    });
    return new Controller(process_, `http://${listen}`);
  }

  /** Its controllers run: it has its caches and the Lease. */
  async working(): Promise<void> {
    for (;;) {
      await this.alive();
      if ((await this.#log()).includes('"msg":"working"')) return;
      await pause(TICK_MS);
    }
  }

  /** Its stores are full, whether it leads or waits. */
  async synced(): Promise<void> {
    for (;;) {
      await this.alive();
      if ((await this.#log()).includes('"msg":"caches synced"')) return;
      await pause(TICK_MS);
    }
  }

  /** When it took the Lease, wall ms. */
  async becameLeaderAt(): Promise<number> {
    const line = (await this.#log()).split('\n').find((each) => each.includes('"msg":"became leader"'));
    return line === undefined ? Number.NaN : Date.parse((JSON.parse(line) as { time: string }).time);
  }

  /** How many calls to Azure it made so far. */
  async azureCalls(): Promise<number> {
    return sumOf(await this.#metrics(), 'azure_requests_time_seconds_count');
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#process.stop(0);
  }

  /** Ready, and hardly any CPU for a while. */
  async settled(): Promise<void> {
    await this.working();
    for (;;) {
      await this.alive();
      const before = await this.cpuMs();
      await pause(QUIET_S * 1_000);
      if ((await this.cpuMs()) - before < QUIET_S * QUIET_CPU_MS_PER_S) return;
    }
  }

  /** No key is due, is being reconciled, or waits for a rate limit, for a while; lists may go on. */
  async drained(): Promise<void> {
    await this.working();
    for (let calm = 0; calm < CALM_LOOKS; ) {
      await this.alive();
      // Told by one answer: to make it costs the controller something, too.
      const text = await this.#metrics();
      const busy = BUSY.map((name) => sumOf(text, name));
      calm = busy.some((count) => count > 0) ? 0 : calm + 1;
      await pause(LOOK_MS);
    }
  }

  /** Fails with the end of its log when it ended, or lost its Lease and began anew. */
  async alive(): Promise<void> {
    if (this.#process.running) return;
    throw new Error(
      `the controller ended with ${await this.#process.exited}:\n${await logTail(this.#process.logFile)}`,
    );
  }

  /** MiB. */
  async memory(): Promise<{ readonly resident: number; readonly highest: number }> {
    const status = await readFile(`/proc/${this.#process.pid}/status`, 'utf8');
    const mib = (field: string) =>
      Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN) / 1_024;
    return { resident: mib('VmRSS'), highest: mib('VmHWM') };
  }

  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.#process.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async stop(): Promise<void> {
    await this.#process.stop(GRACE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #metrics(): Promise<string> {
    return (await fetch(`${this.#observed}/metrics`)).text();
  }

  #log(): Promise<string> {
    return readFile(this.#process.logFile, 'utf8').catch(() => '');
  }
}

export const pause = (ms: number) => sleep(systemClock, ms);

/** Over all lines of this name, whatever their labels. */
function sumOf(metrics: string, name: string): number {
  const lines = metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}
