/**
 * Runs a program in an assembled root as a container would, as far as the machine allows without an engine:
 * - `read-only root`: a mount namespace of its own, the root mounted read-only, user 65532, no new privileges;
 * - `chroot`: where no mount is allowed;
 * - `plain folder`: for who is not root. The root's own Node with the root's own libraries, and all else of the machine.
 */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { contentsOf, USER } from './rootfs.ts';

export type Confinement = 'read-only root' | 'chroot' | 'plain folder';

/** The shell mounts and then becomes the program: signals reach it, and the mounts go with it. $1 is the root. */
const READ_ONLY = `
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount --rbind /proc "$1/proc"
root=$1; shift
exec setpriv --no-new-privs chroot --userspec=${USER}:${USER} --groups= "$root" "$@"
`;
const CHROOT = `root=$1; shift; exec chroot --userspec=${USER}:${USER} --groups= "$root" "$@"`;

/** The closest to a container that this process may have. */
export async function confinementHere(): Promise<Confinement> {
  const works = (command: string, args: readonly string[]) =>
    promisify(execFile)(command, [...args]).then(
      () => true,
      () => false,
    );
  const probe = `mount --bind / /mnt && setpriv --no-new-privs chroot --userspec=${USER}:${USER} / true`;
  if (await works('unshare', ['--mount', 'sh', '-c', probe])) return 'read-only root';
  if (await works('chroot', [`--userspec=${USER}:${USER}`, '/', 'true'])) return 'chroot';
  return 'plain folder';
}

/** Where a container looks for programs; `chroot` and `mount` stand in folders that a user's shell may leave out. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Starts the root's Node with these arguments; paths of `/azid` among them are the root's. */
export async function runIn(
  rootfs: string,
  confinement: Confinement,
  args: readonly string[],
  given: SpawnOptions,
): Promise<ChildProcess> {
  const options = { ...given, env: { ...given.env, PATH } };
  const inside = [rootfs, '/usr/bin/node', ...args];
  if (confinement === 'read-only root')
    return spawn(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', READ_ONLY, 'sh', ...inside],
      options,
    );
  if (confinement === 'chroot') return spawn('sh', ['-c', CHROOT, 'sh', ...inside], options);
  return spawn(...(await plainCommand(rootfs, args)), options);
}

/** By the root's own dynamic linker: the machine's would take the machine's libraries. */
async function plainCommand(rootfs: string, args: readonly string[]): Promise<[string, string[]]> {
  const libraries = (await contentsOf(rootfs)).filter((path) => /\/lib[^/]*\/.*\.so\.\d+$/.test(path));
  const linker = libraries.find((path) => basename(path).startsWith('ld-'));
  if (linker === undefined)
    throw new Error(`expected ${rootfs} to hold a dynamic linker (ld-*.so), found none; assemble it anew`);
  const folders = [...new Set(libraries.map((path) => join(rootfs, dirname(path))))];
  const own = args.map((each) => (each.startsWith('/azid/') ? join(rootfs, each) : each));
  return [join(rootfs, linker), ['--library-path', folders.join(':'), join(rootfs, 'usr/bin/node'), ...own]];
}
