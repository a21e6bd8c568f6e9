/**
 * Whether an image holds what it should, to the byte: azid's bundle as it was built outside of the image's base, and of others what they
 * signed. So neither the base nor what built the image has to be trusted. docs/design/2026-11-30-base-image.md
 */
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LICENSE, TEXTS, USER } from './rootfs.ts';

/** As the Dockerfile says it. */
export const CONFIG = {
  User: `${USER}:${USER}`,
  Entrypoint: ['/usr/bin/node', '/azid/azid.mjs'],
  Cmd: ['controller'],
  WorkingDir: '/azid',
  // BuildKit's own, for an image that starts from nothing. Another variable could make Node load something else.
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
};

export interface Originals {
  /** What `npm run build` wrote. */
  readonly dist: string;
  /** The program of Node. */
  readonly node: string;
  /** A folder with the files of Debian's packages. */
  readonly libraries: string;
}

/** What is not as it should be, a line each; none where all is. */
export async function differencesOf(
  rootfs: string,
  config: Readonly<Record<string, unknown>>,
  { dist, node, libraries }: Originals,
): Promise<string[]> {
  const wanted = new Map<string, Buffer>(
    Object.entries(TEXTS).map(([path, text]) => [`/${path}`, Buffer.from(text)]),
  );
  const bundle = (await readdir(dist)).filter((name) => name.endsWith('.mjs'));
  for (const name of bundle) wanted.set(`/azid/${name}`, await readFile(join(dist, name)));
  wanted.set('/azid/LICENSE', await readFile(LICENSE));
  wanted.set('/usr/bin/node', await readFile(node));

  const entries = await readdir(rootfs, { recursive: true, withFileTypes: true });
  const found = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(rootfs.length));
  const wrong = await Promise.all(
    found.map(async (path) => {
      const original = wanted.get(path) ?? (await libraryOf(libraries, path));
      if (original === undefined) return [`${path}: expected nothing, found a file that nobody vouches for`];
      if (!original.equals(await readFile(join(rootfs, path))))
        return [`${path}: expected the original, found other bytes`];
      const mode = (await stat(join(rootfs, path))).mode & 0o7777;
      return [0o644, 0o755].includes(mode)
        ? []
        : [`${path}: expected mode 644 or 755, found ${mode.toString(8)}`];
    }),
  );
  const missing = [...wanted.keys()].filter((path) => !found.includes(path));
  return [
    ...wrong.flat(),
    ...missing.map((path) => `${path}: expected a file, found none`),
    ...Object.entries(CONFIG).flatMap(([name, value]) => differs(name, value, config[name])),
  ].sort();
}

function differs(name: string, wanted: unknown, got: unknown): string[] {
  const [left, right] = [wanted, got].map((value) => JSON.stringify(value));
  return left === right ? [] : [`${name} of its configuration: expected ${left}, found ${right ?? 'none'}`];
}

/** A library has the name by which Node's linker asks for it; in its package that is often a link. */
async function libraryOf(libraries: string, path: string): Promise<Buffer | undefined> {
  if (!/^\/(usr\/)?lib/.test(path)) return undefined;
  // /lib is a link to /usr/lib where the image was made, and each package has one of both names.
  for (const name of [path, path.startsWith('/usr/') ? path.slice('/usr'.length) : `/usr${path}`]) {
    const bytes = await readWithin(libraries, name);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

/** As a system whose root is that folder would: a link of a package may begin at the root. */
async function readWithin(root: string, path: string, links = 8): Promise<Buffer | undefined> {
  try {
    const target = await readlink(join(root, path));
    if (links === 0) return undefined;
    return readWithin(root, target.startsWith('/') ? target : join(dirname(path), target), links - 1);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EINVAL: a file, not a link.
    if (code === 'EINVAL')
      return (await stat(join(root, path))).isFile() ? readFile(join(root, path)) : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
