/** `azid sandbox` as a user runs it: a process of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, vi } from 'vitest';
import { temporaryFolder } from '../../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import type { ReadyFacts } from '../../../src/sandbox/ready-file.ts';
import { endWithFile, hasEnded } from '../end-of-file.ts';
import { COMPILED } from './child.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
/** For conditions that several processes bring about. */
export const SOON = { timeout: 90_000, interval: 100 };

/** Azid's own variables of the caller must not reach it. */
export function cleanEnvironment(): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(([name]) => !/^(AZID_SANDBOX|AZURE)_/.test(name));
  return { ...COMPILED, ...Object.fromEntries(own) };
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export class SandboxCommand implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out = '';

  constructor(flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [MAIN, 'sandbox', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ...env },
    });
    let err = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    this.ended = once(this.child, 'close').then(([code]) => {
      hasEnded(this);
      return { code, out: this.out, err };
    });
    endWithFile(this, () => this[Symbol.asyncDispose]());
  }

  /** The sandbox is up when the file is there. */
  async ready(path: string): Promise<ReadyFacts> {
    const text = await vi.waitFor(() => {
      if (this.child.exitCode !== null) throw new Error(`the sandbox ended:\n${this.out}`);
      return readFile(path, 'utf8');
    }, SOON);
    return JSON.parse(text) as ReadyFacts;
  }

  async printed(text: string | RegExp): Promise<void> {
    await vi.waitFor(() => expect(this.out).toMatch(text), SOON);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended;
  }
}

/** Processes whose command line names the folder. */
export async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,args', '-ww']);
  return stdout.split('\n').filter((line) => line.includes(folder));
}

export type Kubectl = (...args: readonly string[]) => Promise<string>;

export function kubectlOf(binary: string, kubeconfig: string): Kubectl {
  return async (...args) => (await promisify(execFile)(binary, ['--kubeconfig', kubeconfig, ...args])).stdout;
}

export async function applyObject(kubectl: Kubectl, object: object): Promise<void> {
  await using folder = await temporaryFolder();
  await writeFile(folder.file('object.json'), JSON.stringify(object));
  await kubectl('apply', '-f', folder.file('object.json'));
}
