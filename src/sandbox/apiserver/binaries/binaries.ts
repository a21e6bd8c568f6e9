/**
 * The control plane's binaries, each from the first way that works (docs/architecture.md section 8): `KUBEBUILDER_ASSETS`,
 * azid's cache, the official release, `go build` of the published modules. The last two fill the cache.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Clock, systemClock } from '../../../runtime/time/clock.ts';
import { download, OFFICIAL_HOSTS, type ReleaseHosts, releaseOf } from './download.ts';
import { BUILD_MINUTES, goBuild } from './go-build.ts';
import { takeInstallLock } from './install-lock.ts';
import {
  type BinaryName,
  binaryFile,
  binaryFolder,
  cacheFolder,
  type Environment,
  isExecutable,
  type Pins,
  type Platform,
  readPins,
  thisPlatform,
} from './pins.ts';
import { type Progress, stderrProgress } from './progress.ts';

interface BinaryOptions {
  /** Default: `process.env`. */
  readonly env?: Environment;
  readonly clock?: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Default: lines to standard error. None when everything is there. */
  readonly progress?: Progress;
  /** Default: the official hosts. */
  readonly hosts?: ReleaseHosts;
}

/** One way that was tried in vain, and why. */
interface FailedWay {
  readonly way: string;
  readonly reason: string;
}

/** No way led to the binary. The message lists each with its reason, and what a person can do. */
export class BinaryUnavailable extends Error {
  override readonly name = 'BinaryUnavailable';
  readonly code = 'AZID_BINARY_UNAVAILABLE';
  readonly binary: BinaryName;
  readonly ways: readonly FailedWay[];

  constructor(binary: BinaryName, ways: readonly FailedWay[]) {
    const list = ways.map(({ way, reason }, i) => `  ${i + 1}. ${way}: ${reason}`).join('\n');
    super(
      `${binary} could not be had in any way:\n${list}\n` +
        `Do one of these: set KUBEBUILDER_ASSETS to a folder that holds ${binary}, open the way to the release ` +
        'host, or install Go so that it can be built.',
    );
    this.binary = binary;
    this.ways = ways;
  }
}

interface Context {
  readonly env: Environment;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly progress: Progress;
  readonly hosts: ReleaseHosts;
  readonly pins: Pins;
  readonly platform: Platform;
  /** Release hosts that did not answer, so that four binaries do not wait four times. */
  readonly unreachable: Map<string, string>;
  /** Which of how many that are missing is got now. */
  readonly step?: { readonly number: number; readonly of: number } | undefined;
}

/** The absolute path of each named binary; gets what is missing, which may take minutes the first time. */
export async function getBinaries<N extends BinaryName>(
  names: readonly N[],
  options: BinaryOptions = {},
): Promise<Readonly<Record<N, string>>> {
  const context: Context = {
    env: options.env ?? process.env,
    clock: options.clock ?? systemClock,
    signal: options.signal,
    progress: options.progress ?? stderrProgress,
    hosts: options.hosts ?? OFFICIAL_HOSTS,
    pins: await readPins(),
    platform: thisPlatform(),
    unreachable: new Map(),
  };
  const paths: Partial<Record<BinaryName, string>> = {};
  const missing = await missingOf(names, context);
  if (missing.length > 1) context.progress(announcement(missing, context));
  // One after the other: two Go builds at once would share the same cores and compile the same packages.
  for (const name of names) {
    const number = missing.indexOf(name) + 1;
    const step = number > 0 && missing.length > 1 ? { number, of: missing.length } : undefined;
    paths[name] = await getBinary(name, { ...context, step });
  }
  return paths as Record<N, string>;
}

async function missingOf(names: readonly BinaryName[], context: Context): Promise<readonly BinaryName[]> {
  const { env, pins, platform } = context;
  const folders = [env.KUBEBUILDER_ASSETS, binaryFolder(cacheFolder(env), pins, platform)];
  const here = await Promise.all(
    names.map(async (name) => {
      const places = folders.flatMap((folder) => (folder ? [binaryFile(folder, name, platform)] : []));
      return (await Promise.all(places.map(isExecutable))).some((found) => found);
    }),
  );
  return names.filter((_, i) => here[i] === false);
}

