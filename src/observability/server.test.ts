import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { Health } from './health.ts';
import { Metrics } from './metrics/metrics.ts';
import { listen, startObservabilityServer } from './server.ts';

const FLAG = '--metrics-bind-address';

let health: Health;
let metrics: Metrics;

beforeEach(() => {
  health = new Health();
  metrics = new Metrics({ process: false });
});

const start = (port = 0) =>
  startObservabilityServer({ address: { host: '127.0.0.1', port }, flag: FLAG, health, metrics });

async function get(url: string, init?: RequestInit): Promise<[status: number, body: string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

describe('probes', () => {
  test('say ok while all checks are fine', async () => {
    await using server = await start();
    health.add('healthz', 'event-loop', () => undefined);
    health.add('readyz', 'identities', () => undefined);
    expect(await get(`${server.url}/healthz`)).toEqual([200, 'ok\n']);
    expect(await get(`${server.url}/readyz`)).toEqual([200, 'ok\n']);
  });

  test('list all checks when asked', async () => {
    await using server = await start();
    health.add('readyz', 'identities', () => undefined);
    health.add('readyz', 'policies', () => undefined);
    expect(await get(`${server.url}/readyz?verbose`)).toEqual([
      200,
      '[+]identities ok\n[+]policies ok\nreadyz check passed\n',
    ]);
  });

  test('fail with the reason, and only the probe concerned', async () => {
    await using server = await start();
    health.add('healthz', 'event-loop', () => undefined);
    health.add('readyz', 'identities', () => undefined);
    health.add('healthz', 'watch', () => 'no sign of life for 90 s');
    expect(await get(`${server.url}/healthz`)).toEqual([
      503,
      '[+]event-loop ok\n[-]watch failed: no sign of life for 90 s\nhealthz check failed\n',
    ]);
    expect((await get(`${server.url}/readyz`))[0]).toBe(200);
  });
});

test('/metrics shows the registry', async () => {
  await using server = await start();
  metrics.leader('azid')(true);
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await response.text()).toContain('leader_election_master_status{name="azid"} 1\n');
});

test('other paths and methods are refused', async () => {
  await using server = await start();
  expect(await get(`${server.url}/`)).toEqual([404, 'expected /healthz, /readyz or /metrics\n']);
  expect(await get(`${server.url}/healthz`, { method: 'POST' })).toEqual([
    405,
    'expected GET or HEAD, got POST\n',
  ]);
  expect(await get(`${server.url}/healthz`, { method: 'HEAD' })).toEqual([200, '']);
});

test('a source of metrics that fails does not take the server down', async () => {
  await using server = await start();
  metrics.caches(() => {
    throw new Error('not now');
  });
  expect(await get(`${server.url}/metrics`)).toEqual([500, 'the page could not be made\n']);
  expect((await get(`${server.url}/healthz`))[0]).toBe(200);
});

test('a port in use is named with its flag and the remedy', async () => {
  await using server = await start();
  const { port } = server.address;
  await expect(start(port)).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port} (\`${FLAG}\`): another process listens there; stop it, or choose another port, or \`0\` to serve no probes and metrics`,
  );
});

test('close does not wait for a client that never ends its request, and frees the port', async () => {
  const server = await start();
  const client = connect(server.address.port, '127.0.0.1');
  client.on('error', () => {});
  client.write('GET /healthz HT');
  await once(client, 'connect');
  expect((await get(`${server.url}/healthz`))[0]).toBe(200);
  const gone = once(client, 'close');
  await server.close();
  await gone;
  await using again = await start(server.address.port);
  expect((await get(`${again.url}/healthz`))[0]).toBe(200);
});

test('errors of a server that listens are reported, each of them, and end nothing', async () => {
  const server = createServer();
  const reported: string[] = [];
  await listen(server, { host: '127.0.0.1', port: 0 }, ({ message }) => reported.push(message));
  // As Node does when no file descriptor is left for a connection. One that nobody hears would throw here.
  for (const message of ['EMFILE', 'ENFILE']) server.emit('error', new Error(message));
  expect(reported).toEqual(['EMFILE', 'ENFILE']);
  expect(server.listening).toBe(true);
  server.close();
});
