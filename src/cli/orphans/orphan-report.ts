/**
 * What a sweep would list, for a person at a terminal: the same observation and the same evaluation, once, with the caller's rights, and
 * without an OrphanSweep. Nothing is written, neither to Kubernetes nor to Azure.
 */
import { randomUUID } from 'node:crypto';
import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import { CallRefused } from '../../azure/arm/errors.ts';
import { type ConfigMap, configMaps } from '../../kube/builtin.ts';
import { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import { KubeTransport } from '../../kube/transport/transport.ts';
import { Metrics } from '../../observability/metrics/metrics.ts';
import { connectAzure } from '../../operator/azure/azure.ts';
import { AZURE_RESOURCES } from '../../operator/azure/azure-rights.ts';
import { eventSourcesOf } from '../../operator/hints.ts';
import type { OperatorOptions } from '../../operator/options.ts';
import { principalsOf, retainedOf } from '../../operator/records.ts';
import { KINDS } from '../../operator/registry.ts';
import { cachesOf, type ServiceParts, servicesOf } from '../../operator/services.ts';
import { whenAllSynced } from '../../operator/waits.ts';
import { evaluate } from '../../orphans/evaluate.ts';
import type { SweepObservation } from '../../orphans/observed.ts';
import type { SweepReport } from '../../orphans/report.ts';
import { LiveReads, type ReconcileContext } from '../../reconcilers/kind.ts';
import type { Facts } from '../../reconcilers/orphan-sweep/facts.ts';
import { observe } from '../../reconcilers/orphan-sweep/observe.ts';
import { SweepMemory } from '../../reconcilers/orphan-sweep/run/memory.ts';
import { INSTALLATION_CONFIG_MAP } from '../../reconcilers/own-config-maps.ts';
import type { Services } from '../../reconcilers/services.ts';
import { createWatches } from '../../reconcilers/stores.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { sleep } from '../../runtime/time/clock.ts';

export interface OrphanReport {
  readonly observed: SweepObservation;
  readonly report: SweepReport;
}

/** The first lists of the scopes, and the credentials, take no longer. */
const LOADING_LIMIT_MS = 10 * 60_000;
const POLL_MS = 250;

/** @param say what is waited for, for people */
export async function reportOrphans(
  options: OperatorOptions,
  scopes: readonly string[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<OrphanReport> {
  const { clock, endpoint, version, namespace, interceptKube } = options;
  await using cleanup = new AsyncDisposableStack();
  const transport = new KubeTransport({
    endpoint,
    clock,
    userAgent: `azid-orphans/${version}`,
    ...(interceptKube && { intercept: interceptKube }),
  });
  cleanup.defer(() => transport.close());
  const client = new KubeClient(transport);
  const installationId = await installationOf(client, options, signal);
  say(`reading the objects of installation ${installationId}`);
  const { random, log, streamLists = true } = options;
  const { stores, all } = createWatches(KINDS, { client, clock, random, log, streamLists, namespace });
  const ended = new AbortController();
  const watching = Promise.all(all.map(({ informer }) => informer.run(ended.signal)));
  cleanup.defer(async () => {
    ended.abort(new Error('the report is made'));
    await watching;
  });
  await whenAllSynced(all, clock, signal);
  const kept = { options, client: unwritten(client), installationId };
  const { principals, load } = principalsOf(kept, stores);
  await load(signal);
  const retained = retainedOf(kept);
  await retained.load(signal);
  const services = readingServices(
    { options, client, stores, installationId, principals, retained, signal: ended.signal },
    cleanup,
  );
  // Awaited here: what it reads with goes with this block.
  return await evaluated(services, scopes, options, say, signal);
}

async function installationOf(
  client: KubeClient,
  { namespace, installationId }: Pick<OperatorOptions, 'namespace' | 'installationId'>,
  signal: AbortSignal,
): Promise<string> {
  if (installationId !== undefined) return installationId;
  const key = `${namespace}/${INSTALLATION_CONFIG_MAP}`;
  const remedy = 'name the installation with --installation-id, or azid’s own namespace with --namespace';
  try {
    const { data } = await client.get(configMaps, key, signal);
    if (data?.installationId) return data.installationId;
    throw new Error(`ConfigMap ${key} names no installation: ${remedy}`);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new Error(`ConfigMap ${key}, which says whose installation this is, does not exist: ${remedy}`);
  }
}

/** Reads as the client does, and answers writes without sending them. */
function unwritten(client: KubeClient): Pick<KubeClient, 'list' | 'create' | 'mergePatch'> {
  const metadata = { name: '', uid: '', resourceVersion: '', creationTimestamp: '' };
  const done = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} } satisfies ConfigMap;
  return {
    list: (...given) => client.list(...given),
    create: async () => done as never,
    mergePatch: async () => done as never,
  };
}

type Parts = Pick<
  ServiceParts,
  'options' | 'client' | 'stores' | 'installationId' | 'principals' | 'retained' | 'signal'
>;

function readingServices(parts: Parts, cleanup: AsyncDisposableStack): Services {
  const { options, stores, signal } = parts;
  const metrics = new Metrics({ azureResources: AZURE_RESOURCES, process: false });
  const azure = connectAzure(options, metrics, {
    beforeWrite: () => {
      throw new CallRefused('WriteRefused', 'a report writes nothing');
    },
    onWritten: () => {},
  });
  const caches = cachesOf(options, azure, stores, signal);
  cleanup.defer(() => caches.stop());
  const hints = { take: () => 'irrelevant' as const };
  const eventSources = eventSourcesOf(options, metrics, hints);
  return servicesOf({ ...parts, kinds: KINDS, azure, caches, hints, eventSources });
}

async function evaluated(
  services: Services,
  scopes: readonly string[],
  { clock, log }: OperatorOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<OrphanReport> {
  const sweep = sweepOf(scopes, clock.now());
  const memory = new SweepMemory(sweep, undefined);
  const context: ReconcileContext = {
    key: sweep.metadata.name,
    priority: 'edit',
    attempt: 1,
    reconcileId: randomUUID(),
    signal,
    log,
    startedAt: clock.monotonic(),
    patienceMs: LOADING_LIMIT_MS,
  };
  const until = clock.monotonic() + LOADING_LIMIT_MS;
  let last = '';
  const observed = async (): Promise<SweepFacts> => {
    for (;;) {
      const { run, spec } = await observe(sweep, context, new LiveReads(), memory, services);
      if (run?.state === 'observed') return { run, spec };
      const why = run?.state === 'heldBack' ? run.failure.message : (run?.why ?? 'the first lists');
      if (clock.monotonic() >= until) throw new Error(`Azure could not be read in time: ${why}`);
      if (why !== last) say(why);
      last = why;
      const waitMs = run?.state === 'heldBack' ? (run.failure.notBeforeMs ?? 1_000) : POLL_MS;
      await sleep(clock, Math.min(waitMs, 60_000), signal);
    }
  };
  const { run: first } = await observed();
  await readCredentials(first.observed, services, context, say);
  memory.changed();
  const { run, spec } = await observed();
  // The caller signs in, and not azid: azid's own principal is not known here.
  const { makers: _, ...asked } = spec;
  return { observed: run.observed, report: evaluate(run.observed, { since: new Map() }, asked, 0) };
}

interface SweepFacts {
  readonly run: Extract<Facts['run'], { state: 'observed' }>;
  readonly spec: Facts['spec'];
}

/** Credentials have no list of their own: those of each identity of azid are read one after the other, as a sweep does over hours. */
async function readCredentials(
  { identities }: SweepObservation,
  { credentialCache }: Pick<Services, 'credentialCache'>,
  context: ReconcileContext,
  say: (line: string) => void,
): Promise<void> {
  if (identities.length > 0) say(`reading the credentials of ${identities.length} identities`);
  for (const { key } of identities)
    try {
      await credentialCache.relist(key, 'edit', context);
    } catch (error) {
      context.signal.throwIfAborted();
      say(`the credentials of ${key} could not be read: ${(error as Error).message}`);
    }
}

/** As a user would declare it; it is in no cluster. */
function sweepOf(scopes: readonly string[], now: number): OrphanSweep {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'OrphanSweep',
    metadata: {
      name: 'azid-orphans',
      uid: '',
      resourceVersion: '',
      generation: 1,
      // Older than every other sweep, so that what those cover is reported all the same.
      creationTimestamp: '1970-01-01T00:00:00Z',
    },
    spec: { scopes: [...scopes], mode: 'Report' },
    status: { run: { startedAt: timestamp(now), deleted: 0 } },
  } as OrphanSweep;
}
