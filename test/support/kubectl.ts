import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from './testbed.ts';

/** The real kubectl, as the administrator. */
export class Kubectl implements AsyncDisposable {
  readonly #binary: string;
  readonly #kubeconfig: string;
  /** Its discovery cache: not that of whoever runs the tests. */
  readonly #folder: string;

  private constructor(binary: string, kubeconfig: string, folder: string) {
    this.#binary = binary;
    this.#kubeconfig = kubeconfig;
    this.#folder = folder;
  }

  static async of({ plane }: Cluster): Promise<Kubectl> {
    const folder = await mkdtemp(join(tmpdir(), 'azid-kubectl-'));
    return new Kubectl(await plane.kubectlPath(), plane.kubeconfigPath, folder);
  }

  /** What it prints, errors included, and how it ended. `input`: what `-f -` reads. */
  run(args: readonly string[], input = ''): Promise<{ readonly code: number; readonly text: string }> {
    const all = ['--kubeconfig', this.#kubeconfig, '--cache-dir', this.#folder, ...args];
    return new Promise((resolve, reject) => {
      const child = execFile(this.#binary, all, (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === 'number') resolve({ code, text: stdout + stderr });
        else reject(error);
      });
      child.stdin?.end(input);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
