import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type ConfigMap, configMaps } from '../builtin.ts';
import { KubeClient } from '../client.ts';
import { configMap } from '../objects.fixture.ts';
import { ScriptedServer } from '../transport/scripted-server.fixture.ts';
import { KubeTransport } from '../transport/transport.ts';
import { until } from '../until.fixture.ts';
import { type ReflectorEvent, type ReflectorOptions, type ReflectorState, reflect } from './reflector.ts';

let server: ScriptedServer;
let clock: FakeClock;
let transport: KubeTransport;
let stop: AbortController;
let events: ReflectorEvent<ConfigMap>[];
let states: ReflectorState[];
let done: Promise<void>;

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  transport = new KubeTransport({ endpoint: server.endpoint, clock, userAgent: 'azid/test' });
  stop = new AbortController();
  events = [];
  states = [];
  done = Promise.resolve();
});

afterEach(async () => {
  stop.abort();
  await done;
  await transport.close();
  await server[Symbol.asyncDispose]();
});

/** Runs the reflector until the test ends. `random` of 0 gives the shortest wait and the shortest watch. */
function start(options: Partial<ReflectorOptions<ConfigMap>> = {}): void {
  const run = async () => {
    const all = {
      client: new KubeClient(transport),
      resource: configMaps,
      clock,
      random: () => 0,
      onState: (state: ReflectorState) => void states.push(state),
      ...options,
    };
    for await (const event of reflect(all, stop.signal)) events.push(event);
  };
  done = run();
}

/** Answers the first list with `version` and begins the watch. */
async function watching(version = '10', objects: readonly ConfigMap[] = []) {
  start();
  (await server.next()).list(version, objects);
  const exchange = await server.next();
  return { exchange, stream: exchange.stream() };
}

/** The wait that the reflector is in, once it is in one after `count` earlier ones. */
async function wait(count = 0): Promise<Extract<ReflectorState, { type: 'wait' }>> {
  const waits = () => states.filter((state) => state.type === 'wait');
  await until(
    () => waits().length > count && states.at(-1)?.type === 'wait' && clock.untilNext() !== undefined,
  );
  const last = waits().at(-1);
  return last ?? expect.fail('no wait');
}

const types = () => events.map((event) => event.type);
const add = (name: string, version: number) => ({ type: 'ADDED', object: configMap(name, version) });
const bookmark = (version: string) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: version } },
});

