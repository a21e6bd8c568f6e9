/**
 * On the new cluster, before azid works there: everything of the bundle is made, with what it says, under the uids it gets here.
 * Nothing in Azure is touched, and nothing that is there is overwritten. Interrupted, the same command goes on.
 */

import { kindNamed } from '../../api/kind-named.ts';
import { FINALIZER, MANAGED_BY, MANAGED_BY_LABEL, type ManagedObject } from '../../api/schema/common.ts';
import { applyStatus } from '../../kube/apply.ts';
import { configMaps, namespaces } from '../../kube/builtin.ts';
import { isAlreadyExists } from '../../kube/errors.ts';
import { addFinalizer } from '../../kube/finalizers.ts';
import { controllerAtWork } from '../../kube/lease/at-work.ts';
import { apiVersionOf, type KubeObject, keyOf, type Resource } from '../../kube/types.ts';
import { HANDOVER, INSTALLATION_CONFIG_MAP } from '../../reconcilers/own-config-maps.ts';
import { PrincipalRecords } from '../../reconcilers/proof/principals/records.ts';
import { ownsCondition } from '../../reconcilers/status/status-memory.ts';
import { type LeavingDeps, LeavingRefused } from '../deps.ts';
import { type Found, listKind } from '../objects.ts';
import type { Bundle, BundledObject } from './bundle.ts';
import { differenceOf } from './difference.ts';
import {
  clusterUidOf,
  type Installation,
  now,
  readInstallation,
  whereOf,
  writeInstallation,
} from './installation.ts';
import { statusFor, type Uids, withNewUids } from './uids.ts';

export interface Imported {
  readonly objects: number;
  /** False: all of it was there already. */
  readonly done: boolean;
}

export async function importBundle(bundle: Bundle, deps: LeavingDeps): Promise<Imported> {
  const { say } = deps;
  const clusterUid = await clusterUidOf(deps);
  const resources = resourcesOf(bundle);
  const there = await existing(resources, deps);
  const installation = await readInstallation(deps);
  const verdict = judgeImport(bundle, installation, clusterUid, there, whereOf(deps));
  if (verdict === 'done') return { objects: bundle.objects.length, done: false };
  const differences = bundle.objects.flatMap((each) => {
    const found = there.get(keyIn(each, deps.namespace));
    // Of what azid writes itself, it is a part of an earlier run.
    const isInternal = each.namespace === '';
    const difference = found && !isInternal && differenceOf(each.spec, found.spec, 'spec');
    return difference ? [`${each.kind} ${keyOfBundled(each, deps.namespace)}: ${difference}`] : [];
  });
  if (differences.length > 0)
    throw new LeavingRefused(
      `these exist here already, and differ: ${differences.slice(0, 10).join('; ')}. Nothing that is there is overwritten: make them equal, or delete them, and run the command again`,
    );
  await noneWorks(deps);
  await begin(bundle, installation, clusterUid, deps);
  await makeNamespaces(bundle, deps);
  const uids = await makeObjects(bundle, there, resources, deps);
  await makeRecords(bundle, uids, deps);
  const begun = await readInstallation(deps);
  if (!begun) throw new LeavingRefused(`${whereOf(deps)} was deleted meanwhile: run the command again`);
  await writeInstallation(
    begun,
    { data: { [HANDOVER.importing]: null, [HANDOVER.imported]: now(deps) } },
    deps,
  );
  say(`${bundle.objects.length} objects are here; azid may be started`);
  return { objects: bundle.objects.length, done: true };
}

/** Pure: whether the bundle may be imported into this cluster. */
export function judgeImport(
  bundle: Pick<Bundle, 'installationId' | 'clusterUid'>,
  installation: Installation | undefined,
  clusterUid: string,
  there: ReadonlyMap<string, ManagedObject>,
  where: string,
): 'begin' | 'done' {
  if (bundle.clusterUid === clusterUid)
    throw new LeavingRefused(
      'this is the cluster that the bundle was exported from: import it into the new one; to work here again, run azid handover revert',
    );
  if (installation?.handedOver !== undefined)
    throw new LeavingRefused(
      `${where} says that what azid had here was itself handed over at ${installation.handedOver}: delete that ConfigMap once the handover is finished`,
    );
  if (installation?.installationId === undefined) return 'begin';
  if (installation.installationId === bundle.installationId) {
    if (installation.importing !== undefined) return 'begin';
    if (installation.clusterUid === clusterUid) return 'done';
    throw new LeavingRefused(
      `${where} claims this installation for another cluster (${installation.clusterUid}): it seems to be a copy. Delete the ConfigMap, and what azid has here, and run the command again`,
    );
  }
  const held = [...there.values()].filter(({ metadata }) => metadata.finalizers?.includes(FINALIZER));
  if (installation.importing !== undefined || held.length > 0)
    throw new LeavingRefused(
      `${where} says that this cluster has installation ${installation.installationId}, with objects of its own; the bundle is of ${bundle.installationId}, and a cluster has one. Uninstall azid here first`,
    );
  return 'begin';
}

async function noneWorks(deps: LeavingDeps): Promise<void> {
  const atWork = await controllerAtWork(deps);
  if (atWork.state === 'working')
    throw new LeavingRefused(
      `${atWork.holder} works here: it would take for gone what is not there yet. Stop it: kubectl scale deployment azid-controller -n ${deps.namespace} --replicas 0`,
    );
}

