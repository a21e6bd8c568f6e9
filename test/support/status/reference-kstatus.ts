import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { cacheFolder, isExecutable } from '../../../src/sandbox/apiserver/binaries/cache.ts';
import { thisPlatform } from '../../../src/sandbox/apiserver/binaries/pins.ts';
import type { Observed } from './kstatus.ts';

/**
 * kstatus itself (sigs.k8s.io/cli-utils), asked what it makes of objects: `test/kstatus` pins it and is built once per
 * version of its sources, into azid's cache. `test/support/status/kstatus.ts` says the same in TypeScript for the many tests
 * that ask in passing; that the two agree is a test.
 */

const SOURCES = join(import.meta.dirname, '..', '..', 'kstatus');

/** The path of the program; builds it if the cache has none, which takes about a minute the first time. */
export async function buildReferenceKstatus(): Promise<string> {
  const { os, arch } = thisPlatform();
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum', 'main.go']) hash.update(await readFile(join(SOURCES, name)));
  const version = hash.digest('hex').slice(0, 12);
  const built = join(cacheFolder(process.env), 'kstatus', `${version}-${os}-${arch}`);
  if (await isExecutable(built)) return built;
  await mkdir(dirname(built), { recursive: true });
  const partial = `${built}.${randomUUID()}.partial`;
  const { GOOS: _os, GOARCH: _arch, ...env } = process.env;
  try {
    await promisify(execFile)('go', ['build', '-trimpath', '-mod=readonly', '-o', partial, '.'], {
      cwd: SOURCES,
      // An older Go fetches the one that go.mod names (go.dev/doc/toolchain).
      env: { ...env, CGO_ENABLED: '0', GOWORK: 'off', GOTOOLCHAIN: 'auto', GOFLAGS: '-buildvcs=false' },
    });
    await rename(partial, built);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(
      `kstatus could not be built from test/kstatus: ${missing ? 'found no `go` on the PATH; get it from https://go.dev/dl' : (error as Error).message}`,
      { cause: error },
    );
  } finally {
    await rm(partial, { force: true });
  }
  return built;
}

/** What the reference library says of each object, in their order: `Current`, `InProgress`, `Failed`, `Terminating`. */
export async function referenceKstatus(program: string, objects: readonly Observed[]): Promise<string[]> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(objects.map((each) => JSON.stringify(each)).join('\n'));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (err) throw new Error(err);
  const verdicts = out.trim().split('\n');
  if (verdicts.length !== objects.length)
    throw new Error(`expected ${objects.length} verdicts, got ${verdicts.length}`);
  return verdicts;
}
