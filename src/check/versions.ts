/** What runs and is installed in a cluster, by version: its CRDs, and the controller as far as it is known. Not known is no failure. */
import { KINDS } from '../api/index.ts';
import { customResourceDefinitions } from '../kube/builtin.ts';
import { KubeError } from '../kube/errors.ts';
import { readController, tagOf } from './cluster/controller.ts';
import { crdState, nameOf } from './cluster/crds.ts';
import { type CheckDeps, readAll } from './finding.ts';

export interface CrdVersions {
  /** Served by the cluster. */
  readonly versions: readonly string[];
  readonly kinds: number;
  readonly installed: number;
  /** Schema and columns are those of this command. */
  readonly ofThisVersion: number;
}

export interface ControllerVersion {
  readonly deployment: string;
  readonly image: string;
  /** The image's tag. Absent: by digest alone. */
  readonly version?: string;
}

export interface Unknown {
  readonly unknown: string;
}

export function crdVersions(deps: Pick<CheckDeps, 'client' | 'signal'>): Promise<CrdVersions | Unknown> {
  return orWhy(async () => {
    const all = new Map(
      (await readAll(customResourceDefinitions, deps)).map((each) => [each.metadata.name, each]),
    );
    const states = KINDS.map((kind) => crdState(kind, all.get(nameOf(kind))).state);
    const served = KINDS.flatMap((kind) => all.get(nameOf(kind))?.spec.versions ?? []);
    return {
      versions: [...new Set(served.filter((each) => each.served).map(({ name }) => name))],
      installed: states.filter((state) => state !== 'missing').length,
      ofThisVersion: states.filter((state) => state === 'same').length,
      kinds: KINDS.length,
    };
  }, deps);
}

export function controllerVersion(
  deps: Pick<CheckDeps, 'client' | 'signal' | 'namespace' | 'serviceAccount'>,
): Promise<ControllerVersion | Unknown> {
  return orWhy(async () => {
    const found = await readController(deps);
    if (!found)
      return {
        unknown: `no Deployment of ServiceAccount ${deps.serviceAccount} in namespace ${deps.namespace}`,
      };
    const { key: deployment, image } = found;
    const version = tagOf(image);
    return { deployment, image, ...(version !== undefined && { version }) };
  }, deps);
}

async function orWhy<T>(read: () => Promise<T>, { signal }: Pick<CheckDeps, 'signal'>): Promise<T | Unknown> {
  try {
    return await read();
  } catch (error) {
    if (signal.aborted || !(error instanceof KubeError)) throw error;
    return { unknown: error.message };
  }
}