/** First of all: from here on no azid starts here until the import has ended. */
async function begin(
  { installationId }: Bundle,
  installation: Installation | undefined,
  clusterUid: string,
  deps: LeavingDeps,
): Promise<void> {
  const data = { installationId, clusterUid, [HANDOVER.importing]: installation?.importing ?? now(deps) };
  // So that one which works without a Lease hears of it, too.
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

async function makeNamespaces(bundle: Bundle, { client, signal, say }: LeavingDeps): Promise<void> {
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

type Resources = ReadonlyMap<string, Resource<ManagedObject>>;

function resourcesOf({ objects }: Bundle): Resources {
  return new Map(
    [...new Set(objects.map(({ kind }) => kind))].map((name) => {
      const kind = kindNamed(name);
      if (!kind)
        throw new LeavingRefused(
          `the bundle has objects of kind ${name}, which this azid does not know: use the version that exported it`,
        );
      return [name, kind.resource as Resource<ManagedObject>];
    }),
  );
}

/** What is there of the bundle's kinds, by kind and key. */
async function existing(
  resources: Resources,
  deps: LeavingDeps,
): Promise<ReadonlyMap<string, Found['object']>> {
  const all = new Map<string, Found['object']>();
  for (const name of resources.keys()) {
    const kind = kindNamed(name);
    const found = kind && (await listKind(kind, deps));
    if (!found)
      throw new LeavingRefused(
        `this cluster does not serve ${name}: kubectl apply --server-side -f crds/ first`,
      );
    for (const { object } of found) all.set(`${name} ${keyOf(object)}`, object);
  }
  return all;
}

/** Those that people made first, since ledgers name them by the uids they get. */
async function makeObjects(
  { objects }: Bundle,
  there: ReadonlyMap<string, ManagedObject>,
  resources: Resources,
  deps: LeavingDeps,
): Promise<Uids> {
  const uids = new Map<string, string>();
  const [internal, people] = [objects.filter(isInternal), objects.filter((each) => !isInternal(each))];
  const made: [BundledObject, ManagedObject][] = [];
  for (const each of people) {
    const object = await make(each, there, resources, uids, deps);
    uids.set(each.uid.toLowerCase(), object.metadata.uid);
    made.push([each, object]);
  }
  for (const each of internal) made.push([each, await make(each, there, resources, uids, deps)]);
  deps.say(`${made.length} objects are made; writing what their statuses remember`);
  for (const [each, object] of made) await writeStatus(each, object, resources, uids, deps);
  return uids;
}

function isInternal({ namespace }: BundledObject): boolean {
  return namespace === '';
}

async function make(
  each: BundledObject,
  there: ReadonlyMap<string, ManagedObject>,
  resources: Resources,
  uids: Uids,
  { client, namespace: azidNamespace, signal }: LeavingDeps,
): Promise<ManagedObject> {
  const resource = resourceOf(each, resources);
  const { kind, name, labels, annotations, finalizer, spec } = each;
  const namespace = each.namespace === '' ? azidNamespace : each.namespace;
  const wanted = isInternal(each) ? withNewUids(spec, uids) : spec;
  const found = there.get(keyIn(each, azidNamespace));
  if (found) {
    const held = finalizer ? await addFinalizer(client, resource, found, FINALIZER, signal) : found;
    // Of an earlier run, for an object that was made again since.
    if (isInternal(each) && differenceOf(wanted, held.spec, 'spec') !== undefined)
      return client.mergePatch(resource, keyOf(held), { spec: wanted }, signal);
    return held;
  }
  const draft = {
    apiVersion: apiVersionOf(resource),
    kind,
    metadata: {
      ...(namespace !== undefined && { namespace }),
      name,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizer && { finalizers: [FINALIZER] }),
    },
    spec: wanted,
  };
  return client.create(resource, draft as never, signal);
}

/** As azid itself writes it, so that azid can take away again what stands there. */
async function writeStatus(
  { status, generation, ...each }: BundledObject,
  object: ManagedObject,
  resources: Resources,
  uids: Uids,
  { client, signal }: LeavingDeps,
): Promise<void> {
  if (!status) return;
  const to = object.metadata.generation ?? 1;
  const wanted = statusFor(status, { from: generation, to }, uids);
  const resource = resourceOf({ status, generation, ...each }, resources);
  await applyStatus(client, resource, object, wanted as NonNullable<ManagedObject['status']>, signal, {
    ownsCondition,
  });
}

async function makeRecords(
  { principals, installationId, configMaps: maps }: Bundle,
  uids: Uids,
  { client, namespace, signal }: LeavingDeps,
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

function resourceOf({ kind }: BundledObject, resources: Resources): Resource<ManagedObject> {
  const resource = resources.get(kind);
  if (!resource) throw new Error(`expected ${kind} to be among the kinds of the bundle`);
  return resource;
}

function keyOfBundled({ namespace, name }: BundledObject, azidNamespace: string): string {
  if (namespace === undefined) return name;
  return `${namespace === '' ? azidNamespace : namespace}/${name}`;
}

function keyIn(each: BundledObject, azidNamespace: string): string {
  return `${each.kind} ${keyOfBundled(each, azidNamespace)}`;
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
