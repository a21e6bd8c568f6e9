/** The SDKs of `package.json` beside this file, in the cache: they are no part of azid, and `npm test` does without them. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const LOCK = join(import.meta.dirname, 'package-lock.json');

/** As locked: another lock is another folder, so that an older run is no obstacle. */
async function install(): Promise<string> {
  const lock = await readFile(LOCK);
  const version = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const folder = join(homedir(), '.cache', 'azid', 'clients', `javascript-${version}`);
  if (await exists(folder)) return folder;
  const fresh = `${folder}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  try {
    for (const name of ['package.json', 'package-lock.json'])
      await copyFile(join(import.meta.dirname, name), join(fresh, name));
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: fresh });
    // Another worker may have been faster.
    await rename(fresh, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}

/** What an SDK exports; nothing here knows its types. */
export type Module = Readonly<Record<string, unknown>>;

/** Loads installed packages, unchanged, into this process. */
export async function sdkLoader(): Promise<(name: string) => Promise<Module>> {
  const { resolve } = createRequire(join(await install(), 'package.json'));
  return async (name) => (await import(pathToFileURL(resolve(name)).href)) as Module;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
