/** The Kubernetes client side on a real kube-apiserver: what no stand-in would answer rightly. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadKubeEndpoint } from '../../src/kube/access/config.ts';
import { applyStatus, FIELD_MANAGER } from '../../src/kube/apply.ts';
import {
  type ConfigMap,
  configMaps,
  createToken,
  customResourceDefinitions,
  events,
  type Lease,
  leases,
  namespaces,
  serviceAccounts,
} from '../../src/kube/builtin.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { isAlreadyExists, isConflict, isInvalid, isNotFound } from '../../src/kube/errors.ts';
import { EventRecorder } from '../../src/kube/events.ts';
import { addFinalizer, removeFinalizer } from '../../src/kube/finalizers.ts';
import { Informer } from '../../src/kube/informer/informer.ts';
import { pagedList } from '../../src/kube/informer/list.ts';
import { LeaderElector } from '../../src/kube/lease/lease.ts';
import { KubeTransport } from '../../src/kube/transport/transport.ts';
import type { Condition, KubeObject, Resource } from '../../src/kube/types.ts';
import { until } from '../../src/kube/until.fixture.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { type ControlPlane, startControlPlane } from '../../src/sandbox/apiserver/control-plane.ts';

interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly id?: string | undefined;
    readonly conditions?: readonly Condition[];
  };
}

const widgets: Resource<Widget> = {
  group: 'test.azid.dev',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};
const FINALIZER = 'azid.dev/finalizer';
const signal = new AbortController().signal;
const NEVER_JITTER = () => 0;

let plane: ControlPlane;
let transport: KubeTransport;
let client: KubeClient;
let count = 0;
let name: string;

const open = () =>
  new KubeTransport({
    endpoint: loadKubeEndpoint({ clock: systemClock, kubeconfig: plane.kubeconfigPath }),
    clock: systemClock,
    userAgent: 'azid/test',
  });

beforeAll(async () => {
  plane = await startControlPlane();
  transport = open();
  client = new KubeClient(transport);
  await client.create(customResourceDefinitions, widgetDefinition, signal);
  await untilAnswered(async () => {
    const { status } = await client.get(customResourceDefinitions, 'widgets.test.azid.dev', signal);
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Established', status: 'True' }),
    );
    await client.list(widgets, {}, signal);
  });
});

afterAll(async () => {
  await transport?.close();
  await plane?.stop();
});

beforeEach(() => {
  name = `w${++count}`;
});

/** Until `check` no longer throws. */
async function untilAnswered(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 30_000, interval: 100 });
}

const widgetDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.test.azid.dev' },
  spec: {
    group: 'test.azid.dev',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { size: { type: 'integer', maximum: 10 } } },
              status: {
                type: 'object',
                properties: {
                  observedGeneration: { type: 'integer' },
                  id: { type: 'string' },
                  conditions: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['type'],
                    items: {
                      type: 'object',
                      required: ['type', 'status'],
                      properties: Object.fromEntries(
                        ['type', 'status', 'reason', 'message', 'lastTransitionTime'].map((field) => [
                          field,
                          { type: 'string' },
                        ]),
                      ),
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
} as const;

const create = (size = 1) =>
  client.create(
    widgets,
    {
      apiVersion: 'test.azid.dev/v1',
      kind: 'Widget',
      metadata: { namespace: 'default', name },
      spec: { size },
    },
    signal,
  );
const read = () => client.get(widgets, `default/${name}`, signal);
const condition = (type: string): Condition => ({
  type,
  status: 'True',
  reason: 'Done',
  message: '',
  lastTransitionTime: '2026-11-23T10:00:00Z',
});
const failure = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: unknown) => error,
  );