describe('listing', () => {
  it('shows what is stored, not what a server that is behind has of it, where that is asked, at each try', async () => {
    start({ first: 'stored' });
    const list = await server.next();
    expect(Object.fromEntries(list.query)).toEqual({ limit: '500' });
    list.fail(500, 'InternalError');
    const { ms } = await wait();
    clock.advance(ms);
    const again = await server.next();
    expect(Object.fromEntries(again.query)).toEqual({ limit: '500' });
    again.list('10', []);
    expect((await server.next()).query.get('resourceVersion')).toBe('10');
  });

  it('begins at version 0 with pages of 500, and watches from the version of the list with bookmarks', async () => {
    start({ random: () => 0.5 });
    const list = await server.next();
    expect(list.path).toBe('/api/v1/configmaps');
    expect(Object.fromEntries(list.query)).toEqual({ resourceVersion: '0', limit: '500' });
    list.list('10', [configMap('a', 5)]);
    const watch = await server.next();
    expect(Object.fromEntries(watch.query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '10',
      timeoutSeconds: '450',
    });
    expect(events).toEqual([
      { type: 'replace', objects: [configMap('a', 5)], resourceVersion: '10', rewound: false },
    ]);
  });

  it('passes namespace and selectors to list and watch', async () => {
    start({ namespace: 'test', labelSelector: 'a=b', fieldSelector: 'metadata.name=x' });
    for (const kind of ['list', 'watch']) {
      const exchange = await server.next();
      expect(exchange.path, kind).toBe('/api/v1/namespaces/test/configmaps');
      expect(exchange.query.get('labelSelector'), kind).toBe('a=b');
      expect(exchange.query.get('fieldSelector'), kind).toBe('metadata.name=x');
      if (kind === 'list') exchange.list('10', []);
    }
  });

  it('puts the pages together and names the kind of items that come without', async () => {
    start();
    const { apiVersion: _, kind: __, ...bare } = configMap('a', 1);
    (await server.next()).list('10', [bare], { continue: 'token-1' });
    const second = await server.next();
    expect(Object.fromEntries(second.query)).toEqual({ limit: '500', continue: 'token-1' });
    expect(events).toEqual([]);
    second.list('10', [configMap('b', 2)]);
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({
      objects: [configMap('a', 1), configMap('b', 2)],
      resourceVersion: '10',
    });
  });

  it('reads the whole list in one piece when the token of a page has expired', async () => {
    start();
    (await server.next()).list('10', [configMap('a', 1)], { continue: 'token-1' });
    (await server.next()).fail(410, 'Expired');
    const whole = await server.next();
    expect(Object.fromEntries(whole.query)).toEqual({ resourceVersion: '0' });
    whole.list('12', [configMap('b', 2)]);
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ objects: [configMap('b', 2)], resourceVersion: '12' });
  });

  it('that fails on its second page yields nothing and is tried again', async () => {
    start();
    (await server.next()).list('10', [configMap('a', 1)], { continue: 'token-1' });
    (await server.next()).fail(500, 'InternalError');
    expect(await wait()).toMatchObject({ ms: 800, error: { status: 500 } });
    expect(events).toEqual([]);
    clock.advance(800);
    expect((await server.next()).query.get('resourceVersion')).toBe('0');
  });

  it('waits as long as a 429 says', async () => {
    start();
    (await server.next()).fail(429, 'TooManyRequests', {}, { 'retry-after': '17' });
    expect((await wait()).ms).toBe(17_000);
    clock.advance(16_999);
    expect(server.exchanges.length).toBe(1);
    clock.advance(1);
    await server.next();
  });

  it('asks for the latest when the server does not have the version yet', async () => {
    const { stream } = await watching();
    stream.send({
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
    });
    await wait();
    clock.advance(800);
    const relist = await server.next();
    // No limit here: with one the server would read etcd instead of its cache.
    expect(Object.fromEntries(relist.query)).toEqual({ resourceVersion: '10' });
    relist.fail(504, 'Timeout', { causes: [{ reason: 'ResourceVersionTooLarge' }] });
    expect(Object.fromEntries((await server.next()).query)).toEqual({ limit: '500' });
  });
});

