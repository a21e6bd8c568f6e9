/** On the cluster that is left: azid ends its work there, and everything it has is read. Nothing in Azure is touched. */
import { KINDS } from '../../api/index.ts';
import { hasFinalizer, MANAGED_BY, MANAGED_BY_LABEL } from '../../api/schema/common.ts';
import { type ConfigMap, type Namespace, namespaces } from '../../kube/builtin.ts';
import { listAll } from '../../kube/informer/list.ts';
import { controllerAtWork } from '../../kube/lease/at-work.ts';
import {
  ACTIVITY_LOG_CONFIG_MAP,
  HANDOVER,
  INSTALLATION_CONFIG_MAP,
  isOwnConfigMap,
  LEFT_BEHIND_CONFIG_MAP,
  PRINCIPALS_CONFIG_MAP,
} from '../../reconcilers/own-config-maps.ts';
import { CommandRefused } from '../../runtime/command-refused.ts';
import { sleep } from '../../runtime/time/clock.ts';
import { type Found, type InstallationDeps, listKinds, nameOf, ownConfigMaps } from '../objects.ts';
import type { Bundle, BundledObject } from './bundle.ts';
import {
  clusterUidOf,
  type Installation,
  now,
  readInstallation,
  whereOf,
  writeInstallation,
} from './installation.ts';

interface ExportOptions {
  /** For the controller to end. */
  readonly timeoutMs: number;
  /** The caller knows that no controller works, where there is no Lease to show it. */
  readonly withoutController: boolean;
}

const POLL_MS = 1_000;

export async function exportBundle(deps: InstallationDeps, options: ExportOptions): Promise<Bundle> {
  const { say } = deps;
  const clusterUid = await clusterUidOf(deps);
  const installation = exportable(await readInstallation(deps), clusterUid, whereOf(deps));
  // While azid still works, so that what is going can go.
  refuseDeleting(await listKinds(KINDS, deps));
  if (!installation.handedOver) {
    // The label brings it to every azid that watches its own ConfigMaps: a controller that works ends.
    const change = {
      data: { [HANDOVER.handedOver]: now(deps) },
      labels: { [MANAGED_BY_LABEL]: MANAGED_BY },
    };
    await writeInstallation(installation, change, deps);
    say(`${whereOf(deps)} says from now on that this installation is handed over`);
  }
  await controllerEnded(deps, options);
  const found = await listKinds(KINDS, deps);
  refuseDeleting(found);
  const maps = await ownConfigMaps(deps);
  const spaces = await listAll<Namespace>(deps.client, namespaces, deps.signal);
  return bundleOf(found, maps, spaces, {
    installationId: installation.installationId,
    clusterUid,
    exportedAt: now(deps),
    namespace: deps.namespace,
  });
}

/** @returns the installation that may be exported */
function exportable(
  installation: Installation | undefined,
  clusterUid: string,
  where: string,
): Installation & { readonly installationId: string } {
  if (installation?.installationId === undefined)
    throw new CommandRefused(
      `${where} does not exist, or names no installation: azid never worked in this cluster, or --namespace is another one`,
    );
  const { installationId, finished, importing } = installation;
  if (installation.clusterUid !== clusterUid)
    throw new CommandRefused(
      `${where} was written for another cluster (${installation.clusterUid}, this one is ${clusterUid}): nothing here is this cluster's to hand over`,
    );
  if (finished !== undefined)
    throw new CommandRefused(
      `the handover from this cluster was finished at ${finished}: nothing is left to export`,
    );
  if (importing !== undefined)
    throw new CommandRefused(
      `an import into this cluster has been under way since ${importing}: run azid handover import to its end first`,
    );
  return { ...installation, installationId };
}

function refuseDeleting(found: readonly Found[]): void {
  const going = found.filter(({ object }) => object.metadata.deletionTimestamp !== undefined).map(nameOf);
  if (going.length > 0)
    throw new CommandRefused(
      `these are being deleted, which azid has to end here: ${going.slice(0, 10).join(', ')}${going.length > 10 ? ` and ${going.length - 10} more` : ''}. Wait until they are gone, or let go of them with azid release; if the export has begun already, run azid handover revert first, so that azid works again`,
    );
}