describe('refusals', () => {
  it('carry the reason that decides what to do', async () => {
    await create();
    expect(isAlreadyExists(await failure(create()))).toBe(true);
    expect(isNotFound(await failure(client.get(widgets, 'default/absent', signal)))).toBe(true);
    // A group that is not served says "page not found" without a Status: no proof that an object is gone.
    const unserved: Resource = { ...widgets, group: 'absent.azid.dev' };
    expect(isNotFound(await failure(client.get(unserved, 'default/absent', signal)))).toBe(false);
    name = `${name}-big`;
    const invalid = await failure(create(11));
    expect(isInvalid(invalid)).toBe(true);
    expect(String(invalid)).toMatch(/spec.size/);
  });

  it('stop a replace and a deletion of something else than was read', async () => {
    const old = await create();
    await client.mergePatch(widgets, `default/${name}`, { spec: { size: 2 } }, signal);
    expect(isConflict(await failure(client.replace(widgets, { ...old, spec: { size: 3 } }, signal)))).toBe(
      true,
    );
    const preconditions = { uid: '00000000-0000-0000-0000-000000000000' };
    expect(
      isConflict(await failure(client.delete(widgets, `default/${name}`, { preconditions }, signal))),
    ).toBe(true);
    expect(
      await client.delete(widgets, `default/${name}`, { preconditions: { uid: old.metadata.uid } }, signal),
    ).toBeUndefined();
    expect(isNotFound(await failure(read()))).toBe(true);
  });
});

describe('status', () => {
  it('is applied under one manager; a field left out is removed, the spec is not touched', async () => {
    const first = await applyStatus(
      client,
      widgets,
      await create(),
      { observedGeneration: 1, id: 'x', conditions: [condition('Ready')] },
      signal,
    );
    expect(first.status).toEqual({ observedGeneration: 1, id: 'x', conditions: [condition('Ready')] });
    expect(first.metadata).toMatchObject({ generation: 1 });
    const second = await applyStatus(
      client,
      widgets,
      first,
      { observedGeneration: 1, id: undefined },
      signal,
    );
    expect(second.status).toEqual({ observedGeneration: 1 });
    expect(second.spec).toEqual({ size: 1 });
  });

  it('leaves the conditions of other managers alone', async () => {
    const object = await create();
    await client.apply(
      widgets,
      {
        apiVersion: object.apiVersion,
        kind: object.kind,
        metadata: { namespace: 'default', name },
        status: { conditions: [condition('Theirs')] },
      },
      { fieldManager: 'somebody', subresource: 'status' },
      signal,
    );
    const { status } = await applyStatus(
      client,
      widgets,
      object,
      { conditions: [condition('Ready')] },
      signal,
    );
    expect(status?.conditions?.map(({ type }) => type)).toEqual(['Theirs', 'Ready']);
  });

  it('that says so already is not sent, and one that is sent all the same does not change the version', async () => {
    const status = { observedGeneration: 1, conditions: [condition('Ready')] };
    const object = await applyStatus(client, widgets, await create(), status, signal);
    const counted: string[] = [];
    const other = new KubeTransport({
      endpoint: loadKubeEndpoint({ clock: systemClock, kubeconfig: plane.kubeconfigPath }),
      clock: systemClock,
      userAgent: 'azid/test',
      onRequest: ({ method }) => counted.push(method),
    });
    try {
      const reordered = { conditions: [condition('Ready')], id: undefined, observedGeneration: 1 };
      expect(await applyStatus(new KubeClient(other), widgets, object, reordered, signal)).toBe(object);
      expect(counted).toEqual([]);
      const stale = { ...object, status: {} };
      const again = await applyStatus(new KubeClient(other), widgets, stale, status, signal);
      expect(counted).toEqual(['PATCH']);
      expect(again.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
    } finally {
      await other.close();
    }
  });

  it('whose list was emptied, which the server then shows without the list, is not sent again', async () => {
    const filled = { id: 'x', conditions: [condition('Ready')] };
    const emptied = { id: 'x', conditions: [] };
    const object = await applyStatus(client, widgets, await create(), filled, signal);
    const after = await applyStatus(client, widgets, object, emptied, signal);
    expect(after.status).toEqual({ id: 'x' });
    expect(await applyStatus(client, widgets, after, emptied, signal)).toBe(after);
    const changed = await applyStatus(client, widgets, after, { id: 'y', conditions: [] }, signal);
    expect(changed.status).toEqual({ id: 'y' });
  });

  it('takes its fields back from whoever overwrote them', async () => {
    const object = await applyStatus(client, widgets, await create(), { id: 'ours' }, signal);
    await client.mergePatch(widgets, `default/${name}`, { status: { id: 'theirs' } }, signal, {
      subresource: 'status',
    });
    const repaired = await applyStatus(client, widgets, await read(), { id: 'ours' }, signal);
    expect(repaired.status).toEqual({ id: 'ours' });
    expect(object.metadata.uid).toBe(repaired.metadata.uid);
  });

  it('removes what another manager added: fields, and conditions of its own types; not theirs', async () => {
    await applyStatus(client, widgets, await create(), { observedGeneration: 1 }, signal);
    const added = { id: 'theirs', conditions: [condition('Ready'), condition('Theirs')] };
    await client.mergePatch(widgets, `default/${name}`, { status: added }, signal, { subresource: 'status' });
    const wanted = { observedGeneration: 1 };
    const ownsCondition = (type: string) => type === 'Ready';
    const set = await applyStatus(client, widgets, await read(), wanted, signal, { ownsCondition });
    expect(set.status).toEqual({ observedGeneration: 1, conditions: [condition('Theirs')] });
    // What it removed it does not own: a later apply brings it, and takes it away again.
    const more = await applyStatus(client, widgets, set, { ...wanted, id: 'ours' }, signal, {
      ownsCondition,
    });
    expect(more.status).toMatchObject({ id: 'ours' });
    const less = await applyStatus(client, widgets, more, wanted, signal, { ownsCondition });
    expect(less.status).toEqual({ observedGeneration: 1, conditions: [condition('Theirs')] });
  });

  it('of an object that was deleted and made again is refused, not written to the namesake', async () => {
    const old = await create();
    await client.delete(widgets, `default/${name}`, {}, signal);
    await create();
    expect(isConflict(await failure(applyStatus(client, widgets, old, { id: 'x' }, signal)))).toBe(true);
    expect((await read()).status).toBeUndefined();
  });

  it('of an object that was edited meanwhile is written all the same, and the edit stays', async () => {
    const old = await create();
    await client.mergePatch(widgets, `default/${name}`, { spec: { size: 9 } }, signal);
    const result = await applyStatus(client, widgets, old, { observedGeneration: 1 }, signal);
    expect(result).toMatchObject({
      spec: { size: 9 },
      status: { observedGeneration: 1 },
      metadata: { generation: 2 },
    });
  });

  it('of an object that is gone is not found, and makes nothing', async () => {
    const old = await create();
    await client.delete(widgets, `default/${name}`, {}, signal);
    expect(isNotFound(await failure(applyStatus(client, widgets, old, { id: 'x' }, signal)))).toBe(true);
    expect(isNotFound(await failure(read()))).toBe(true);
  });
});

describe('apply', () => {
  it('makes an object, says who owns the field when another one does, and takes it with force', async () => {
    const object = (owner: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name },
      data: { owner },
    });
    await client.apply(configMaps, object('a'), { fieldManager: 'a' }, signal);
    const conflict = await failure(
      client.apply(configMaps, object('b'), { fieldManager: FIELD_MANAGER }, signal),
    );
    expect(isConflict(conflict)).toBe(true);
    expect(String(conflict)).toMatch(/conflict with "a"/);
    const taken = await client.apply(
      configMaps,
      object('b'),
      { fieldManager: FIELD_MANAGER, force: true },
      signal,
    );
    expect(taken.data).toEqual({ owner: 'b' });
  });
});