/** Announces, at the first start, how much is to come. */
function announcement(missing: readonly BinaryName[], { env, pins, platform }: Context): string {
  const minutes = missing.reduce((sum, name) => sum + BUILD_MINUTES[name], 0);
  return (
    `getting ${missing.length} programs, once: ${missing.join(', ')}. Where their releases cannot be downloaded, they are ` +
    `built with Go, in about ${minutes} min on two cores; kept in ${binaryFolder(cacheFolder(env), pins, platform)}`
  );
}

async function getBinary(name: BinaryName, context: Context): Promise<string> {
  const { env, clock, signal, progress, pins, platform } = context;
  const failed: FailedWay[] = [];

  const assets = env.KUBEBUILDER_ASSETS;
  if (assets) {
    const path = binaryFile(assets, name, platform);
    if (await isExecutable(path)) return path;
    await expectFolder(assets);
    failed.push({ way: 'KUBEBUILDER_ASSETS', reason: `${assets} holds no executable ${name}` });
  } else {
    failed.push({ way: 'KUBEBUILDER_ASSETS', reason: 'not set' });
  }

  const folder = binaryFolder(cacheFolder(env), pins, platform);
  const installed = binaryFile(folder, name, platform);
  if (await isExecutable(installed)) return installed;
  failed.push({ way: 'cache', reason: `not yet in ${folder}` });

  await mkdir(folder, { recursive: true });
  await using _ = await takeInstallLock(`${installed}.lock`, {
    clock,
    signal,
    onWait: (holder) => progress(`waiting for ${holder}, which is getting ${name}`),
  });
  if (await isExecutable(installed)) return installed;
  await removePartials(installed);
  const partial = `${installed}.${randomUUID()}.partial`;
  try {
    for (const way of [fromRelease, fromGo]) {
      const failure = await way(name, partial, context);
      if (failure === undefined) {
        await rename(partial, installed);
        return installed;
      }
      failed.push(failure);
      await rm(partial, { force: true });
    }
  } finally {
    await rm(partial, { force: true });
  }
  throw new BinaryUnavailable(name, failed);
}

async function fromRelease(
  name: BinaryName,
  target: string,
  context: Context,
): Promise<FailedWay | undefined> {
  const { pins, platform, hosts, unreachable, progress } = context;
  const release = releaseOf(name, pins, platform, hosts);
  if (!release)
    return {
      way: 'release',
      reason: `none is published for ${platform.os}/${platform.arch} as a plain file`,
    };
  const host = new URL(release.url).host;
  const known = unreachable.get(host);
  if (known !== undefined) return { way: 'release', reason: known };
  try {
    await download(release, target, context);
    await probe(name, target, context);
    return undefined;
  } catch (error) {
    context.signal?.throwIfAborted();
    const reason = (error as Error).message;
    unreachable.set(host, reason);
    progress(`no release of ${name}: ${reason}`);
    return { way: 'release', reason };
  }
}

async function fromGo(name: BinaryName, target: string, context: Context): Promise<FailedWay | undefined> {
  try {
    await goBuild(name, target, context.pins, context);
    await probe(name, target, context);
    return undefined;
  } catch (error) {
    context.signal?.throwIfAborted();
    return { way: 'go build', reason: (error as Error).message };
  }
}

/** A file that does not run here never enters the cache. */
async function probe(name: BinaryName, path: string, context: Context): Promise<void> {
  const args = name === 'kubectl' ? ['version', '--client'] : ['--version'];
  try {
    await promisify(execFile)(path, args, {
      timeout: 30_000,
      ...(context.signal ? { signal: context.signal } : {}),
    });
  } catch (error) {
    throw new Error(
      `expected the new ${name} to run, \`${args.join(' ')}\` failed: ${(error as Error).message}`,
    );
  }
}

/** A variable that points nowhere is a mistake to report, not to pass over. */
async function expectFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory())
    throw new Error(
      `expected KUBEBUILDER_ASSETS to be a folder with the control plane's binaries, got ${JSON.stringify(path)}, ` +
        'which is no folder; correct it or unset it',
    );
}

/** What an interrupted run left. Only the holder of the lock may: another's partial file is in use. */
async function removePartials(installed: string): Promise<void> {
  const folder = dirname(installed);
  for (const entry of await readdir(folder))
    if (entry.startsWith(`${basename(installed)}.`) && /\.(partial|gz|stale)$/.test(entry))
      await rm(join(folder, entry), { force: true });
}
