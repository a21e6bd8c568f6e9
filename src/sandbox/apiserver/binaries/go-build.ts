/** Builds a binary from the published Go modules that `build/go.mod` pins; go.sum vouches for each of them. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../../runtime/time/clock.ts';
import { logTail, TetheredProcess } from '../tethered-process.ts';
import { type BinaryName, BUILD_FOLDER, type Environment, GO_PACKAGES, type Pins } from './pins.ts';
import { duration, type Progress, reportEvery } from './progress.ts';

/** Minutes to expect on 2 cores with an empty Go cache, one after the other; with a warm one only linking is left. */
export const BUILD_MINUTES: Readonly<Record<BinaryName, number>> = {
  etcd: 1,
  'kube-apiserver': 6,
  kubectl: 2,
  'kube-controller-manager': 3,
};

interface GoBuildContext {
  readonly env: Environment;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly progress: Progress;
  /** Which of how many binaries that are missing this is. */
  readonly step?: { readonly number: number; readonly of: number } | undefined;
}

/** Versions like `1.26.8`: is `have` at least `need`? A missing patch counts as 0, `rc1` as the release. */
export function goSuffices(have: string, need: string): boolean {
  const numbers = (text: string) => [0, 1, 2].map((i) => Number.parseInt(text.split('.')[i] ?? '0', 10) || 0);
  const [a, b] = [numbers(have), numbers(need)];
  for (const i of [0, 1, 2]) if (a[i] !== b[i]) return (a[i] ?? 0) > (b[i] ?? 0);
  return true;
}

/**
 * The value of GOTOOLCHAIN for the build. A Go that is new enough builds as it is; since 1.21 an older one can fetch
 * the toolchain that go.mod names (go.dev/doc/toolchain), also where the machine's default is `local`.
 */
export function chooseToolchain(have: string, need: string): 'local' | 'auto' {
  if (goSuffices(have, need)) return 'local';
  if (goSuffices(have, '1.21')) return 'auto';
  throw new Error(`expected Go ${need} or newer, found ${have}; get it from https://go.dev/dl`);
}

/** `-X` values as the release build sets them: without them the API server says v0.0.0-master. */
export function linkerFlags(pins: Pins): string {
  const [major, minor] = pins.kubernetes.slice(1).split('.');
  const values = { gitVersion: pins.kubernetes, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const set = Object.entries(values).map(
    ([key, value]) => `-X k8s.io/component-base/version.${key}=${value}`,
  );
  return ['-s', '-w', ...set].join(' ');
}

/** Builds `name` into the file `target`. The error of a failed build ends with Go's own last lines. */
export async function goBuild(
  name: BinaryName,
  target: string,
  pins: Pins,
  context: GoBuildContext,
): Promise<void> {
  const { env, clock, signal, progress, step } = context;
  const what = step ? `${name} (${step.number} of ${step.of})` : name;
  const have = await goVersion(env, signal);
  const toolchain = chooseToolchain(have, pins.go);
  const scratch = await mkdtemp(join(tmpdir(), 'azid-go-build-'));
  try {
    const log = join(scratch, 'log');
    progress(
      `building ${what} with Go ${have}${toolchain === 'auto' ? ` (which fetches Go ${pins.go} first)` : ''}: ` +
        `about ${BUILD_MINUTES[name]} min the first time on two cores, less once Go's own cache is warm`,
    );
    const build = await TetheredProcess.start({
      command: 'go',
      args: [
        'build',
        '-trimpath',
        '-mod=readonly',
        '-ldflags',
        linkerFlags(pins),
        '-o',
        target,
        GO_PACKAGES[name],
      ],
      logFile: log,
      cwd: BUILD_FOLDER,
      env: { ...buildEnvironment(env, toolchain), GOTMPDIR: scratch }, // Goes with the rest when azid is killed.
      removeOnDeath: scratch,
      clock,
    });
    using _ = reportEvery(clock, 5_000, (seconds) =>
      progress(`building ${what}: ${duration(seconds)} so far`),
    );
    const onAbort = () => void build.stopGroup();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    const code = await build.exited;
    signal?.removeEventListener('abort', onAbort);
    signal?.throwIfAborted();
    if (code !== 0) throw new Error(`go build exited with ${code}:\n${indent(await logTail(log))}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function goVersion(env: Environment, signal?: AbortSignal): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('go', ['env', 'GOVERSION'], {
      env: { ...env, GOTOOLCHAIN: 'local' },
      timeout: 30_000,
      ...(signal ? { signal } : {}),
    });
    return stdout.trim().replace(/^go/, '').split(/[ -]/)[0] ?? '';
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error('found no `go` on the PATH; get it from https://go.dev/dl');
    throw new Error(`\`go env GOVERSION\` failed: ${(error as Error).message}`, { cause: error });
  }
}

/** Nothing of the caller's may redirect the build: another platform, a workspace, a vendor folder. */
function buildEnvironment(env: Environment, toolchain: string): NodeJS.ProcessEnv {
  const { GOOS: _os, GOARCH: _arch, GOFLAGS: _flags, ...rest } = env;
  return { ...rest, CGO_ENABLED: '0', GOTOOLCHAIN: toolchain, GOWORK: 'off', GOFLAGS: '-buildvcs=false' };
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '     ');
}
