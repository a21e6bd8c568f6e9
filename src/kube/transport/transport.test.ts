import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { createPki } from '../../simulator/certificates.ts';
import { isAborted, isConnectionFailed, isNotFound, isTimeout, type KubeError } from '../errors.ts';
import { until } from '../until.fixture.ts';
import { SharedAgent } from './agent.ts';
import type { RequestSample } from './request.ts';
import { ScriptedServer } from './scripted-server.fixture.ts';
import { KubeTransport, type TransportOptions } from './transport.ts';

const never = new AbortController().signal;
const get = (path: string) => ({ method: 'GET', path }) as const;

let server: ScriptedServer;
let clock: FakeClock;
let transport: KubeTransport;
const extra: Pick<KubeTransport, 'close'>[] = [];

function open(options: Partial<TransportOptions> = {}): KubeTransport {
  const made = new KubeTransport({ endpoint: server.endpoint, clock, userAgent: 'azid/test', ...options });
  extra.push(made);
  return made;
}

/** The error of a call that must fail. */
async function failureOf(call: Promise<unknown>): Promise<KubeError> {
  return call.then(
    () => expect.fail('the call succeeded'),
    (error: KubeError) => error,
  );
}

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  transport = open();
});

afterEach(async () => {
  await Promise.all(extra.splice(0).map((each) => each.close()));
  await server[Symbol.asyncDispose]();
});

describe('a call', () => {
  it('sends credentials, user agent, query and JSON body, and returns the JSON answer', async () => {
    const answer = transport.request<object>(
      {
        method: 'PATCH',
        path: '/api/v1/x',
        query: { a: 1, b: undefined, c: 'd e' },
        body: { f: 1 },
        contentType: 'application/merge-patch+json',
      },
      never,
    );
    const exchange = await server.next();
    exchange.json({ ok: true });
    expect(await answer).toEqual({ ok: true });
    expect([exchange.method, exchange.path, exchange.query.toString()]).toEqual([
      'PATCH',
      '/api/v1/x',
      'a=1&c=d+e',
    ]);
    expect(exchange.headers).toMatchObject({
      authorization: 'Bearer test',
      'user-agent': 'azid/test',
      'content-type': 'application/merge-patch+json',
    });
    expect(exchange.body).toEqual({ f: 1 });
  });

  it('reuses its connection for calls in a row, and a second transport has its own', async () => {
    server.handler = (exchange) => exchange.json({}) === undefined;
    for (let call = 0; call < 20; call++) await transport.request(get('/a'), never);
    // undici opens a second one when a call comes in the same tick as the end of the one before.
    const before = server.connections;
    expect(before).toBeLessThanOrEqual(2);
    await open().request(get('/a'), never);
    expect(server.connections).toBe(before + 1);
  });

  it('may use connections of others: closing it ends its own calls, and lets theirs and the connections be', async () => {
    const shared = new SharedAgent();
    extra.push(shared);
    const [first, second] = [open({ agent: shared }), open({ agent: shared })];
    const ended = failureOf(first.request(get('/a'), never));
    const lost = await server.next();
    const goesOn = second.request(get('/b'), never);
    const exchange = await server.next();
    await first.close();
    expect(isConnectionFailed(await ended)).toBe(true);
    await until(() => lost.closed);
    expect(await failureOf(first.request(get('/c'), never))).toMatchObject({ reason: 'ConnectionFailed' });
    exchange.json({ ok: 1 });
    expect(await goesOn).toEqual({ ok: 1 });
    server.handler = (each) => each.json({}) === undefined;
    for (let call = 0; call < 5; call++) await second.request(get('/d'), never);
    const before = server.connections;
    await open({ agent: shared }).request(get('/e'), never);
    expect(server.connections).toBe(before);
  });

  it('speaks HTTP/1.1 and asks the path below the prefix of the server', async () => {
    const endpoint = { ...server.endpoint, server: `${server.endpoint.server}/k8s/clusters/c1` };
    const answer = open({ endpoint }).request(get('/api/v1/x'), never);
    const exchange = await server.next();
    exchange.json({});
    await answer;
    expect(exchange.path).toBe('/k8s/clusters/c1/api/v1/x');
    expect(server.offeredProtocols).not.toContain('h2');
  });

  it('that finds the path dead times out, and the next one works over a new connection', async () => {
    const first = transport.request(get('/1'), never);
    (await server.next()).json({});
    await first;
    const second = transport.request({ ...get('/2'), timeoutMs: 2_000 }, never);
    // The request arrives and is never answered: what a silent loss looks like from the client's side.
    const lost = await server.next();
    clock.advance(1_999);
    expect(lost.closed).toBe(false);
    clock.advance(1);
    expect(isTimeout(await failureOf(second))).toBe(true);
    const third = transport.request(get('/3'), never);
    (await server.next()).json({ ok: 3 });
    expect(await third).toEqual({ ok: 3 });
    await until(() => lost.closed);
    expect(server.connections).toBe(2);
    expect(clock.untilNext()).toBeUndefined();
  });

  it('ends at once when its signal aborts, also before it began, and leaves no timer', async () => {
    const stop = new AbortController();
    const call = transport.request(get('/a'), stop.signal);
    await server.next();
    stop.abort();
    expect(isAborted(await failureOf(call))).toBe(true);
    expect(isAborted(await failureOf(transport.request(get('/b'), stop.signal)))).toBe(true);
    expect(server.exchanges.length).toBe(1);
    expect(clock.untilNext()).toBeUndefined();
  });

  it('does not wait for credentials that never come', async () => {
    const endpoint = { ...server.endpoint, credentials: () => new Promise<never>(() => {}) };
    const call = open({ endpoint }).request(get('/a'), never);
    clock.advance(30_000);
    expect(isTimeout(await failureOf(call))).toBe(true);
  });

  it('counts every attempt with its code, method and host', async () => {
    const samples: RequestSample[] = [];
    const counted = open({ onRequest: (sample) => samples.push(sample) });
    const ok = counted.request(get('/a'), never);
    (await server.next()).json({});
    await ok;
    const refused = failureOf(counted.request(get('/b'), never));
    (await server.next()).fail(403, 'Forbidden');
    await refused;
    const broken = failureOf(counted.request(get('/c'), never));
    (await server.next()).reset();
    await broken;
    const host = new URL(server.endpoint.server).host;
    expect(samples).toEqual([
      { code: '200', method: 'GET', host },
      { code: '403', method: 'GET', host },
      { code: '<error>', method: 'GET', host },
    ]);
  });
});