async function controllerEnded(
  deps: InstallationDeps,
  { timeoutMs, withoutController }: ExportOptions,
): Promise<void> {
  const { clock, signal, say } = deps;
  const until = clock.monotonic() + timeoutMs;
  for (;;) {
    const atWork = await controllerAtWork(deps);
    switch (atWork.state) {
      case 'none':
        say(`no controller works here any more: ${atWork.why}`);
        return;
      case 'unknown':
        if (withoutController) return;
        throw new CommandRefused(
          `${atWork.why}, so it is not known whether a controller works. If none does, run the command again with --without-controller`,
        );
      case 'working':
        if (clock.monotonic() >= until)
          throw new CommandRefused(
            `${atWork.holder} still works, although ${whereOf(deps)} says that the installation is handed over: an older version of azid does not heed that. Scale its deployment to 0, and run the command again`,
          );
        say(`waiting for ${atWork.holder} to end its work`);
    }
    await sleep(clock, POLL_MS, signal);
  }
}

interface About {
  readonly installationId: string;
  readonly clusterUid: string;
  readonly exportedAt: string;
  /** azid's own. */
  readonly namespace: string;
}

/** Pure. */
export function bundleOf(
  found: readonly Found[],
  maps: readonly ConfigMap[],
  spaces: readonly Namespace[],
  { namespace: azidNamespace, ...about }: About,
): Bundle {
  const used = new Set(found.map(({ object }) => object.metadata.namespace));
  const own = maps.filter(({ metadata: { name } }) => isOwnConfigMap(azidNamespace, name, azidNamespace));
  const principals = own.filter(({ metadata }) => metadata.name.startsWith(PRINCIPALS_CONFIG_MAP));
  const others = own.filter(
    ({ metadata: { name } }) =>
      !name.startsWith(PRINCIPALS_CONFIG_MAP) &&
      !name.startsWith(LEFT_BEHIND_CONFIG_MAP) &&
      // How far a log was read is read anew there.
      name !== ACTIVITY_LOG_CONFIG_MAP &&
      !name.startsWith(`${ACTIVITY_LOG_CONFIG_MAP}-`) &&
      name !== INSTALLATION_CONFIG_MAP,
  );
  return {
    version: 1,
    ...about,
    namespaces: spaces
      .filter(({ metadata }) => used.has(metadata.name) && metadata.name !== azidNamespace)
      .map(({ metadata: { name, labels = {} } }) => ({ name, labels: withoutKubernetes(labels) })),
    objects: found.map((each) => bundled(each, azidNamespace)).toSorted(byAge),
    principals: Object.fromEntries(
      principals.flatMap(({ data = {} }) =>
        Object.entries(data).flatMap(([uid, text]) => {
          const [principalId, installation] = text.split(' ');
          return principalId && installation === about.installationId ? [[uid, principalId]] : [];
        }),
      ),
    ),
    configMaps: others.map(({ metadata: { name, uid, labels = {} }, data = {} }) => ({
      name,
      uid,
      labels,
      data,
    })),
  };
}

/** What every namespace has by itself. */
function withoutKubernetes(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => key !== 'kubernetes.io/metadata.name'));
}

function bundled({ kind, object }: Found, azidNamespace: string): BundledObject {
  const { namespace, name, uid, generation = 0, creationTimestamp, labels, annotations } = object.metadata;
  const { status } = object;
  return {
    kind: kind.resource.kind,
    ...(namespace !== undefined && { namespace: namespace === azidNamespace ? '' : namespace }),
    name,
    uid,
    generation,
    creationTimestamp,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    finalizer: hasFinalizer(object),
    spec: object.spec,
    ...(status && { status: { ...status } }),
  };
}

/** What was first is first there as well: among equals the oldest has it. */
function byAge(a: BundledObject, b: BundledObject): number {
  return Date.parse(a.creationTimestamp) - Date.parse(b.creationTimestamp) || (a.uid < b.uid ? -1 : 1);
}
