/**
 * Official release binaries: Kubernetes from dl.k8s.io, etcd from its GitHub releases, each compared with the SHA-256
 * that is published beside it. Where there is no way out this gives up within seconds.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, open, rm } from 'node:fs/promises';
import { EnvHttpProxyAgent, fetch } from 'undici';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { BinaryName, Pins, Platform } from './pins.ts';
import { duration, type Progress, reportEvery } from './progress.ts';

export interface ReleaseHosts {
  readonly kubernetes: string;
  readonly etcd: string;
}

export const OFFICIAL_HOSTS: ReleaseHosts = {
  kubernetes: 'https://dl.k8s.io/release',
  etcd: 'https://github.com/etcd-io/etcd/releases/download',
};

/** Where the host can be reached the small checksum file arrives in this time, redirects included. */
const FIRST_ANSWER_MS = 6_000;
/** A download that brings nothing for this long is dead. */
const STALL_MS = 15_000;
const MIB = 1024 * 1024;

interface DownloadContext {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly progress: Progress;
}

interface Release {
  readonly url: string;
  readonly checksumUrl: string;
  /** The file inside the archive; absent: `url` is the binary itself. */
  readonly member?: string;
}

/** Where the release of a binary is; undefined: none is published for this platform. */
export function releaseOf(
  name: BinaryName,
  pins: Pins,
  platform: Platform,
  hosts: ReleaseHosts,
): Release | undefined {
  const { os, arch } = platform;
  if (name === 'etcd') {
    if (os !== 'linux') return undefined; // Others are zip archives, which no tool is sure to open here.
    const base = `${hosts.etcd}/${pins.etcd}`;
    const folder = `etcd-${pins.etcd}-${os}-${arch}`;
    return {
      url: `${base}/${folder}.tar.gz`,
      checksumUrl: `${base}/SHA256SUMS`,
      member: `${folder}/etcd`,
    };
  }
  // Servers are published for Linux only.
  if (os !== 'linux' && name !== 'kubectl') return undefined;
  const url = `${hosts.kubernetes}/${pins.kubernetes}/bin/${os}/${arch}/${name}${os === 'windows' ? '.exe' : ''}`;
  return { url, checksumUrl: `${url}.sha256` };
}

/** The line of `SHA256SUMS` for a file, or the only hash of a `.sha256` file; undefined when there is none. */
export function findChecksum(text: string, fileName: string): string | undefined {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const named = lines.find((words) => words[1]?.replace(/^\*/, '') === fileName)?.[0];
  const alone = lines.length > 0 && lines[0]?.length === 1 ? lines[0][0] : undefined;
  const hash = named ?? alone;
  return hash !== undefined && /^[0-9a-f]{64}$/i.test(hash) ? hash.toLowerCase() : undefined;
}

/** Puts the verified, executable binary at `target`. On failure `target` may hold half a file: the caller removes it. */
export async function download(release: Release, target: string, context: DownloadContext): Promise<void> {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: FIRST_ANSWER_MS } });
  try {
    const fileName = release.url.slice(release.url.lastIndexOf('/') + 1);
    const text = await fetchText(release.checksumUrl, dispatcher, context);
    const expected = findChecksum(text, fileName);
    if (expected === undefined)
      throw new Error(`expected ${release.checksumUrl} to hold the SHA-256 of ${fileName}, it does not`);
    const archive = release.member === undefined ? target : `${target}.tar.gz`;
    try {
      const actual = await fetchFile(release.url, archive, dispatcher, context);
      if (actual !== expected)
        throw new Error(
          `expected ${release.url} to have the SHA-256 ${expected}, got ${actual}: thrown away`,
        );
      if (release.member !== undefined) await extract(archive, release.member, target, context.signal);
    } finally {
      if (archive !== target) await rm(archive, { force: true });
    }
    await chmod(target, 0o755);
  } finally {
    await dispatcher.destroy();
  }
}

async function fetchText(
  url: string,
  dispatcher: EnvHttpProxyAgent,
  context: DownloadContext,
): Promise<string> {
  const limit = new AbortController();
  using _ = context.clock.timer(FIRST_ANSWER_MS, () =>
    limit.abort(new Error(`no answer within ${FIRST_ANSWER_MS / 1000} s`)),
  );
  try {
    const response = await fetch(url, { dispatcher, signal: anyOf(limit.signal, context.signal) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return await response.text();
  } catch (error) {
    context.signal?.throwIfAborted();
    throw new Error(`GET ${url}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Returns the SHA-256 of what was written to `target`. */
async function fetchFile(
  url: string,
  target: string,
  dispatcher: EnvHttpProxyAgent,
  context: DownloadContext,
): Promise<string> {
  const { clock, progress } = context;
  const limit = new AbortController();
  const stalled = () => limit.abort(new Error(`nothing came for ${STALL_MS / 1000} s`));
  let stall = clock.timer(STALL_MS, stalled);
  let received = 0;
  let size = '';
  using _ = reportEvery(clock, 3_000, (seconds) =>
    progress(`downloading ${url}: ${Math.floor(received / MIB)}${size} MiB, ${duration(seconds)}`),
  );
  try {
    const response = await fetch(url, { dispatcher, signal: anyOf(limit.signal, context.signal) });
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
    const length = Number(response.headers.get('content-length'));
    if (length > 0) size = ` of ${Math.ceil(length / MIB)}`;
    const hash = createHash('sha256');
    await using file = await open(target, 'w');
    for await (const chunk of response.body) {
      stall[Symbol.dispose]();
      stall = clock.timer(STALL_MS, stalled);
      hash.update(chunk);
      await file.writeFile(chunk); // On a handle this appends.
      received += chunk.length;
    }
    return hash.digest('hex');
  } catch (error) {
    context.signal?.throwIfAborted();
    throw new Error(`GET ${url}: ${reasonOf(error)}`, { cause: error });
  } finally {
    stall[Symbol.dispose]();
  }
}

async function extract(archive: string, member: string, target: string, signal?: AbortSignal): Promise<void> {
  await using file = await open(target, 'w');
  const tar = spawn('tar', ['-xzOf', archive, member], {
    stdio: ['ignore', file.fd, 'ignore'],
    ...(signal ? { signal } : {}),
  });
  const [code] = await once(tar, 'exit');
  if (code !== 0) throw new Error(`expected tar to find ${member} in the archive, it exited with ${code}`);
}

function anyOf(first: AbortSignal, second: AbortSignal | undefined): AbortSignal {
  return second ? AbortSignal.any([first, second]) : first;
}

/** `fetch failed` does not name the failure; its cause does. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (inner instanceof AggregateError && inner.errors[0] instanceof Error) return inner.errors[0].message;
  return inner instanceof Error ? inner.message : String(inner);
}
