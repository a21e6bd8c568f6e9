import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { isConnectionFailed, type KubeError } from '../errors.ts';
import { until } from '../until.fixture.ts';
import { KubeTransport } from './transport.ts';
import { WatchServer } from './watch-server.fixture.ts';

const PING_MS = 15_000;
const IDLE = { idleMs: 10 * 60_000 };
const never = new AbortController().signal;

let server: WatchServer;
let clock: FakeClock;
let transport: KubeTransport;

beforeEach(async () => {
  server = await WatchServer.start();
  clock = new FakeClock();
  transport = new KubeTransport({ endpoint: server.endpoint, clock, userAgent: 'azid/test' });
});

afterEach(async () => {
  await transport.close();
  await server[Symbol.asyncDispose]();
});

/** Begins a watch; the server's stream of it stands at `at`. */
async function begin(path: string, signal = never) {
  const at = server.streams.length;
  const lines = transport.stream({ method: 'GET', path }, signal, IDLE);
  const first = lines.next();
  // A watch that is refused before the test looks at it is no unhandled rejection.
  first.catch(() => {});
  await until(() => server.streams.length > at);
  server.send(at, { n: 1 });
  return { at, lines, first };
}

async function failureOf(call: Promise<unknown>): Promise<KubeError> {
  return call.then(
    () => expect.fail('the call succeeded'),
    (error: KubeError) => error,
  );
}

it('carries all watches of a transport', async () => {
  const [a, b] = [await begin('/a?watch=1'), await begin('/b')];
  expect((await a.first).value).toEqual({ n: 1 });
  expect((await b.first).value).toEqual({ n: 1 });
  server.send(b.at, { n: 2 });
  expect((await b.lines.next()).value).toEqual({ n: 2 });
  expect(server.streams.map(({ path }) => path)).toEqual(['/a?watch=1', '/b']);
  expect(server.sessions).toHaveLength(1);
});

it('that answers its PINGs stays, however long nothing else comes', async () => {
  const { at, lines, first } = await begin('/a');
  await first;
  const next = lines.next();
  for (let ping = 1; ping <= 10; ping++) {
    clock.advance(PING_MS);
    await until(() => server.pings === ping);
    // The answer is on its way back; what is sent after it arrives after it.
    server.send(at, { ping });
    expect((await (ping === 1 ? next : lines.next())).value).toEqual({ ping });
  }
  expect(server.sessions).toHaveLength(1);
});

it('that falls silent is ended after the time of two PINGs, and the next watch has a new one', async () => {
  const { lines, first } = await begin('/a');
  await first;
  server.silence();
  const failed = failureOf(lines.next());
  clock.advance(PING_MS);
  clock.advance(PING_MS);
  const error = await failed;
  expect(isConnectionFailed(error)).toBe(true);
  expect(error.message).toContain('ETIMEDOUT');
  const again = await begin('/a');
  expect((await again.first).value).toEqual({ n: 1 });
  expect(server.sessions).toHaveLength(2);
});

it('that is cut fails its watches, and the next one has a new one at once', async () => {
  const { lines, first } = await begin('/a');
  await first;
  const failed = failureOf(lines.next());
  server.sessions[0]?.destroy();
  expect(isConnectionFailed(await failed)).toBe(true);
  const again = await begin('/a');
  expect((await again.first).value).toEqual({ n: 1 });
});

it('outlives a watch that is left', async () => {
  const [a, b] = [await begin('/a'), await begin('/b')];
  await Promise.all([a.first, b.first]);
  await a.lines.return(undefined);
  await until(() => server.streams[a.at]?.stream.closed === true);
  server.send(b.at, { n: 2 });
  expect((await b.lines.next()).value).toEqual({ n: 2 });
  expect(server.sessions).toHaveLength(1);
});

it('that the server wants to end takes no new watch, and keeps those that run', async () => {
  const a = await begin('/a');
  await a.first;
  server.sessions[0]?.goaway(0, 2 ** 31 - 1);
  let sessions = 1;
  // The server's word may arrive after a watch that it still takes.
  while (sessions === 1) {
    await (await begin('/b')).first;
    sessions = server.sessions.length;
  }
  server.send(a.at, { n: 2 });
  expect((await a.lines.next()).value).toEqual({ n: 2 });
});

it('refuses as other calls do, with the Status', async () => {
  server.token = 'expired';
  const refused = failureOf(transport.stream({ method: 'GET', path: '/a' }, never, IDLE).next());
  expect(await refused).toMatchObject({ status: 410, reason: 'Expired' });
});

it('aborted while it connects, and closed with its transport, leaves nothing open', async () => {
  const stop = new AbortController();
  const lines = transport.stream({ method: 'GET', path: '/a' }, stop.signal, IDLE);
  const aborted = failureOf(lines.next());
  stop.abort();
  expect(await aborted).toMatchObject({ reason: 'Aborted' });
  const { lines: open, first } = await begin('/b');
  await first;
  const closed = failureOf(open.next());
  await transport.close();
  expect(isConnectionFailed(await closed)).toBe(true);
  await until(() => server.sessions.every((session) => session.destroyed));
  expect(clock.untilNext()).toBeUndefined();
});
