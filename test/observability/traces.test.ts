import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AZURE_LIMITS } from '../../src/azure/limits.ts';
import { startTraces, type Traces } from '../../src/observability/traces/traces.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { type Clock, systemClock } from '../../src/runtime/time/clock.ts';
import { EventStage } from '../support/kinds/events.ts';
import { GrantStage, NAMESPACE, WEB } from '../support/kinds/grants.ts';
import { type Manner, OtlpReceiver } from '../support/otlp/receiver.ts';
import type { ReceivedSpan } from '../support/otlp/spans.ts';
import { Cluster, until, World } from '../support/testbed.ts';

/** A controller at work, traced to a collector of this process: what arrives there, and what it costs when nothing takes it. */

interface Traced {
  readonly manner?: Manner;
  readonly ratio?: number;
  readonly clock?: Clock;
}

let cluster: Cluster;
let world: World;
let grants: GrantStage;
let receiver: OtlpReceiver;
let traces: Traces;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  world = await World.create(cluster);
  grants = new GrantStage(cluster, world);
  await grants.prepare();
});
afterEach(async () => {
  await world?.dispose();
  await cluster?.clean(NAMESPACE);
  await traces?.stop();
  await receiver?.[Symbol.asyncDispose]();
});

/** On the clock of the operator, as in a process. */
async function traced({ manner = 'takes', ratio = 1, clock = world.clock }: Traced = {}): Promise<Traces> {
  receiver = await OtlpReceiver.start(manner);
  traces = await startTraces({
    settings: { url: receiver.url, ratio },
    clock,
    log: silentLog,
    version: '1.2.3',
    instance: 'pod-1',
    namespace: 'azid-system',
    batchMs: 50,
  });
  return traces;
}

const childrenOf = ({ spanId }: ReceivedSpan) => receiver.spans.filter(({ parentId }) => parentId === spanId);
const traceOf = ({ traceId }: ReceivedSpan) => receiver.spans.filter((span) => span.traceId === traceId);

/** The trace of the reconcile that granted. */
async function grantedTrace(): Promise<readonly ReceivedSpan[]> {
  await until('the trace of the grant', async () => {
    const put = receiver.named(/^PUT .*roleAssignments/)[0];
    return put !== undefined && traceOf(put).some(({ name }) => name === 'reconcile RoleGrant');
  });
  const [put] = receiver.named(/^PUT .*roleAssignments/);
  return put ? traceOf(put) : [];
}

describe('a reconcile that writes to Azure', () => {
  let trace: readonly ReceivedSpan[];
  const one = (name: string | RegExp) => {
    const found = trace.filter((span) =>
      typeof name === 'string' ? span.name === name : name.test(span.name),
    );
    if (!found[0])
      throw new Error(`expected a span ${name}, found ${trace.map((span) => span.name).join(', ')}`);
    return found[0];
  };
  beforeEach(async () => {
    const { tracer } = await traced();
    await world.start({ tracer });
    await grants.declare('read');
    await grants.ready('read');
    trace = await grantedTrace();
  });

  it('is a trace of its own, with whose it is, why it came and what became of it', () => {
    const root = one('reconcile RoleGrant');
    expect(root).toMatchObject({ parentId: '', kind: 'internal', failed: false });
    expect(root.attributes).toEqual({
      'azid.kind': 'RoleGrant',
      'azid.object.namespace': NAMESPACE,
      'azid.object.name': 'read',
      'azid.reconcile.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'azid.priority': expect.stringMatching(/^(edit|event)$/),
      'azid.attempt': 1,
      'azid.outcome': expect.any(String),
      ...('azid.reason' in root.attributes && { 'azid.reason': expect.any(String) }),
    });
    expect(root.resource).toMatchObject({
      'service.name': 'azid',
      'service.version': '1.2.3',
      'service.instance.id': 'pod-1',
      'k8s.namespace.name': 'azid-system',
    });
    const decided = root.events.find(({ attributes }) =>
      String(attributes['azid.actions']).includes('putAssignment'),
    );
    expect(decided).toMatchObject({
      name: 'decided',
      attributes: { 'azid.needs_live': expect.any(Boolean) },
    });
  });

  it('has observation, actions and calls as its parts, none longer than the whole', () => {
    const root = one('reconcile RoleGrant');
    const names = childrenOf(root).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['observe', 'perform putAssignment']));
    const ids = new Set(trace.map(({ spanId }) => spanId));
    for (const span of trace.filter((each) => each !== root)) {
      expect(ids, span.name).toContain(span.parentId);
      expect(span.startMs, span.name).toBeGreaterThanOrEqual(root.startMs - 1);
      expect(span.endMs, span.name).toBeLessThanOrEqual(root.endMs + 1);
    }
  });

  it('shows the call to Azure by its route, with what Azure calls it', () => {
    const put = one(/^PUT .*roleAssignments/);
    const route =
      '/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.Authorization/roleAssignments/{name}';
    expect(put).toMatchObject({ name: `PUT ${route}`, kind: 'client', failed: false });
    expect(put.attributes).toMatchObject({
      'http.request.method': 'PUT',
      'url.template': route,
      'server.address': '127.0.0.1',
      'http.response.status_code': 201,
      'azid.azure.correlation_id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(trace.find(({ spanId }) => spanId === put.parentId)?.name).toBe('perform putAssignment');
  });

  it('shows each write to the API server, and no read', () => {
    const writes = receiver.named(/ \/api/);
    expect(new Set(writes.map(({ attributes }) => attributes['http.request.method']))).not.toContain('GET');
    expect(one(/^PATCH .*rolegrants/)).toMatchObject({
      name: expect.stringMatching(
        /^PATCH \/apis\/azid\.dev\/v1alpha1\/namespaces\/\{namespace\}\/rolegrants\/\{name\}/,
      ),
      kind: 'client',
      attributes: { 'http.response.status_code': 200 },
    });
  });

  it('holds no token, no id of a subscription and no text of anybody', async () => {
    const known =
      /^(azid\.(kind|object\.(namespace|name)|reconcile\.id|priority|attempt|outcome|reason|state|actions|needs_live|call|events|azure\.correlation_id)|http\.(request\.method|response\.status_code)|url\.template|server\.address|azure\.service\.request\.id|error\.type|messaging\.(system|destination\.name))$/;
    const attributes = receiver.spans.flatMap((span) => [
      span.attributes,
      ...span.events.map((event) => event.attributes),
    ]);
    expect(attributes.flatMap(Object.keys).filter((name) => !known.test(name))).toEqual([]);
    const all = JSON.stringify(receiver.spans);
    const token = await (await world.operatorOptions()).credential.getToken(
      'https://management.azure.com/.default',
    );
    expect(token?.token.length).toBeGreaterThan(20);
    for (const secret of [
      token?.token ?? '',
      'eyJ',
      'Bearer',
      WEB,
      '11111111-2222-4333-8444-555555555555',
      'azid-installation',
    ])
      expect(all, secret).not.toContain(secret);
    expect(receiver.spans.filter(({ statusMessage }) => statusMessage !== '')).toEqual([]);
  });
});

