import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { KINDS } from '../../src/api/index.ts';
import { orphanSweep } from '../../src/api/orphan-sweep.ts';
import { RECONCILE_ANNOTATION } from '../../src/api/schema/common.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { createLog } from '../../src/observability/logs/logs.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { EventStage } from '../support/kinds/events.ts';
import { HostStage, identityIdOf, RG1, VMS } from '../support/kinds/hosts.ts';
import { type CustomResourceStateConfig, kubeStateMetrics } from '../support/kube-state-metrics.ts';
import type { Scrape } from '../support/prometheus.ts';
import {
  comparable,
  REAL_KUBE_STATE_METRICS,
  realKubeStateMetrics,
} from '../support/real-kube-state-metrics.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { type Cluster, SUBSCRIPTION, until, World } from '../support/testbed.ts';

/** What a controller shows of itself while it does a little of everything: objects of every kind in every state, drift, faults. */

export interface ControllerRun {
  /** The pages of the controller and of kube-state-metrics, `STEP_MS` apart by their times. */
  readonly scrapes: readonly Scrape[];
  readonly lastMs: number;
  /** Every line of the log, down to `debug`. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  readonly objects: readonly KubeObject[];
  /** What a real kube-state-metrics made of the objects, where `AZID_KUBE_STATE_METRICS` names one. */
  readonly realState: string | undefined;
}

const STEP_MS = 60_000;

export async function runController(cluster: Cluster): Promise<ControllerRun> {
  const world = await World.create(cluster);
  const log: Record<string, unknown>[] = [];
  const scrapes: Scrape[] = [];
  const first = Date.now();
  try {
    const events = new EventStage(cluster, world);
    const operator = await world.start({
      ...(await events.operator()),
      // What somebody else made in Azure is listed within the test.
      resyncIntervalMs: 10_000,
      leaseName: 'azid-controller',
      processMetrics: true,
      activityLog: true,
      listen: { host: '127.0.0.1', port: 0 },
      log: createLog({
        clock: systemClock,
        level: 'debug',
        destination: { write: (line) => log.push(JSON.parse(line)) },
      }),
    });
    const page = async () => (await fetch(`${operator.url}/metrics`)).text();
    const scrape = async () => {
      const atMs = first + scrapes.length * STEP_MS;
      scrapes.push({ atMs, text: await page(), labels: { job: 'azid', instance: 'a' } });
    };
    await scrape();
    await everyState(cluster, world, events);
    await scrape();
    await drift(world, events);
    await scrape();
    await scrape();
    const objects = (await Promise.all(KINDS.map(({ resource }) => cluster.list(resource)))).flat();
    const lastMs = first + (scrapes.length - 1) * STEP_MS;
    const config = parse(
      await readFile(new URL('../../deploy/observability/kube-state-metrics.yaml', import.meta.url), 'utf8'),
    ) as CustomResourceStateConfig;
    const state = {
      atMs: lastMs,
      labels: { job: 'kube-state-metrics' },
      text: kubeStateMetrics(config, objects),
    };
    await world.stop(operator);
    const realState =
      REAL_KUBE_STATE_METRICS === undefined
        ? undefined
        : await realKubeStateMetrics(cluster, REAL_KUBE_STATE_METRICS, comparable(state.text).length);
    return { scrapes: [...scrapes, state], lastMs, log, objects, realState };
  } finally {
    await world.dispose();
    await cluster.clean();
  }
}

