/** kube-apiserver as a child that can be started, frozen and stopped again and again, on the same port and data. */
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import { type AdminAccess, adminRequest, freePort } from './access.ts';
import { apiServerFlags, type ControlPlaneFiles, issuerOf } from './flags.ts';
import { logTail, TetheredProcess } from './tethered-process.ts';

/** Two seconds on an idle machine. The limit is for a machine that starts ten of them on two cores. */
const READY_LIMIT_MS = 120_000;
const POLL_MS = 100;
const PORT_ATTEMPTS = 20;
const PORT_RETRY_MS = 250;
/** Open watches are cut at once on SIGTERM; what is not gone by then hangs. */
const STOP_GRACE_MS = 10_000;

interface ApiServerOptions {
  readonly binary: string;
  readonly files: ControlPlaneFiles;
  readonly access: Omit<AdminAccess, 'server'>;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Absent: any free one; the first start decides for good. */
  readonly port?: number | undefined;
  readonly flags: readonly string[];
  /** The process ended without having been stopped. */
  readonly onUnexpectedExit: (error: Error) => void;
}

export class ApiServer {
  readonly #options: ApiServerOptions;
  #port: number | undefined;
  #process: TetheredProcess | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** https://127.0.0.1:port, which is the issuer too. Known after the first start. */
  get url(): string {
    if (this.#port === undefined) throw new Error('the API server has no address before its first start');
    return issuerOf(this.#port);
  }

  get access(): AdminAccess {
    return { ...this.#options.access, server: this.url };
  }

  /** Resolves when /readyz is 200. Does nothing while it runs. After a failure nothing is left running. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#process?.running) return await this.#starting;
    this.#starting = this.#start(signal);
    try {
      await this.#starting;
    } catch (error) {
      await this.#end(0);
      throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { binary, files, env, clock, flags, onUnexpectedExit } = this.#options;
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      const port = this.#port ?? (await freePort());
      const process = await TetheredProcess.start({
        command: binary,
        args: apiServerFlags(files, port, flags),
        logFile: files.log('kube-apiserver'),
        env,
        clock,
      });
      this.#process = process;
      const outcome = await this.#untilReady(process, port, signal);
      if (outcome === 'ready') {
        this.#port = port;
        void process.exited.then(async (code) => {
          if (this.#process === process)
            onUnexpectedExit(await exitError('kube-apiserver', code, process.logFile));
        });
        return;
      }
      if (attempt >= PORT_ATTEMPTS)
        throw new Error(
          `expected port ${port} of 127.0.0.1 to be free for kube-apiserver, another process has it; ` +
            'end that process or choose another port',
        );
      if (this.#port !== undefined) await sleep(clock, PORT_RETRY_MS, signal);
    }
  }

  /** Does nothing while it is stopped; lets a start that is under way come to its end first. `graceMs` 0 kills. */
  async stop(graceMs: number = STOP_GRACE_MS): Promise<void> {
    await this.#starting?.catch(() => {}); // Whoever started it gets the error.
    await this.#end(graceMs);
  }

  async #end(graceMs: number): Promise<void> {
    const process = this.#process;
    this.#process = undefined; // From here on its end is expected.
    await process?.stop(graceMs);
  }

  /** SIGSTOP: connections stay open and nothing answers, as behind a dead path. */
  freeze(): void {
    this.#process?.signal('SIGSTOP');
  }

  resume(): void {
    this.#process?.signal('SIGCONT');
  }

  async #untilReady(
    process: TetheredProcess,
    port: number,
    signal: AbortSignal,
  ): Promise<'ready' | 'port taken'> {
    const { clock, access } = this.#options;
    const server = issuerOf(port);
    const deadline = clock.monotonic() + READY_LIMIT_MS;
    let last = 'no answer yet';
    while (process.running) {
      try {
        const { status, body } = await adminRequest(
          { ...access, server },
          'GET',
          '/readyz?verbose',
          undefined,
          signal,
        );
        if (status === 200) return 'ready';
        last = `HTTP ${status}\n${body}`;
      } catch (error) {
        signal.throwIfAborted();
        last = (error as Error).message;
      }
      if (clock.monotonic() > deadline)
        throw new Error(
          `expected kube-apiserver to be ready within ${READY_LIMIT_MS / 1000} s; /readyz: ${last}\n` +
            `the end of its log:\n${await logTail(process.logFile)}`,
        );
      await sleep(clock, POLL_MS, signal);
    }
    const error = await exitError('kube-apiserver', await process.exited, process.logFile);
    if (/address already in use/.test(error.message)) return 'port taken';
    throw error;
  }
}

/** A child that ended by itself: its name, its code and the end of its log, since the log may be gone soon. */
export async function exitError(name: string, code: number, logFile: string): Promise<Error> {
  const how = code > 128 ? `was ended by signal ${code - 128}` : `exited with ${code}`;
  return new Error(`${name} ${how}; the end of its log:\n${await logTail(logFile)}`);
}