describe('a failure', () => {
  it('with a Status keeps its status, reason, causes and message', async () => {
    const call = failureOf(transport.request(get('/api/v1/namespaces/a'), never));
    (await server.next()).fail(403, 'Forbidden', { causes: [{ reason: 'NamespaceTerminating' }] });
    expect(await call).toMatchObject({
      status: 403,
      reason: 'Forbidden',
      causes: ['NamespaceTerminating'],
      message: 'GET /api/v1/namespaces/a: Forbidden it is',
    });
  });

  it.each([
    ['7', 7_000],
    ['Mon, 23 Nov 2026 10:00:05 GMT', 5_000],
    ['soon', undefined],
  ])('with Retry-After %s waits as long', async (header, expected) => {
    const call = failureOf(transport.request(get('/a'), never));
    (await server.next()).fail(429, 'TooManyRequests', {}, { 'retry-after': header });
    expect((await call).retryAfterMs).toBe(expected);
  });

  it('takes the wait from the Status when there is no header', async () => {
    const call = failureOf(transport.request(get('/a'), never));
    (await server.next()).fail(429, 'TooManyRequests', { retryAfterSeconds: 3 });
    expect((await call).retryAfterMs).toBe(3_000);
  });

  it('without a Status does not repeat the body and is no "not found"', async () => {
    const call = failureOf(transport.request(get('/a'), never));
    (await server.next()).text('<html>secret-token</html>', 404);
    const error = await call;
    expect(error).toMatchObject({ status: 404, reason: 'InvalidResponse' });
    expect(error.message).not.toContain('secret');
    expect(isNotFound(error)).toBe(false);
  });

  it('of a 200 that is no JSON is an invalid response', async () => {
    const call = failureOf(transport.request(get('/a'), never));
    (await server.next()).text('hello');
    expect(await call).toMatchObject({ reason: 'InvalidResponse' });
  });

  it('of the connection names the code; a server with another CA is refused', async () => {
    const broken = failureOf(transport.request(get('/a'), never));
    (await server.next()).reset();
    expect(isConnectionFailed(await broken)).toBe(true);
    const { caPem } = await createPki();
    const endpoint = { ...server.endpoint, credentials: async () => ({ headers: {}, tls: { ca: caPem } }) };
    const error = await failureOf(open({ endpoint }).request(get('/a'), never));
    expect(error.message).toMatch(
      /GET \/a: connection failed \([A-Z_]*(SELF_SIGNED|SIGNATURE|VERIFY)[A-Z_]*\)/,
    );
  });
});

