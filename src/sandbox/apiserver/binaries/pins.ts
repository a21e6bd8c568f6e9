/** Which binaries there are, at which versions: read from `build/go.mod`, the one place that pins them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

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
