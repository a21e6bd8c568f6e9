import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type Exchange, ScriptedServer } from '../transport/scripted-server.fixture.ts';
import { KubeTransport } from '../transport/transport.ts';
import { ClusterIssuer } from './cluster-issuer.ts';

const never = new AbortController().signal;
const PUBLIC = 'https://oidc.example.org/cluster';
const HOUR = 3_600_000;

let server: ScriptedServer;
let clock: FakeClock;
let transport: KubeTransport;
let answer: (exchange: Exchange) => void;

const issuer = (given?: string) => new ClusterIssuer({ client: { transport }, clock, given });

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  transport = new KubeTransport({ endpoint: server.endpoint, clock, userAgent: 'azid/test' });
  answer = (exchange) => exchange.json({ issuer: PUBLIC });
  server.handler = (exchange) => {
    answer(exchange);
    return true;
  };
});

afterEach(async () => {
  await transport.close();
  await server[Symbol.asyncDispose]();
});

describe("the cluster's issuer", () => {
  it('is read from the discovery document, once an hour', async () => {
    const own = issuer();
    expect(await own.current(never)).toEqual({ state: 'known', issuer: PUBLIC });
    clock.advance(HOUR - 1);
    await own.current(never);
    expect(server.exchanges.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration']);
    answer = (exchange) => exchange.json({ issuer: `${PUBLIC}/new` });
    clock.advance(1);
    expect(await own.current(never)).toEqual({ state: 'known', issuer: `${PUBLIC}/new` });
  });

  it('that Entra could not reach is reported with the reason', async () => {
    answer = (exchange) => exchange.json({ issuer: 'https://kubernetes.default.svc.cluster.local' });
    expect(await issuer().current(never)).toEqual({
      state: 'unreachable',
      issuer: 'https://kubernetes.default.svc.cluster.local',
      why: expect.stringContaining('public DNS does not know'),
    });
  });

  it('is unknown while the API server does not answer, and asked for again at once', async () => {
    const own = issuer();
    answer = (exchange) => exchange.fail(403, 'Forbidden');
    expect(await own.current(never)).toMatchObject({ state: 'unknown', error: { reason: 'Forbidden' } });
    answer = (exchange) => exchange.json({});
    expect(await own.current(never)).toMatchObject({
      state: 'unknown',
      error: { reason: 'InvalidResponse' },
    });
    answer = (exchange) => exchange.json({ issuer: PUBLIC });
    expect(await own.current(never)).toMatchObject({ state: 'known' });
  });

  it('stays as it was when it cannot be read again, which is tried a minute later', async () => {
    const own = issuer();
    await own.current(never);
    clock.advance(HOUR);
    answer = (exchange) => exchange.fail(500, 'InternalError');
    expect(await own.current(never)).toEqual({ state: 'known', issuer: PUBLIC });
    await own.current(never);
    expect(server.exchanges).toHaveLength(2);
    clock.advance(60_000);
    await own.current(never);
    expect(server.exchanges).toHaveLength(3);
  });

  it('that was given is taken as it is, without a question', async () => {
    const given = 'https://127.0.0.1:6443';
    expect(await issuer(given).current(never)).toEqual({ state: 'known', issuer: given });
    expect(server.exchanges).toEqual([]);
  });

  it('is given up with the signal', async () => {
    const reason = new Error('stop');
    await expect(issuer().current(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