describe('finalizers', () => {
  it('hold the object until the last one goes', async () => {
    const object = await addFinalizer(client, widgets, await create(), FINALIZER, signal);
    expect(object.metadata.finalizers).toEqual([FINALIZER]);
    expect(await addFinalizer(client, widgets, object, FINALIZER, signal)).toBe(object);
    const deleting = await client.delete(widgets, `default/${name}`, {}, signal);
    expect(deleting?.metadata.deletionTimestamp).toBeDefined();
    const held = await read();
    expect(await removeFinalizer(client, widgets, held, FINALIZER, signal)).toBeUndefined();
    expect(isNotFound(await failure(read()))).toBe(true);
    // Again, from the same stale view: gone is gone.
    expect(await removeFinalizer(client, widgets, held, FINALIZER, signal)).toBeUndefined();
  });

  it('of others survive, and a view that is not the latest is a conflict', async () => {
    const read1 = await create();
    await client.mergePatch(widgets, `default/${name}`, { metadata: { finalizers: ['other/one'] } }, signal);
    expect(isConflict(await failure(addFinalizer(client, widgets, read1, FINALIZER, signal)))).toBe(true);
    const both = await addFinalizer(client, widgets, await read(), FINALIZER, signal);
    expect(both.metadata.finalizers).toEqual(['other/one', FINALIZER]);
    await client.mergePatch(widgets, `default/${name}`, { metadata: { labels: { a: 'b' } } }, signal);
    expect(isConflict(await failure(removeFinalizer(client, widgets, both, FINALIZER, signal)))).toBe(true);
    const left = await removeFinalizer(client, widgets, await read(), FINALIZER, signal);
    expect(left?.metadata.finalizers).toEqual(['other/one']);
    await client.mergePatch(widgets, `default/${name}`, { metadata: { finalizers: null } }, signal);
  });

  it('of a namesake are not touched', async () => {
    const old = await addFinalizer(client, widgets, await create(), FINALIZER, signal);
    await removeFinalizer(client, widgets, old, FINALIZER, signal);
    await client.delete(widgets, `default/${name}`, {}, signal);
    const second = await addFinalizer(client, widgets, await create(), FINALIZER, signal);
    expect(isConflict(await failure(removeFinalizer(client, widgets, old, FINALIZER, signal)))).toBe(true);
    expect((await read()).metadata.finalizers).toEqual([FINALIZER]);
    await removeFinalizer(client, widgets, second, FINALIZER, signal);
  });
});

