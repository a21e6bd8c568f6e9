/** Which binaries there are, at which versions, read from `build/go.mod`, the one place that pins them; and where they are cached. */
import { createHash } from 'node:crypto';
import { access, constants, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export const BINARY_NAMES = ['etcd', 'kube-apiserver', 'kubectl', 'kube-controller-manager'] as const;
export type BinaryName = (typeof BINARY_NAMES)[number];

/** The folder with the `go.mod` and `go.sum` of the published modules. */
export const BUILD_FOLDER = join(import.meta.dirname, 'build');

/** The Go package whose `main` is the binary; each stands as a `tool` line in go.mod. */
export const GO_PACKAGES: Readonly<Record<BinaryName, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
};

/** Where the binaries run, in Go's words: `linux`, `amd64`. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

export interface Pins {
  /** `v1.37.2` */
  readonly kubernetes: string;
  /** `v3.7.3` */
  readonly etcd: string;
  /** The lowest Go that builds them: `1.26.0` */
  readonly go: string;
  /** 12 hex digits over go.mod and go.sum: any change of a pin gives a new cache folder. */
  readonly hash: string;
}

export async function readPins(folder: string = BUILD_FOLDER): Promise<Pins> {
  const [mod, sum] = await Promise.all([
    readFile(join(folder, 'go.mod'), 'utf8'),
    readFile(join(folder, 'go.sum'), 'utf8'),
  ]);
  return parsePins(mod, sum);
}

export function parsePins(mod: string, sum: string): Pins {
  const pin = (what: string, pattern: RegExp): string => {
    const found = pattern.exec(mod)?.[1];
    if (found === undefined) throw new Error(`expected go.mod to pin ${what}, found no such line`);
    return found;
  };
  return {
    kubernetes: pin('k8s.io/kubernetes', /^\s*k8s\.io\/kubernetes (v\S+)/m),
    etcd: pin('go.etcd.io/etcd/server/v3', /^\s*go\.etcd\.io\/etcd\/server\/v3 (v\S+)/m),
    go: pin('the Go version', /^go (\S+)/m),
    // The length keeps (mod, sum) pairs apart that would read the same when joined.
    hash: createHash('sha256').update(`${mod.length}\n${mod}${sum}`).digest('hex').slice(0, 12),
  };
}

export function thisPlatform(): Platform {
  const arches: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  const systems: Readonly<Record<string, string>> = { win32: 'windows' };
  return {
    os: systems[process.platform] ?? process.platform,
    arch: arches[process.arch] ?? process.arch,
  };
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Outside the working tree, shared by every checkout of the same pins: `$AZID_CACHE_DIR`, else `$XDG_CACHE_HOME/azid`, else `~/.cache/azid`. */
export function cacheFolder(env: Environment, home: string = homedir()): string {
  const own = env.AZID_CACHE_DIR;
  if (own) {
    if (!isAbsolute(own))
      throw new Error(`expected AZID_CACHE_DIR to be an absolute path, got ${JSON.stringify(own)}`);
    return own;
  }
  // The XDG base directory specification says that a relative value is to be ignored.
  const xdg = env.XDG_CACHE_HOME;
  return xdg && isAbsolute(xdg) ? join(xdg, 'azid') : join(home, '.cache', 'azid');
}

/** One folder per set of pins and platform, so that a new version never meets an old binary. */
export function binaryFolder(cache: string, pins: Pins, platform: Platform): string {
  return join(cache, 'control-plane', `${pins.kubernetes}-${pins.hash}-${platform.os}-${platform.arch}`);
}

export function binaryFile(folder: string, name: BinaryName, platform: Platform): string {
  return join(folder, platform.os === 'windows' ? `${name}.exe` : name);
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
