import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type Clock, systemClock } from '../../runtime/time/clock.ts';

/**
 * A child process that cannot outlive azid. Between them stands a small shell that holds a pipe to azid: when that
 * pipe closes, because azid ended in any way (`kill -9` included), the shell kills its whole process group. So
 * no exit or signal handler is needed anywhere, and none can be missed.
 */

/**
 * Arguments: log file, a folder to remove when azid dies ('' = none), the command. `detached` makes the shell lead a
 * process group of its own: a Ctrl-C at the terminal reaches azid only, which then stops its children in order. The
 * shell is halted (`$$`, also in the subshell) before its child is killed, or it would end the watcher too early.
 */
const TETHER = `
log=$1; doomed=$2; shift 2
exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
child=$!
echo "$child"
{
  read -r _ <&3
  kill -STOP $$
  kill -KILL "$child"
  if [ -n "$doomed" ]; then rm -rf -- "$doomed"; fi
  kill -KILL 0
} >/dev/null 2>&1 &
watcher=$!
wait "$child"
code=$?
kill -KILL "$watcher"
exit "$code"
`;

export interface TetheredOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Removed with all it holds when azid dies without stopping the process: a temporary folder. */
  readonly removeOnDeath?: string;
  readonly clock?: Clock;
}

export class TetheredProcess {
  /** Of the command itself, not of the shell between. */
  readonly pid: number;
  readonly logFile: string;
  /** The exit code; 128 + n after signal n, as shells count. Never rejects. */
  readonly exited: Promise<number>;
  readonly #clock: Clock;
  readonly #shell: ChildProcess;
  #running = true;

  private constructor(
    pid: number,
    shell: ChildProcess,
    logFile: string,
    exited: Promise<number>,
    clock: Clock,
  ) {
    this.pid = pid;
    this.#shell = shell;
    this.logFile = logFile;
    this.#clock = clock;
    this.exited = exited.then((code) => {
      this.#running = false;
      return code;
    });
  }

  /** Resolves when the shell has started the command. A command that does not exist exits with 127, or 126. */
  static async start(options: TetheredOptions): Promise<TetheredProcess> {
    const { command, args, logFile, env, cwd, removeOnDeath = '', clock = systemClock } = options;
    const shell = spawn('/bin/sh', ['-c', TETHER, 'sh', logFile, removeOnDeath, command, ...args], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env,
      ...(cwd === undefined ? {} : { cwd }),
    });
    shell.stdin.on('error', () => {}); // The pipe is only ever closed; a shell that went first is no error.
    const exited = new Promise<number>((resolve) => {
      shell.once('exit', (code) => {
        shell.stdin.destroy();
        resolve(code ?? 137);
      });
      shell.once('error', () => resolve(127));
    });
    const failed = new Promise<never>((_, reject) =>
      shell.once('error', (cause) =>
        reject(new Error(`starting ${command}: /bin/sh could not run`, { cause })),
      ),
    );
    const lines = createInterface({ input: shell.stdout });
    const pid = await Promise.race([
      new Promise<number>((resolve) => lines.once('line', (line) => resolve(Number(line)))),
      exited.then((code) => Promise.reject(new Error(`starting ${command}: the shell exited with ${code}`))),
      failed,
    ]);
    lines.close();
    shell.stdout.resume();
    return new TetheredProcess(pid, shell, logFile, exited, clock);
  }

  get running(): boolean {
    return this.#running;
  }

  /** Does nothing once the process has ended: its id may belong to another process by then. */
  signal(signal: NodeJS.Signals): void {
    if (this.#running) sendSignal(this.pid, signal);
  }

  /** SIGTERM, then SIGKILL after `graceMs` (0: at once). Resolves when it has ended and was reaped. */
  async stop(graceMs: number): Promise<void> {
    this.signal(graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
    this.signal('SIGCONT'); // A frozen process would never see the SIGTERM.
    using _ = this.#clock.timer(graceMs, () => this.signal('SIGKILL'));
    await this.exited;
  }

  /** Kills the process with all its descendants, such as the compilers below a `go build`. */
  async stopGroup(): Promise<void> {
    if (this.#running && this.#shell.pid !== undefined) sendSignal(-this.#shell.pid, 'SIGKILL');
    await this.exited;
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The end of a log file, at most `bytes` and `lines` of it; '' when there is none. */
export async function logTail(file: string, lines = 15, bytes = 16_384): Promise<string> {
  try {
    await using handle = await open(file, 'r');
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, bytes));
    await handle.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}