describe('built-in kinds', () => {
  it('list in pages, with the kind on every item', async () => {
    for (let n = 0; n < 3; n++)
      await client.apply(
        configMaps,
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { namespace: 'default', name: `${name}-${n}`, labels: { page: name } },
        },
        { fieldManager: FIELD_MANAGER },
        signal,
      );
    const query = { namespace: 'default', labelSelector: `page=${name}`, limit: 2 };
    expect((await client.list(configMaps, query, signal)).continue).toBeDefined();
    const { items } = await pagedList<ConfigMap>(client, configMaps, query, signal);
    expect(items.map((item) => [item.kind, item.metadata.name])).toEqual(
      [0, 1, 2].map((n) => ['ConfigMap', `${name}-${n}`]),
    );
    expect((await client.get(namespaces, 'default', signal)).status?.phase).toBe('Active');
  });

  it('give a ServiceAccount token for the audience asked', async () => {
    const metadata = { namespace: 'default', name };
    await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata }, signal);
    const options = { audiences: ['api://AzureADTokenExchange'], expirationSeconds: 3600 };
    const issued = await createToken(client, 'default', name, options, signal);
    const claims = JSON.parse(Buffer.from(issued.token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ aud: options.audiences, sub: `system:serviceaccount:default:${name}` });
    expect(Date.parse(issued.expirationTimestamp)).toBe(claims.exp * 1000);
  });
});

describe('an event', () => {
  it('is accepted, and becomes a series', async () => {
    const recorder = new EventRecorder({
      client,
      clock: systemClock,
      random: Math.random,
      reportingController: 'azid.dev/controller',
      reportingInstance: 'azid-0',
    });
    const record = {
      regarding: await create(),
      type: 'Warning',
      reason: 'Denied',
      action: 'Visit',
      note: '€'.repeat(999),
    } as const;
    const ours = async () => {
      const fieldSelector = `metadata.namespace=default`;
      const { items } = await client.list(events, { namespace: 'default', fieldSelector }, signal);
      return items.filter((item) => item.regarding.name === name);
    };
    recorder.record(record);
    await expect.poll(async () => (await ours()).length).toBe(1);
    recorder.record(record);
    await recorder.flush(10_000);
    const [event] = await ours();
    expect(event).toMatchObject({ reason: 'Denied', type: 'Warning', series: { count: 2 } });
  });
});

describe('leader election', () => {
  it('takes, keeps and releases a real Lease', async () => {
    const own = open();
    const log: string[] = [];
    const stop = new AbortController();
    const elector = new LeaderElector({
      client: new KubeClient(own),
      clock: systemClock,
      random: NEVER_JITTER,
      namespace: 'default',
      name,
      identity: 'a',
      leaseDurationMs: 3_000,
      renewDeadlineMs: 2_000,
      retryMs: 100,
      onStarted: () => log.push('started'),
      onLost: (why) => log.push(why),
    });
    const done = elector.run(stop.signal);
    try {
      await until(() => elector.isLeaderNow());
      const lease = (): Promise<Lease> => client.get(leases, `default/${name}`, signal);
      const first = await lease();
      expect(first.spec).toMatchObject({
        holderIdentity: 'a',
        renewTime: expect.stringMatching(/\.\d{6}Z$/),
      });
      await expect.poll(async () => (await lease()).spec?.renewTime).not.toBe(first.spec?.renewTime);
      stop.abort();
      await done;
      expect((await lease()).spec?.holderIdentity ?? '').toBe('');
      expect(log).toEqual(['started']);
    } finally {
      stop.abort();
      await done;
      await own.close();
    }
  });
});

