/** The controller, as its own process with the flags of a Deployment; started again when it ends, as by a kubelet. */
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import { exitError } from '../apiserver/api-server.ts';
import { TetheredProcess } from '../apiserver/tethered-process.ts';

interface ControllerOptions {
  readonly clock: Clock;
  /** Arguments of `node`: the program and its flags. */
  readonly args: readonly string[];
  /** Serves probes and metrics: origin. */
  readonly observed: string;
  /** Its home and working folder. */
  readonly folder: string;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  /** It ended without having been stopped, and why. */
  readonly onDeath: (message: string) => void;
  /** It is not ready for long: what the probe says. */
  readonly onSlow: (message: string) => void;
}

/** A kubelet's 10 s to 5 min would be long for someone who watches. */
const RESTART_MS = { first: 1_000, most: 60_000 };
/** After so long a run the next failure counts as the first, as a kubelet counts. */
const FORGIVEN_AFTER_MS = 10 * 60_000;
const GRACE_MS = 15_000;
const PROBE_EVERY_MS = 200;
const SLOW_AFTER_MS = 20_000;

export class ControllerProcess implements AsyncDisposable {
  readonly #options: ControllerOptions;
  readonly #stopping = new AbortController();
  #process: TetheredProcess;
  readonly #guard: Promise<void>;
  #deaths = 0;
  #lastDeath = '';

  private constructor(options: ControllerOptions, process: TetheredProcess) {
    this.#options = options;
    this.#process = process;
    this.#guard = this.#restart();
  }

  static async start(options: ControllerOptions): Promise<ControllerProcess> {
    return new ControllerProcess(options, await spawn(options));
  }

  /** Of the process that runs now, or ran last. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves at the first 200 of `/readyz`; throws when the process ends before that, with the end of its log. */
  async untilReady(signal: AbortSignal): Promise<void> {
    const { clock, observed, onSlow } = this.#options;
    const deaths = this.#deaths;
    let slowAt = clock.monotonic() + SLOW_AFTER_MS;
    for (;;) {
      if (this.#deaths > deaths) throw new Error(this.#lastDeath);
      const answer = await probe(`${observed}/readyz`, signal);
      if (answer.ok) return;
      if (clock.monotonic() > slowAt) {
        onSlow(`the controller is not ready yet: ${answer.body}`);
        slowAt = clock.monotonic() + SLOW_AFTER_MS;
      }
      await sleep(clock, PROBE_EVERY_MS, signal);
    }
  }

  /** SIGTERM, time to finish, SIGKILL. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the controller is being stopped'));
    await this.#process.stop(GRACE_MS);
    await this.#guard;
    await this.#process.stop(0); // One that was being started at that moment.
  }

  async #restart(): Promise<void> {
    const { clock, onDeath } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      const code = await this.#process.exited;
      if (signal.aborted) return;
      failures = clock.monotonic() - startedAt > FORGIVEN_AFTER_MS ? 1 : failures + 1;
      const waitMs = Math.min(RESTART_MS.first * 2 ** (failures - 1), RESTART_MS.most);
      const { message } = await exitError('the controller', code, this.#options.logFile);
      this.#lastDeath = message;
      this.#deaths += 1;
      onDeath(`${message}\nIt is started again in ${waitMs / 1000} s.`);
      try {
        await sleep(clock, waitMs, signal);
        this.#process = await spawn(this.#options);
      } catch (error) {
        if (signal.aborted) return;
        onDeath(`starting the controller again: ${(error as Error).message}`);
      }
    }
  }
}

/** Nothing of the caller's environment: every flag can come from a variable too, and a proxy is not for 127.0.0.1. */
function spawn({ args, folder, logFile, clock }: ControllerOptions): Promise<TetheredProcess> {
  return TetheredProcess.start({
    command: process.execPath,
    args,
    logFile,
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, TMPDIR: folder },
    removeOnDeath: folder,
    clock,
  });
}

async function probe(url: string, signal: AbortSignal): Promise<{ ok: boolean; body: string }> {
  try {
    const response = await fetch(url, { signal });
    return { ok: response.ok, body: (await response.text()).trim() };
  } catch {
    signal.throwIfAborted();
    return { ok: false, body: 'its probes do not answer' };
  }
}