/** Ready, waiting, refused, suspended, being deleted; a sweep that finds something. */
async function everyState(cluster: Cluster, world: World, events: EventStage): Promise<void> {
  const hosts = new HostStage(cluster, world);
  const { control } = world.azure;
  world.giveRights(`/subscriptions/${SUBSCRIPTION}`, 'Reader');
  await events.declare('main');
  control.createHost({ type: VMS, name: 'vm1', resourceGroup: 'rg1' });
  // The first write is throttled for a moment.
  control.addFault({
    method: 'PUT',
    count: 1,
    effect: { kind: 'status', status: 429, retryAfterSeconds: 1 },
  });
  await hosts.prepare({ federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }] });
  await hosts.attach('vm1');
  await hosts.system('vm1');
  await hosts.grantSystem('vm1');
  await hosts.credential('deploy');
  const principal = { identityRef: { kind: 'SystemAssignedIdentity', name: 'vm1' } } as const;
  await hosts.grantSystem('denied', { principal, role: { name: 'Contributor' } });
  await hosts.grantSystem('waiting', { principal: { identityRef: { name: 'missing' } } });
  await hosts.grantSystem('held', { principal, suspend: true });
  await hosts.identity('going');
  const all = async () =>
    [
      await hosts.attachment('vm1'),
      await hosts.systemIdentity('vm1'),
      await hosts.grant('vm1'),
      await hosts.credentialOf('deploy'),
      await hosts.userIdentity('going'),
    ].every((each) => each !== undefined && conditionOf(each, 'Ready')?.status === 'True');
  await until('all to be Ready', all, 60_000);
  await until('the others to be seen', async () => {
    const [denied, waiting, held] = await Promise.all(['denied', 'waiting', 'held'].map(hosts.grant));
    return (
      denied !== undefined &&
      waiting !== undefined &&
      held !== undefined &&
      conditionOf(denied, 'Stalled') !== undefined &&
      conditionOf(waiting, 'Ready')?.reason === 'DependencyNotReady' &&
      conditionOf(held, 'Suspended') !== undefined
    );
  });
  await events.reason('main', 'Ready', 'Receiving');
  const tags = control.identities({}).find(({ name }) => name === 'app')?.tags ?? {};
  const lost = { 'azid-owner': 'team-a/lost', 'azid-owner-uid': '99999999-2222-4333-8444-555555555555' };
  control.createIdentity({ name: 'lost', resourceGroup: 'rg1', tags: { ...tags, ...lost } });
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'OrphanSweep',
    metadata: { name: 'all' },
    spec: { scopes: [RG1] },
  });
  let asked = 0;
  await until('the sweep to have found it', async () => {
    const sweep = await cluster.get(orphanSweep.resource, 'all');
    const status = sweep?.status;
    if ((status?.candidatesTotal ?? 0) > 0) return true;
    // It ran before Azure showed it: once more.
    if (status?.history && status.lastHandledReconcileAt === (asked > 0 ? `${asked}` : undefined))
      await cluster.patch(orphanSweep.resource, 'all', {
        metadata: { annotations: { [RECONCILE_ANNOTATION]: `${++asked}` } },
      });
    return false;
  });
  const key = `${hosts.namespace}/going`;
  await cluster.patch(userAssignedIdentity.resource, key, {
    metadata: { finalizers: ['example.org/hold', 'azid.dev/finalizer'] },
  });
  await cluster.delete(userAssignedIdentity.resource, key);
}

/** Somebody takes the tags off an identity, and an event tells of it; a message comes that is no event. */
async function drift(world: World, events: EventStage): Promise<void> {
  const { control } = world.azure;
  const id = identityIdOf('app');
  control.tagIdentity({ id, tags: {} });
  const event = {
    id: 'e1',
    subject: id,
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    eventTime: new Date().toISOString(),
    data: { operationName: 'Microsoft.ManagedIdentity/userAssignedIdentities/write' },
  };
  control.sendMessages({ id: events.queue, bodies: [JSON.stringify(event), 'no event'] });
  await until('the tags to be back', async () =>
    control.identities({}).some(({ name, tags }) => name === 'app' && tags['azid-owner'] !== undefined),
  );
  await until('azid to rest', async () => {
    const { ready, locked } = control.queue({ id: events.queue });
    return ready === 0 && locked === 0 && world.quiet;
  });
}
