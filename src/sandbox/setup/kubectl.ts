/** kubectl, for what a user would do by hand: everything else goes through azid's own client. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

interface KubectlOptions {
  /** Path of the program. */
  readonly binary: string;
  readonly kubeconfig: string;
  /** Holds what kubectl remembers of the server's kinds: not in the user's home, since servers here come and go. */
  readonly folder: string;
}

/** The field manager of what the sandbox applies; again and again it may change its own fields, and no others. */
const FIELD_MANAGER = 'azid-sandbox';

export class Kubectl {
  readonly binary: string;
  readonly #options: KubectlOptions;

  constructor(options: KubectlOptions) {
    this.binary = options.binary;
    this.#options = options;
  }

  /** Standard output; throws with kubectl's own words. */
  async run(args: readonly string[], signal: AbortSignal): Promise<string> {
    const { binary, kubeconfig, folder } = this.#options;
    const given = ['--kubeconfig', kubeconfig, '--cache-dir', join(folder, 'kubectl-cache'), ...args];
    try {
      const { stdout } = await promisify(execFile)(binary, given, { signal, maxBuffer: 64 * 2 ** 20 });
      return stdout;
    } catch (error) {
      signal.throwIfAborted();
      const { stderr = '', message } = error as { stderr?: string; message: string };
      throw new Error(`kubectl ${args[0]}: ${stderr.trim() || message}`);
    }
  }

  /** Server-side apply of files and folders, in the order given. */
  async apply(paths: readonly string[], signal: AbortSignal): Promise<void> {
    const files = paths.flatMap((path) => ['-f', path]);
    await this.run(['apply', '--server-side', `--field-manager=${FIELD_MANAGER}`, ...files], signal);
  }
}