describe('watching', () => {
  it('yields what happens, and resumes at the last version after a clean end, without a list or a wait', async () => {
    const { stream } = await watching();
    stream.send(add('a', 11));
    stream.send({ type: 'MODIFIED', object: configMap('a', 12) });
    stream.send({ type: 'DELETED', object: configMap('a', 13) });
    stream.end();
    const next = await server.next();
    expect(next.query.get('watch')).toBe('true');
    expect(next.query.get('resourceVersion')).toBe('13');
    expect(types()).toEqual(['replace', 'apply', 'apply', 'delete']);
    expect(states.map((state) => state.type)).toEqual(['list', 'watch', 'watch']);
  });

  it('resumes at the version of a bookmark', async () => {
    const { stream } = await watching();
    stream.send(bookmark('99'));
    stream.end();
    expect((await server.next()).query.get('resourceVersion')).toBe('99');
    expect(types()).toEqual(['replace']);
  });

  it('that ends within a second without an event is a failure: wait, then list', async () => {
    const { stream } = await watching();
    clock.advance(999);
    stream.end();
    expect((await wait()).next).toEqual({ type: 'list', resourceVersion: '10' });
  });

  it('that ends after a second without an event is no failure', async () => {
    const { stream } = await watching();
    clock.advance(1_000);
    stream.end();
    expect((await server.next()).query.get('watch')).toBe('true');
    expect(states.map((state) => state.type)).not.toContain('wait');
  });

  it.each([
    ['in the stream', false],
    ['as the HTTP status', true],
  ])('at an expired version, reported as %s, lists again', async (_, asStatus) => {
    if (asStatus) {
      start();
      (await server.next()).list('10', []);
      (await server.next()).fail(410, 'Expired');
    } else {
      const { stream } = await watching();
      stream.send({
        type: 'ERROR',
        object: { kind: 'Status', code: 410, reason: 'Gone', message: 'too old' },
      });
    }
    expect((await wait()).next).toEqual({ type: 'list', resourceVersion: '10' });
    clock.advance(800);
    (await server.next()).list('20', [configMap('b', 15)]);
    await server.next();
    expect(types()).toEqual(['replace', 'replace']);
  });

  it('goes back to the latest list when a version that was listed again is expired too', async () => {
    const { stream } = await watching();
    stream.send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Gone', message: 'too old' } });
    await wait();
    clock.advance(800);
    (await server.next()).fail(410, 'Expired');
    expect(Object.fromEntries((await server.next()).query)).toEqual({ limit: '500' });
  });

  it.each([
    [429, 'TooManyRequests'],
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
    [401, 'Unauthorized'],
  ])('refused with %i waits and resumes at the same version', async (status, reason) => {
    start();
    (await server.next()).list('10', []);
    (await server.next()).fail(status, reason);
    expect((await wait()).next).toEqual({ type: 'watch', resourceVersion: '10' });
    clock.advance(800);
    expect((await server.next()).query.get('resourceVersion')).toBe('10');
  });

  it.each([403, 404])('refused with %i waits and lists', async (status) => {
    start();
    (await server.next()).list('10', []);
    (await server.next()).fail(status, 'Forbidden');
    expect((await wait()).next).toEqual({ type: 'list', resourceVersion: '10' });
  });

  it('that is reset resumes at the last version, and what was made in the gap is seen within 2 s', async () => {
    const { stream } = await watching();
    stream.send(add('a', 11));
    await until(() => events.length === 2);
    stream.reset();
    expect((await wait()).next).toEqual({ type: 'watch', resourceVersion: '11' });
    clock.advance(2_000);
    const next = await server.next();
    expect(next.query.get('resourceVersion')).toBe('11');
    next.stream().send(add('made-in-the-gap', 12));
    await until(() => events.length === 3);
  });

  it('that is silent for 120 s is cut and resumed; a bookmark a minute keeps it', async () => {
    const { exchange, stream } = await watching();
    for (const version of ['11', '12', '13']) {
      stream.send(bookmark(version));
      // The line after proves that the bookmark was read.
      stream.send(add(`after-${version}`, Number(version)));
      const name = `after-${version}`;
      await until(() =>
        events.some((event) => event.type === 'apply' && event.object.metadata.name === name),
      );
    }
    clock.advance(119_999);
    expect(exchange.closed).toBe(false);
    clock.advance(1);
    await until(() => exchange.closed);
    expect(await wait()).toMatchObject({
      error: { reason: 'Timeout' },
      next: { type: 'watch', resourceVersion: '13' },
    });
  });

  it.each([
    ['a line that is no JSON', 'garbage\n'],
    ['a line of an unknown type', '{"type":"EXPLODED","object":{"metadata":{"resourceVersion":"11"}}}\n'],
    ['an object without a version', '{"type":"ADDED","object":{"metadata":{"name":"a","uid":"u"}}}\n'],
    [
      'an error other than 410',
      '{"type":"ERROR","object":{"kind":"Status","code":403,"reason":"Forbidden"}}\n',
    ],
  ])('with %s is no silent gap: wait, then list', async (_, line) => {
    const { stream } = await watching();
    stream.raw(line);
    expect((await wait()).next).toEqual({ type: 'list', resourceVersion: '10' });
  });

  it('whose version goes back lists the latest, and takes it as the truth', async () => {
    const { stream } = await watching('10', [configMap('a', 9)]);
    stream.send(add('b', 7));
    expect((await wait()).next).toEqual({ type: 'list', resourceVersion: '' });
    expect(types()).toEqual(['replace']);
    clock.advance(800);
    (await server.next()).list('8', [configMap('b', 7)]);
    expect((await server.next()).query.get('resourceVersion')).toBe('8');
    expect(events.at(-1)).toMatchObject({ type: 'replace', resourceVersion: '8', rewound: true });
  });

  it('after a list older than asked for, lists the latest before it believes anything', async () => {
    const { stream } = await watching('10');
    stream.raw('garbage\n');
    await wait();
    clock.advance(800);
    (await server.next()).list('4', []);
    const latest = await server.next();
    expect(latest.query.has('resourceVersion')).toBe(false);
    expect(types()).toEqual(['replace']);
    latest.list('11', []);
    await server.next();
    expect(events.at(-1)).toMatchObject({ resourceVersion: '11', rewound: false });
  });
});