describe('an interceptor', () => {
  it('runs before and after the wire, gets refusals as responses, and may answer itself', async () => {
    const seen: string[] = [];
    const tapped = open({
      intercept: async (request, next) => {
        seen.push(`before ${request.path}`);
        if (request.path === '/own') return { status: 200, headers: {}, body: { own: true } };
        const response = await next(request);
        seen.push(`after ${response.status}`);
        return response;
      },
    });
    const call = failureOf(tapped.request(get('/wire'), never));
    (await server.next()).fail(409, 'Conflict');
    expect(await call).toMatchObject({ status: 409 });
    expect(await tapped.request(get('/own'), never)).toEqual({ own: true });
    expect(seen).toEqual(['before /wire', 'after 409', 'before /own']);
    expect(server.exchanges.length).toBe(1);
  });
});

describe('a stream', () => {
  it('yields one value per line, however the lines are cut into chunks, and ends cleanly', async () => {
    const lines = transport.stream(get('/w'), never, { idleMs: 90_000 });
    const first = lines.next();
    const stream = (await server.next()).stream();
    stream.raw('{"n":');
    stream.raw('1}\n{"n":2}\n\n{"é":"€');
    expect((await first).value).toEqual({ n: 1 });
    expect((await lines.next()).value).toEqual({ n: 2 });
    stream.raw('"}\n');
    expect((await lines.next()).value).toEqual({ é: '€' });
    stream.end();
    expect((await lines.next()).done).toBe(true);
    expect(clock.untilNext()).toBeUndefined();
  });

  it.each([
    ['that is no JSON', '{"n":1}\nhello\n', 'InvalidResponse'],
    ['that has no end', '{"n":1}\n{"n":', 'ConnectionFailed'],
  ])('fails on a line %s', async (_, text, reason) => {
    const lines = transport.stream(get('/w'), never, { idleMs: 90_000 });
    const first = lines.next();
    const stream = (await server.next()).stream();
    stream.raw(text);
    stream.end();
    expect((await first).value).toEqual({ n: 1 });
    expect(await failureOf(lines.next())).toMatchObject({ reason });
  });

  it('is cut after silence, and every line starts the count again', async () => {
    const lines = transport.stream(get('/w'), never, { idleMs: 90_000 });
    const first = lines.next();
    const exchange = await server.next();
    const stream = exchange.stream();
    stream.send({ n: 1 });
    await first;
    clock.advance(89_999);
    stream.send({ n: 2 });
    expect((await lines.next()).value).toEqual({ n: 2 });
    clock.advance(89_999);
    stream.send({ n: 3 });
    expect((await lines.next()).value).toEqual({ n: 3 });
    clock.advance(90_000);
    expect(isTimeout(await failureOf(lines.next()))).toBe(true);
    await until(() => exchange.closed);
  });

  it('left early closes the connection', async () => {
    const lines = transport.stream(get('/w'), never, { idleMs: 90_000 });
    const first = lines.next();
    const exchange = await server.next();
    exchange.stream().send({ n: 1 });
    await first;
    await lines.return(undefined);
    await until(() => exchange.closed);
    expect(clock.untilNext()).toBeUndefined();
  });

  it('aborted while it connects leaves nothing open', async () => {
    const stop = new AbortController();
    const lines = transport.stream(get('/w'), stop.signal, { idleMs: 90_000 });
    const first = failureOf(lines.next());
    const exchange = await server.next();
    stop.abort();
    expect(isAborted(await first)).toBe(true);
    await until(() => exchange.closed);
    expect(clock.untilNext()).toBeUndefined();
  });

  it('that is refused fails with the Status', async () => {
    const first = failureOf(
      transport.stream(get('/w'), never, { idleMs: 90_000 }).next() as Promise<unknown>,
    );
    (await server.next()).fail(410, 'Expired');
    expect(await first).toMatchObject({ status: 410, reason: 'Expired' });
  });
});
