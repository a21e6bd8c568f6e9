/**
 * On the new cluster, before azid works there: everything of the bundle is made, as declared, under the uids it gets here.
 * Nothing in Azure is touched, and nothing that is there is overwritten. Interrupted, the same command goes on.
 */
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../api/schema/common.ts';
import { configMaps, namespaces } from '../../kube/builtin.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import { controllerAtWork } from '../../kube/lease/at-work.ts';
import type { KubeObject } from '../../kube/types.ts';
import { HANDOVER, INSTALLATION_CONFIG_MAP } from '../../reconcilers/own-config-maps.ts';
import { PrincipalRecords } from '../../reconcilers/proof/principal-records.ts';
import { CommandRefused } from '../../runtime/command-refused.ts';
import type { InstallationDeps } from '../objects.ts';
import type { Bundle } from './bundle.ts';
import { decideImport, refuseDifferences } from './decide-import.ts';
import {
  clusterUidOf,
  type Installation,
  now,
  readInstallation,
  whereOf,
  writeInstallation,
} from './installation.ts';
import { existing, makeObjects, resourcesOf, type Uids, withNewUids } from './make-objects.ts';

interface Imported {
  readonly objects: number;
  /** False: all of it was there already. */
  readonly done: boolean;
}

export async function importBundle(bundle: Bundle, deps: InstallationDeps): Promise<Imported> {
  const { say } = deps;
  const clusterUid = await clusterUidOf(deps);
  const resources = resourcesOf(bundle);
  const there = await existing(resources, deps);
  const installation = await readInstallation(deps);
  const verdict = decideImport(bundle, installation, clusterUid, there, whereOf(deps));
  if (verdict === 'done') return { objects: bundle.objects.length, done: false };
  refuseDifferences(bundle, there, deps.namespace);
  await noneWorks(deps);
  await begin(bundle, installation, clusterUid, deps);
  await makeNamespaces(bundle, deps);
  const uids = await makeObjects(bundle, there, resources, deps);
  await makeRecords(bundle, uids, deps);
  const begun = await readInstallation(deps);
  if (!begun) throw new CommandRefused(`${whereOf(deps)} was deleted meanwhile: run the command again`);
  await writeInstallation(
    begun,
    { data: { [HANDOVER.importing]: null, [HANDOVER.imported]: now(deps) } },
    deps,
  );
  say(`${bundle.objects.length} objects are here; azid may be started`);
  return { objects: bundle.objects.length, done: true };
}

async function noneWorks(deps: InstallationDeps): Promise<void> {
  const atWork = await controllerAtWork(deps);
  if (atWork.state === 'working')
    throw new CommandRefused(
      `${atWork.holder} works here: it would take for gone what is not there yet. Stop it: kubectl scale deployment azid-controller -n ${deps.namespace} --replicas 0`,
    );
}

/** First of all: from here on no azid starts here until the import has ended. */
async function begin(
  { installationId }: Bundle,
  installation: Installation | undefined,
  clusterUid: string,
  deps: InstallationDeps,
): Promise<void> {
  const data = { installationId, clusterUid, [HANDOVER.importing]: installation?.importing ?? now(deps) };
  // By the label, a controller that works without a Lease gets it with its watch of ConfigMaps.
  const labels = { [MANAGED_BY_LABEL]: MANAGED_BY };
  if (installation) {
    await writeInstallation(installation, { data, labels }, deps);
    return;
  }
  await ensure(
    deps.client.create(
      namespaces,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: deps.namespace } },
      deps.signal,
    ),
  );
  const metadata = { namespace: deps.namespace, name: INSTALLATION_CONFIG_MAP, labels };
  await deps.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, deps.signal);
}

async function makeNamespaces(bundle: Bundle, { client, signal, say }: InstallationDeps): Promise<void> {
  for (const { name, labels } of bundle.namespaces) {
    const made = await ensure(
      client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }, signal),
    );
    if (made) continue;
    const { metadata } = await client.get(namespaces, name, signal);
    const missing = Object.entries(labels).filter(([key, value]) => metadata.labels?.[key] !== value);
    if (missing.length > 0)
      say(
        `namespace ${name} is there without labels that it had: ${missing.map(([key, value]) => `${key}=${value}`).join(', ')}; policies that choose namespaces by them do not choose it`,
      );
  }
}

async function makeRecords(
  { principals, installationId, configMaps: maps }: Bundle,
  uids: Uids,
  { client, namespace, signal }: InstallationDeps,
): Promise<void> {
  const records = new PrincipalRecords({ client, namespace, installationId });
  for (const [uid, principalId] of Object.entries(principals)) {
    const now = uids.get(uid.toLowerCase());
    // Of an object that is gone there is nothing to remember.
    if (now !== undefined) await records.write(now, principalId, signal);
  }
  for (const { name, uid, labels, data } of maps) {
    const draft = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name, labels } };
    const made = await ensure(client.create(configMaps, { ...draft, data: withNewUids(data, uids) }, signal));
    // One that names itself shows by that to be no copy (`RetainedMaps`): it names what it is here.
    const own = Object.entries(data).filter(([, value]) => value === uid);
    if (own.length === 0) continue;
    const key = `${namespace}/${name}`;
    const { metadata } = made ?? (await client.get(configMaps, key, signal));
    const named = Object.fromEntries(own.map(([member]) => [member, metadata.uid]));
    await client.mergePatch(configMaps, key, { data: named }, signal);
  }
}

/** @returns undefined: it is there already */
async function ensure<T extends KubeObject>(creation: Promise<T>): Promise<T | undefined> {
  try {
    return await creation;
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    throw error;
  }
}