describe('waiting', () => {
  it('doubles from 0.8 s to 30 s, spread by up to the same again, and starts over after two quiet minutes', async () => {
    const seen: number[] = [];
    start({ random: () => 0.5 });
    for (let failure = 0; failure < 8; failure++) {
      (await server.next()).fail(503, 'ServiceUnavailable');
      const { ms } = await wait(failure);
      seen.push(ms);
      clock.advance(ms);
    }
    expect(seen).toEqual([1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 45_000, 45_000]);
    (await server.next()).list('10', []);
    const watch = await server.next();
    const stream = watch.stream();
    for (const version of [11, 12]) {
      stream.send(add(`a${version}`, version));
      await until(() => events.length === version - 9);
      clock.advance(61_000);
    }
    watch.reset();
    // The first attempt after a watch that stood comes at once.
    (await server.next()).fail(503, 'ServiceUnavailable');
    expect((await wait(8)).ms).toBe(1_200);
  });

  it('does not wait after a watch that stood and was cut: it goes on from the last version', async () => {
    const { exchange, stream } = await watching();
    stream.send(add('a', 11));
    await until(() => events.length === 2);
    clock.advance(1_000);
    exchange.reset();
    expect((await server.next()).query.get('resourceVersion')).toBe('11');
    expect(states.map(({ type }) => type)).toEqual(['list', 'watch', 'watch']);
  });

  it('waits after a watch that was cut at once, or a server that cuts each would be asked without end', async () => {
    const { exchange, stream } = await watching();
    stream.send(add('a', 11));
    await until(() => events.length === 2);
    clock.advance(999);
    exchange.reset();
    expect(await wait()).toMatchObject({ ms: 800, next: { type: 'watch', resourceVersion: '11' } });
  });
});

describe('while no server listens', () => {
  it('asks every half to whole second, which counts as no failure of the server', async () => {
    await server[Symbol.asyncDispose]();
    start({ random: () => 0.5 });
    for (let attempt = 0; attempt < 20; attempt++) {
      const { ms, error } = await wait(attempt);
      expect([ms, error.message]).toEqual([750, expect.stringContaining('ECONNREFUSED')]);
      clock.advance(ms);
    }
    server = await ScriptedServer.start({ at: server });
    clock.advance(750);
    (await server.next()).fail(503, 'ServiceUnavailable');
    await until(() => states.at(-1)?.type === 'wait');
    expect(states.at(-1)).toMatchObject({ ms: 1_200 });
  });
});

describe('while a proxy stands in for a server that is away', () => {
  it('asks as often: a connection dropped before any answer has overloaded no server', async () => {
    const proxy = createServer((socket) => socket.resetAndDestroy());
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const endpoint = { ...server.endpoint, server: `https://127.0.0.1:${port}` };
    const through = new KubeTransport({ endpoint, clock, userAgent: 'azid/test' });
    start({ client: new KubeClient(through), streamLists: true, random: () => 0.5 });
    for (let attempt = 0; attempt < 5; attempt++) {
      const { ms } = await wait(attempt);
      expect(ms).toBe(750);
      clock.advance(ms);
    }
    stop.abort();
    await through.close();
    await new Promise((resolve) => proxy.close(resolve));
  });
});

