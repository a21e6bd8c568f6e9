import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithFile, hasEnded } from '../end-of-file.ts';
import { until } from '../testbed.ts';

/** Half of what a process costs until it works is the reading of its sources, which the next one is spared. */
export const COMPILED = { NODE_COMPILE_CACHE: join(tmpdir(), 'azid-tests-compiled') } as const;

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

/** `azid …` as a process of its own, on the real clock; nothing of the caller's environment but the path. */
export class Azid {
  readonly #process: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Standard output and error so far. */
  output = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...COMPILED, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.ended = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => resolve(signal ?? code ?? -1));
    });
    endWithFile(this, () => {
      this.signal('SIGKILL');
      return this.ended;
    });
    void this.ended.then(() => hasEnded(this));
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Waits for a line; fails at once with the output when the process ends before. */
  async says(text: string, limitMs = 60_000): Promise<void> {
    let over = false;
    void this.ended.then(() => {
      over = true;
    });
    await until(
      `azid to say '${text}'`,
      async () => {
        if (this.output.includes(text)) return true;
        if (over) throw new Error(`azid ended before it said '${text}':\n${this.output}`);
        return false;
      },
      limitMs,
    );
  }
}
