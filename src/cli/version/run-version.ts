import { KINDS } from '../../api/index.ts';
import { VERSION as API_VERSION } from '../../api/schema/kind.ts';
import { readController, tagOf } from '../../check/cluster/controller.ts';
import { crdState, nameOf } from '../../check/cluster/crds.ts';
import { readAll } from '../../check/deps.ts';
import { customResourceDefinitions } from '../../kube/builtin.ts';
import { KubeError } from '../../kube/errors.ts';
import { type InCluster, inCluster, NOTHING_CHANGED, printed } from '../in-cluster.ts';
import { EXIT } from '../interruptible.ts';
import { VERSION } from '../version.ts';
import type { VersionFlags } from './version-command.ts';
import {
  type ControllerVersion,
  type CrdVersions,
  type Unknown,
  type Versions,
  versionsText,
} from './version-text.ts';

const CLIENT = { version: VERSION, apiVersion: API_VERSION, node: process.version };

export async function runVersion(flags: VersionFlags): Promise<number> {
  if (flags.client) return shown({ client: CLIENT }, flags);
  return inCluster({ name: 'version', interrupted: NOTHING_CHANGED }, flags, async (deps) => {
    const [crds, controller] = [await crdsIn(deps), await controllerIn(deps, flags)];
    return shown({ client: CLIENT, crds, controller }, flags);
  });
}

async function shown(versions: Versions, { output }: VersionFlags): Promise<number> {
  await printed(output === 'json' ? `${JSON.stringify(versions, undefined, 2)}\n` : versionsText(versions));
  return EXIT.done;
}

async function crdsIn(deps: InCluster): Promise<CrdVersions | Unknown> {
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

async function controllerIn(
  deps: InCluster,
  { namespace, serviceAccount }: VersionFlags,
): Promise<ControllerVersion | Unknown> {
  return orWhy(async () => {
    const found = await readController({ ...deps, namespace, serviceAccount });
    if (!found)
      return { unknown: `no Deployment of ServiceAccount ${serviceAccount} in namespace ${namespace}` };
    const { key: deployment, image } = found;
    const version = tagOf(image);
    return { deployment, image, ...(version !== undefined && { version }) };
  }, deps);
}

/** A version is no reason to fail. */
async function orWhy<T>(
  read: () => Promise<T>,
  { signal }: InCluster,
): Promise<T | { readonly unknown: string }> {
  try {
    return await read();
  } catch (error) {
    if (signal.aborted || !(error instanceof KubeError)) throw error;
    return { unknown: error.message };
  }
}