describe('a streamed list', () => {
  const initialEventsEnd = (version: string) => ({
    type: 'BOOKMARK',
    object: {
      metadata: { resourceVersion: version, annotations: { 'k8s.io/initial-events-end': 'true' } },
    },
  });

  async function streaming() {
    start({ streamLists: true });
    const exchange = await server.next();
    return { exchange, stream: exchange.stream() };
  }

  it('is the beginning of the watch: all that exists at the bookmark, then changes from the same stream', async () => {
    const { exchange, stream } = await streaming();
    expect(Object.fromEntries(exchange.query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      resourceVersion: '0',
      timeoutSeconds: '300',
    });
    stream.send(add('a', 5));
    stream.send(add('b', 3));
    stream.send(initialEventsEnd('10'));
    await until(() => events.length === 1);
    expect(events).toEqual([
      {
        type: 'replace',
        objects: [configMap('a', 5), configMap('b', 3)],
        resourceVersion: '10',
        rewound: false,
      },
    ]);
    stream.send(add('c', 11));
    await until(() => events.length === 2);
    expect(events[1]).toEqual({ type: 'apply', object: configMap('c', 11) });
  });

  it('holds what changed and went while it came: the server does not send that again', async () => {
    const { stream } = await streaming();
    stream.send(add('a', 5));
    stream.send(add('b', 6));
    stream.send({ type: 'DELETED', object: configMap('b', 12) });
    stream.send({ type: 'MODIFIED', object: configMap('a', 13) });
    stream.send(initialEventsEnd('15'));
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ objects: [configMap('a', 13)], resourceVersion: '15' });
  });

  it('keeps no managed fields of what it collects', async () => {
    const { stream } = await streaming();
    const object = configMap('a', 5);
    stream.send({
      type: 'ADDED',
      object: { ...object, metadata: { ...object.metadata, managedFields: [{ manager: 'kubectl' }] } },
    });
    stream.send(initialEventsEnd('10'));
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ objects: [object] });
    expect(JSON.stringify(events[0])).not.toContain('managedFields');
  });

  it('that is cut before its end yields nothing and begins again', async () => {
    const { exchange, stream } = await streaming();
    stream.send(add('a', 5));
    clock.advance(2_000);
    exchange.reset();
    expect(await wait()).toMatchObject({ next: { type: 'streamList', resourceVersion: '0' } });
    expect(events).toEqual([]);
  });

  it('that the server ends before its end is a failure', async () => {
    const { stream } = await streaming();
    stream.send(add('a', 5));
    stream.end();
    expect(await wait()).toMatchObject({
      error: { reason: 'ConnectionFailed' },
      next: { type: 'streamList', resourceVersion: '0' },
    });
    expect(events).toEqual([]);
  });

  it.each([
    [422, 'Invalid'],
    [400, 'BadRequest'],
  ])('that the server refuses with %s gives way to pages, now and later', async (status, reason) => {
    start({ streamLists: true });
    (await server.next()).fail(status, reason);
    (await server.next()).list('10', [configMap('a', 5)]);
    await until(() => events.length === 1);
    expect(events[0]).toMatchObject({ type: 'replace', objects: [configMap('a', 5)] });
    (await server.next()).fail(410, 'Expired');
    expect(await wait()).toMatchObject({ next: { type: 'list', resourceVersion: '10' } });
  });

  it('asks for the latest when the version is gone, and believes an older one only then', async () => {
    const { stream } = await streaming();
    stream.send(initialEventsEnd('10'));
    await until(() => events.length === 1);
    stream.send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'old' } });
    const { ms } = await wait();
    clock.advance(ms);
    const relist = await server.next();
    expect(relist.query.get('resourceVersion')).toBe('10');
    const older = relist.stream();
    older.send(initialEventsEnd('7'));
    const latest = await server.next();
    expect(latest.query.get('resourceVersion')).toBe('');
    latest.stream().send(initialEventsEnd('7'));
    await until(() => events.length === 2);
    expect(events[1]).toMatchObject({ type: 'replace', resourceVersion: '7', rewound: true });
  });
});

describe('stopping', () => {
  it.each(['list', 'watch', 'wait'] as const)(
    'in a %s ends without an error and leaves nothing open',
    async (where) => {
      start();
      let open = await server.next();
      if (where === 'wait') {
        open.fail(500, 'InternalError');
        await wait();
      }
      if (where === 'watch') {
        open.list('10', []);
        open = await server.next();
      }
      stop.abort();
      await done;
      await until(() => open.closed);
      expect(clock.untilNext()).toBeUndefined();
    },
  );
});
