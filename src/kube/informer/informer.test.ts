import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type ConfigMap, configMaps } from '../builtin.ts';
import { KubeClient } from '../client.ts';
import { configMap } from '../objects.fixture.ts';
import { ScriptedServer } from '../transport/scripted-server.fixture.ts';
import { KubeTransport } from '../transport/transport.ts';
import { until } from '../until.fixture.ts';
import { Informer } from './informer.ts';

let server: ScriptedServer;
let clock: FakeClock;
let transport: KubeTransport;
let stop: AbortController;
let informer: Informer<ConfigMap>;
let done: Promise<void>;
let logged: string[];

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  transport = new KubeTransport({ endpoint: server.endpoint, clock, userAgent: 'azid/test' });
  stop = new AbortController();
  logged = [];
  const record = (_: object, message: string) => void logged.push(message);
  informer = new Informer<ConfigMap>({
    client: new KubeClient(transport),
    resource: configMaps,
    clock,
    random: () => 0,
    log: { ...silentLog, warn: record, error: record },
  });
  done = informer.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await done;
  await transport.close();
  await server[Symbol.asyncDispose]();
});

describe('an informer', () => {
  it('is not synced while the first list fails, and is after one that succeeds', async () => {
    (await server.next()).fail(500, 'InternalError');
    await until(() => logged.includes('reflector waits after a failure'));
    expect(informer.store.synced).toBe(false);
    clock.advance(800);
    (await server.next()).list('10', [configMap('a', 1)]);
    await informer.store.whenSynced(stop.signal);
    expect(informer.store.keys()).toEqual(['test/a']);
  });

  it('says the same failure once a minute, however often it is met', async () => {
    const reported: number[] = [];
    for (const waitMs of [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]) {
      (await server.next()).fail(500, 'InternalError');
      await until(() => clock.untilNext() === waitMs);
      reported.push(logged.length);
      clock.advance(waitMs);
    }
    expect(reported).toEqual([1, 1, 1, 1, 1, 1, 1, 2]);
  });

  it('finds what was deleted while the watch was down', async () => {
    (await server.next()).list('10', [configMap('a', 1), configMap('b', 2)]);
    (await server.next()).fail(410, 'Expired');
    await until(() => logged.length === 1);
    const gone: string[] = [];
    informer.store.onChange((change) => change.new ?? gone.push(change.key));
    clock.advance(800);
    (await server.next()).list('20', [configMap('b', 2)]);
    await until(() => gone.length === 1);
    expect(gone).toEqual(['test/a']);
  });

  it('catches up with what is stored now, however old what its watch began with is', async () => {
    (await server.next()).list('10', [configMap('a', 1)]);
    await informer.store.whenSynced(stop.signal);
    await server.next();
    const caughtUp = informer.catchUp(stop.signal);
    const asked = await server.next();
    expect(Object.fromEntries(asked.query)).toEqual({ limit: '500' });
    asked.list('20', [configMap('b', 15)]);
    await caughtUp;
    expect(informer.store.keys()).toEqual(['test/b']);
  });

  it('outlives a listener that throws, and says so', async () => {
    informer.store.onChange(() => {
      throw new Error('bug');
    });
    (await server.next()).list('10', [configMap('a', 1)]);
    const stream = (await server.next()).stream();
    stream.send({ type: 'MODIFIED', object: configMap('a', 11) });
    await until(() => informer.store.get('test/a')?.metadata.resourceVersion === '11');
    expect(logged).toEqual(['a store listener threw', 'a store listener threw']);
  });

  it('is not run twice at once; a second attempt disturbs nothing', async () => {
    const list = await server.next();
    await expect(informer.run(stop.signal)).rejects.toThrow(/to be idle, got a second run/);
    list.list('10', []);
    await informer.store.whenSynced(stop.signal);
    expect(server.exchanges.filter((exchange) => exchange.query.has('watch')).length).toBeLessThanOrEqual(1);
  });

  it('takes nothing in after the stop, also what was under way', async () => {
    const other = new Informer<ConfigMap>({
      client: new KubeClient(transport),
      resource: configMaps,
      clock,
      random: () => 0,
      async *tap(events) {
        for await (const event of events) {
          if (event.type === 'apply') stop.abort();
          yield event;
        }
      },
    });
    (await server.next()).list('10', []);
    await server.next();
    const run = other.run(stop.signal);
    (await server.next()).list('10', []);
    (await server.next()).stream().send({ type: 'ADDED', object: configMap('late', 11) });
    await run;
    expect(stop.signal.aborted).toBe(true);
    expect(other.store.keys()).toEqual([]);
  });

  it('can be run again after a stop, and starts with a list', async () => {
    (await server.next()).list('10', [configMap('a', 1)]);
    await informer.store.whenSynced(stop.signal);
    await server.next();
    stop.abort();
    await done;
    stop = new AbortController();
    done = informer.run(stop.signal);
    (await server.next()).list('12', []);
    await until(() => informer.store.size === 0);
  });
});

describe('health', () => {
  it('is good while a quiet watch has bookmarks, and while a server that is down is asked again', async () => {
    (await server.next()).list('10', []);
    const stream = (await server.next()).stream();
    await until(() => informer.store.synced);
    for (const version of ['11', '12', '13', '14']) {
      const before = informer.lastActivity;
      stream.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: version } } });
      // The first one comes in the same ms as the start of the watch, so its name is looked for.
      stream.send({ type: 'ADDED', object: configMap(`after-${version}`, version) });
      await until(() => informer.store.get(`test/after-${version}`) !== undefined);
      if (version !== '11') expect(informer.lastActivity).not.toBe(before);
      clock.advance(60_000);
      expect(informer.stuck).toBe(false);
    }
    stream.reset();
    (await server.next()).fail(503, 'ServiceUnavailable');
    for (let failure = 0; failure < 4; failure++) {
      await until(() => clock.untilNext() === 800 * 2 ** failure);
      clock.advance(800 * 2 ** failure);
      expect(informer.stuck).toBe(false);
      (await server.next()).fail(503, 'ServiceUnavailable');
    }
  });

  it('is bad when neither an event nor the idle limit comes when due: the loop itself hangs', async () => {
    // A consumer that never takes its event is what hangs the loop here.
    const hung = Promise.withResolvers<void>();
    const other = new Informer<ConfigMap>({
      client: new KubeClient(transport),
      resource: configMaps,
      clock,
      random: () => 0,
      async *tap(events) {
        for await (const event of events) {
          await hung.promise;
          yield event;
        }
      },
    });
    (await server.next()).list('10', []);
    await server.next();
    const run = other.run(stop.signal);
    (await server.next()).list('10', []);
    await until(() => other.lastActivity === clock.monotonic());
    expect(other.stuck).toBe(false);
    // 60 s for the list, 30 s of grace.
    clock.advance(90_001);
    expect(other.stuck).toBe(true);
    stop.abort();
    hung.resolve();
    await run;
    expect(other.stuck).toBe(false);
  });
});
