import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** A program that watches: what it has said so far, and what it has used. */
export class Side implements AsyncDisposable {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #synced = Promise.withResolvers<void>();
  /** By object and version: when it was reconciled, ms of `performance.now`. */
  readonly #reconciled = new Map<string, number>();
  #heard: (() => void) | undefined;

  constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    this.#process = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    if (!this.#process.stdout) throw new Error('expected a pipe');
    createInterface(this.#process.stdout).on('line', (line) => {
      const [what, object, version] = line.split(' ');
      if (what === 'synced') this.#synced.resolve();
      else this.#reconciled.set(`${object} ${version}`, performance.now());
      this.#heard?.();
    });
    this.#process.once('close', (code) =>
      this.#synced.reject(new Error(`${name} ended with exit code ${code}`)),
    );
  }

  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** When this version of the object was reconciled; waits for it, at most so many ms. */
  async reconciled(object: string, version: string, limitMs: number): Promise<number> {
    const end = performance.now() + limitMs;
    for (;;) {
      const at = this.#reconciled.get(`${object} ${version}`);
      if (at !== undefined) return at;
      if (performance.now() > end)
        throw new Error(`${this.name}: no reconcile of ${object} within ${limitMs} ms`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
        setTimeout(resolve, 1_000);
      });
    }
  }

  /** Seconds of CPU, and MiB resident: now and at the most. */
  async used(): Promise<{ readonly cpu: number; readonly resident: number; readonly most: number }> {
    const of = (file: string) => readFile(`/proc/${this.#process.pid}/${file}`, 'utf8');
    const [stat, status] = await Promise.all([of('stat'), of('status')]);
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const mib = (field: string) =>
      Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1_024;
    return { cpu: (Number(ticks[11]) + Number(ticks[12])) / 100, resident: mib('VmRSS'), most: mib('VmHWM') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#synced.promise.catch(() => {});
    if (this.#process.exitCode === null && this.#process.kill('SIGTERM')) await ended;
  }
}
