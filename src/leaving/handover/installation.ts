/** The ConfigMap that says whose this installation is, and how far a handover has come: reading it, and writing single members. */
import { type ConfigMap, configMaps, namespaces } from '../../kube/builtin.ts';
import { unlessNotFound } from '../../kube/errors.ts';
import { HANDOVER, INSTALLATION_CONFIG_MAP } from '../../reconcilers/own-config-maps.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import type { InstallationDeps } from '../objects.ts';

type Deps = Pick<InstallationDeps, 'client' | 'namespace' | 'signal'>;

export interface Installation {
  readonly installationId: string | undefined;
  /** As the ConfigMap has it. */
  readonly clusterUid: string | undefined;
  readonly handedOver: string | undefined;
  readonly finished: string | undefined;
  readonly importing: string | undefined;
  readonly imported: string | undefined;
  readonly resourceVersion: string;
}

export function whereOf({ namespace }: Pick<InstallationDeps, 'namespace'>): string {
  return `ConfigMap ${namespace}/${INSTALLATION_CONFIG_MAP}`;
}

export async function readInstallation(deps: Deps): Promise<Installation | undefined> {
  const found = await unlessNotFound(deps.client.get(configMaps, keyOf(deps), deps.signal));
  if (!found) return undefined;
  const { data = {}, metadata } = found;
  return {
    installationId: data.installationId,
    clusterUid: data.clusterUid,
    handedOver: data[HANDOVER.handedOver],
    finished: data[HANDOVER.finished],
    importing: data[HANDOVER.importing],
    imported: data[HANDOVER.imported],
    resourceVersion: metadata.resourceVersion,
  };
}

/** Only if it is still as it was read. @param data null: the member goes */
export function writeInstallation(
  { resourceVersion }: Pick<Installation, 'resourceVersion'>,
  change: {
    readonly data: Readonly<Record<string, string | null>>;
    readonly labels?: Readonly<Record<string, string>>;
  },
  deps: Deps,
): Promise<ConfigMap> {
  const { data, labels } = change;
  const metadata = { resourceVersion, ...(labels && { labels }) };
  return deps.client.mergePatch(configMaps, keyOf(deps), { metadata, data }, deps.signal);
}

/** UID of the cluster, as azid claims an installation for it. */
export async function clusterUidOf({
  client,
  signal,
}: Pick<InstallationDeps, 'client' | 'signal'>): Promise<string> {
  return (await client.get(namespaces, 'kube-system', signal)).metadata.uid;
}

export function now({ clock }: Pick<InstallationDeps, 'clock'>): string {
  return timestamp(clock.now());
}

function keyOf({ namespace }: Pick<InstallationDeps, 'namespace'>): string {
  return `${namespace}/${INSTALLATION_CONFIG_MAP}`;
}