it('a call that Azure refuses, and the reconcile, are failed by a word', async () => {
  const { tracer } = await traced();
  await world.start({ tracer });
  grants.refuseReads('/providers/Microsoft.Authorization/roleAssignments', 50);
  await grants.declare('read');
  await until('a refused call', async () =>
    receiver.spans.some(({ attributes }) => attributes['error.type'] === '503'),
  );
  const [refused] = receiver.spans.filter(({ attributes }) => attributes['error.type'] === '503');
  expect(refused).toMatchObject({
    failed: true,
    statusMessage: '',
    attributes: { 'http.response.status_code': 503 },
  });
});

it('a call that waits for a rate limit shows the wait', async () => {
  const { tracer } = await traced();
  const write = { capacity: 1, perSecond: 0.5 };
  await world.start({ tracer, limits: { ...AZURE_LIMITS, arm: { ...AZURE_LIMITS.arm, write } } });
  for (const name of ['one', 'two', 'three']) await grants.identity(name);
  const waits = () =>
    receiver.named('wait for the rate limit').filter(({ attributes }) => attributes['azid.call'] === 'write');
  const waiting = (wait?: { readonly parentId: string }) =>
    receiver.spans.find(({ spanId }) => spanId === wait?.parentId);
  // What waited ends later, and may come in a later batch.
  await world.until('a wait, and what waited', () => waiting(waits()[0]) !== undefined);
  const [wait] = waits();
  expect(wait?.attributes).toMatchObject({ 'azid.priority': 'edit' });
  expect((wait?.endMs ?? 0) - (wait?.startMs ?? 0)).toBeGreaterThanOrEqual(1);
  expect(waiting(wait)?.name).toMatch(/^perform /);
});

it('a message of a queue is a trace of its own', async () => {
  const { tracer } = await traced({ clock: systemClock });
  const stage = new EventStage(cluster, world);
  await stage.declare('main');
  await world.start({ ...(await stage.operator()), tracer });
  await stage.reason('main', 'Ready', 'Receiving');
  await grants.declare('read');
  await until('an event', async () =>
    receiver.spans.some(({ attributes }) => attributes['azid.events'] === 1),
  );
  expect(receiver.named('process azid')[0]).toMatchObject({
    parentId: '',
    kind: 'consumer',
    attributes: { 'messaging.system': 'servicebus', 'messaging.destination.name': 'azid' },
  });
});

describe('a collector that takes nothing', () => {
  it.each<Manner>(['hangs', 'refuses'])('but %s holds up nobody', async (manner) => {
    const { tracer, stop } = await traced({ manner, clock: systemClock });
    await world.start({ tracer });
    await grants.declare('read');
    await grants.ready('read');
    await until('a request', async () => receiver.requests > 0);
    const since = performance.now();
    await stop();
    expect(performance.now() - since).toBeLessThan(10_000);
  });
});

it('a share of 0.000001 records nearly nothing, and all goes on', async () => {
  const { tracer, stop } = await traced({ ratio: 0.000001 });
  await world.start({ tracer });
  await grants.declare('read');
  await grants.ready('read');
  await stop();
  expect(receiver.spans.length).toBeLessThan(5);
});