describe.each([
  { way: 'pages', streamLists: false, begins: 'list' },
  { way: 'a stream', streamLists: true, begins: 'streamList' },
])('an informer that lists by $way', ({ streamLists, begins }) => {
  let stop: AbortController;
  let informer: Informer<Widget>;
  let steps: string[];
  let run: Promise<void>;
  const seen = () => informer.store.get(`default/${name}`);

  beforeEach(async () => {
    stop = new AbortController();
    steps = [];
    const log = {
      ...silentLog,
      debug: ({ state }: object & { state?: string }) => void steps.push(state ?? ''),
    };
    informer = new Informer({
      client,
      resource: widgets,
      clock: systemClock,
      random: NEVER_JITTER,
      streamLists,
      log,
    });
    run = informer.run(stop.signal);
    await informer.store.whenSynced(signal);
  });
  afterEach(async () => {
    stop.abort();
    await run;
  });

  it('is served so by the API server: what was there comes first, and a watch follows', async () => {
    await create();
    await untilSeen(() => seen() !== undefined);
    const other = new AbortController();
    const late = new Informer({
      client,
      resource: widgets,
      clock: systemClock,
      random: NEVER_JITTER,
      streamLists,
    });
    const running = late.run(other.signal);
    await late.store.whenSynced(signal);
    expect(late.store.get(`default/${name}`)).toEqual(seen());
    await client.mergePatch(widgets, `default/${name}`, { spec: { size: 5 } }, signal);
    await untilSeen(() => late.store.get(`default/${name}`)?.spec?.size === 5);
    other.abort();
    await running;
    expect(steps[0]).toBe(begins);
    expect(steps).not.toContain(streamLists ? 'list' : 'streamList');
  });

  it('follows its kind through a restart of the API server', async () => {
    const made = await create();
    await untilSeen(() => seen() !== undefined);
    await plane.restartApiServer();
    await untilAnswered(async () => {
      await client.mergePatch(widgets, `default/${name}`, { spec: { size: 5 } }, signal);
    });
    await untilSeen(() => seen()?.spec?.size === 5);
    await client.delete(widgets, `default/${name}`, { preconditions: { uid: made.metadata.uid } }, signal);
    await untilSeen(() => seen() === undefined);
    expect(informer.stuck).toBe(false);
  });

  it('shows own writes and deletions at once, and the watch agrees', async () => {
    const changes: (string | undefined)[] = [];
    using _ = informer.store.onChange(({ key, new: now }) => {
      if (key === `default/${name}`) changes.push(now?.metadata.resourceVersion);
    });
    const made = await create();
    informer.store.recordWrite(made);
    expect(seen()?.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    const edited = await client.mergePatch(widgets, `default/${name}`, { spec: { size: 5 } }, signal);
    informer.store.recordWrite(edited);
    expect(seen()?.spec?.size).toBe(5);
    await client.delete(widgets, `default/${name}`, {}, signal);
    informer.store.recordDelete(edited);
    expect(seen()).toBeUndefined();
    const marker = await client.create(
      widgets,
      {
        apiVersion: made.apiVersion,
        kind: 'Widget',
        metadata: { namespace: 'default', name: `${name}-marker` },
      },
      signal,
    );
    await untilSeen(() => informer.store.get(`default/${marker.metadata.name}`) !== undefined);
    expect(changes).toEqual([made.metadata.resourceVersion, edited.metadata.resourceVersion, undefined]);
  });

  it('follows its kind when the CRD goes and comes back', async () => {
    await create();
    await untilSeen(() => seen() !== undefined);
    await client.delete(customResourceDefinitions, 'widgets.test.azid.dev', {}, signal);
    await untilSeen(() => informer.store.size === 0);
    await untilAnswered(async () => {
      await client.create(customResourceDefinitions, widgetDefinition, signal);
    });
    await untilAnswered(async () => {
      await create();
    });
    await untilSeen(() => seen() !== undefined);
  });
});

const untilSeen = (condition: () => boolean) => expect.poll(condition, { timeout: 60_000 }).toBe(true);
