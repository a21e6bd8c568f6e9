import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, isExecutable, thisPlatform } from '../../../src/sandbox/apiserver/binaries/pins.ts';

/**
 * A program that tests ask, from a Go module of the repository that pins it: built once per version of the module's files, into
 * azid's cache.
 */
export interface GoProgram {
  /** Of the folder in the cache. */
  readonly name: string;
  /** The module's folder: go.mod, go.sum and what Go sources there are. */
  readonly folder: string;
  /** What is built; by default the module's own package. */
  readonly package?: string;
}

/** The path of the program. */
export async function buildGoProgram({ name, folder, package: what = '.' }: GoProgram): Promise<string> {
  const { os, arch } = thisPlatform();
  const hash = createHash('sha256').update(what);
  for (const file of (await readdir(folder)).filter((each) => /^go\.(mod|sum)$|\.go$/.test(each)).sort())
    hash.update(await readFile(join(folder, file)));
  const version = hash.digest('hex').slice(0, 12);
  const built = join(cacheFolder(process.env), name, `${version}-${os}-${arch}`);
  if (await isExecutable(built)) return built;
  await mkdir(dirname(built), { recursive: true });
  const partial = `${built}.${randomUUID()}.partial`;
  const { GOOS: _os, GOARCH: _arch, ...env } = process.env;
  const flags = ['-trimpath', '-mod=readonly', '-ldflags=-s -w'];
  try {
    await promisify(execFile)('go', ['build', ...flags, '-o', partial, what], {
      cwd: folder,
      // An older Go fetches the one that go.mod names (go.dev/doc/toolchain).
      env: { ...env, CGO_ENABLED: '0', GOWORK: 'off', GOTOOLCHAIN: 'auto', GOFLAGS: '-buildvcs=false' },
      maxBuffer: 16 * 2 ** 20,
    });
    await rename(partial, built);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(
      `${name} could not be built from ${folder}: ${missing ? 'found no `go` on the PATH; get it from https://go.dev/dl' : (error as Error).message}`,
      { cause: error },
    );
  } finally {
    await rm(partial, { force: true });
  }
  return built;
}
