import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { cacheFolder, isExecutable } from '../../src/sandbox/apiserver/binaries/cache.ts';
import { thisPlatform } from '../../src/sandbox/apiserver/binaries/pins.ts';

/**
 * Small Go programs around the libraries that decide elsewhere what azid's objects and metrics come to: kstatus, Prometheus,
 * kube-state-metrics, what Argo CD and Flux evaluate with. Each is a folder with a go.mod that pins them, built once per version of its sources into
 * azid's cache.
 */
export async function buildGoProgram(folder: string): Promise<string> {
  const { os, arch } = thisPlatform();
  const hash = createHash('sha256');
  const names = (await readdir(folder)).filter((name) => /\.(go|mod|sum)$/.test(name)).sort();
  for (const name of names) hash.update(`${name}\n`).update(await readFile(join(folder, name)));
  const version = hash.digest('hex').slice(0, 12);
  const program = basename(folder);
  const built = join(cacheFolder(process.env), program, `${version}-${os}-${arch}`);
  if (await isExecutable(built)) return built;
  await mkdir(dirname(built), { recursive: true });
  const partial = `${built}.${randomUUID()}.partial`;
  const { GOOS: _os, GOARCH: _arch, ...env } = process.env;
  try {
    await promisify(execFile)('go', ['build', '-trimpath', '-mod=readonly', '-o', partial, '.'], {
      cwd: folder,
      // An older Go fetches the one that go.mod names (go.dev/doc/toolchain).
      env: { ...env, CGO_ENABLED: '0', GOWORK: 'off', GOTOOLCHAIN: 'auto', GOFLAGS: '-buildvcs=false' },
    });
    await rename(partial, built);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(
      `${program} could not be built from ${folder}: ${missing ? 'found no `go` on the PATH; get it from https://go.dev/dl' : (error as Error).message}`,
      { cause: error },
    );
  } finally {
    await rm(partial, { force: true });
  }
  return built;
}

/** What a program prints for what it is given. What it complains of fails. */
export async function answerOf(
  program: string,
  input: string,
  args: readonly string[] = [],
): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  // One that ends before it has read all says why on its standard error.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (err) throw new Error(err);
  return out;
}
