/**
 * The root of the container image, assembled without a container engine: Node, the libraries it is linked with, azid's bundle, and the two files by
 * which a user has a name. No shell, no package manager. Files are linked where that is possible: an assembly costs nothing.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, link, mkdir, readdir, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** As in the Deployment: nobody of the node. */
export const USER = 65532;
export const LICENSE = join(import.meta.dirname, '..', '..', 'LICENSE');

export interface RootfsOptions {
  /** A folder that does not exist yet, or is empty. */
  readonly target: string;
  /** What `npm run build` wrote. */
  readonly dist: string;
  /** The program of Node that the image gets; for Linux, as the machine that runs this. */
  readonly node: string;
}

/** In the order in which the image has them. */
export const TEXTS: Readonly<Record<string, string>> = {
  'etc/passwd': `azid:x:${USER}:${USER}::/:/nonexistent\n`,
  'etc/group': `azid:x:${USER}:\n`,
  // Names as the kubelet gives them in /etc/hosts, then DNS; without the file the C library has an order of its own.
  'etc/nsswitch.conf': 'hosts: files dns\n',
};
/** Where a container engine mounts what is not of the image; a root that is read-only cannot get them later. */
const MOUNT_POINTS = ['dev', 'etc', 'proc', 'sys', 'tmp', 'var/run/secrets'];

export async function assembleRootfs({ target, dist, node }: RootfsOptions): Promise<void> {
  if (process.platform !== 'linux')
    throw new Error(
      `expected Linux, whose programs the image holds, got ${process.platform}; build it in a container`,
    );
  const bundle = (await filesOf(dist)).filter((name) => name.endsWith('.mjs'));
  if (!bundle.includes('azid.mjs'))
    throw new Error(
      `expected ${dist} to hold azid.mjs, found ${bundle.join(', ') || 'nothing'}; run \`npm run build\` first`,
    );
  if ((await filesOf(target)).length > 0)
    throw new Error(
      `expected ${target} to be empty or not there, found files; remove it or name another folder`,
    );

  for (const folder of MOUNT_POINTS) await mkdir(join(target, folder), { recursive: true, mode: 0o755 });
  for (const [path, text] of Object.entries(TEXTS))
    await writeFile(join(target, path), text, { mode: 0o644 });
  for (const name of bundle) await place(join(dist, name), join(target, 'azid', name), 0o644);
  await place(LICENSE, join(target, 'azid', 'LICENSE'), 0o644);
  await place(node, join(target, 'usr/bin/node'), 0o755);
  for (const library of await librariesOf(node)) await place(library, join(target, library), 0o755);
}

/** What the dynamic linker loads for a program, under the names by which it asks: `ldd`, and what the C library loads by itself to look names up. */
export async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ldd', [program], {
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
  });
  const found = parseLdd(stdout);
  const libc = found.find((path) => basename(path) === 'libc.so.6');
  const late =
    libc === undefined
      ? []
      : ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'].map((name) => join(dirname(libc), name));
  const there = await Promise.all(
    late.map((path) =>
      stat(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return [...new Set([...found, ...there.flat()])];
}

/** `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)`, `/lib64/ld-linux-x86-64.so.2 (0x…)`; the kernel's own has no file. */
export function parseLdd(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, name, path] = /^\s*(\S+)(?: => (\S.*?))?(?: \(0x[0-9a-f]+\))?$/.exec(line) ?? [];
    if (path === 'not found')
      throw new Error(`expected the machine to have ${name}, which Node is linked with; install it`);
    const file = path ?? name;
    return file?.startsWith('/') ? [file] : [];
  });
}

/** A link where it may be one: with the rights that the image gives, and on the same file system. */
async function place(from: string, to: string, mode: number): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o755 });
  const real = await realpath(from);
  const asIs = ((await stat(real)).mode & 0o777) === mode;
  if (
    asIs &&
    (await link(real, to).then(
      () => true,
      () => false,
    ))
  )
    return;
  await copyFile(real, to);
  await chmod(to, mode);
}

function filesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Every file of an assembled root, with its rights: for whoever wants to know what the image holds. */
export async function contentsOf(rootfs: string): Promise<string[]> {
  const entries = await readdir(rootfs, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(rootfs.length))
    .sort();
}
