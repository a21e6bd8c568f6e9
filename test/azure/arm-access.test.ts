import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ArmAccess } from '../../src/azure/arm/arm-access.ts';
import type { SeenRequest } from '../../src/azure/arm/arm-policies.ts';
import { classify } from '../../src/azure/arm/classify.ts';
import { CLOUDS, type Cloud } from '../../src/azure/arm/clouds.ts';
import { Identities } from '../../src/azure/identities.ts';
import { RequestScheduler } from '../../src/azure/requests/request-scheduler.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';
import { createPki } from '../../src/simulator/certificates.ts';
import { startRig } from './rig.ts';

const edit = { priority: 'edit' } as const;
const web = { location: 'westeurope', tags: {} };

/** The error of a call that must fail. */
const failure = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('expected a failure'),
    (error: unknown) => error,
  );

async function until(what: string, holds: () => boolean): Promise<void> {
  for (
    const end = performance.now() + 10_000;
    !holds();
    await new Promise((resolve) => setImmediate(resolve))
  )
    if (performance.now() > end) throw new Error(`waited 10 s for: ${what}`);
}

describe('the time limit', () => {
  test('ends a write that gets no answer, whose effect is then unknown', async () => {
    const clock = new FakeClock();
    await using rig = await startRig({ clock });
    await rig.azure.control.addFault({ method: 'PUT', effect: { kind: 'silence', when: 'after' } });
    const call = failure(rig.identities.put({ ...rig.at('web'), ...web }, edit));
    await until('the request', () => rig.calls('PUT').length === 1);
    clock.advance(59_999);
    clock.advance(1);
    expect(classify(await call)).toMatchObject({
      kind: 'transient',
      error: { code: 'TimedOut', ambiguous: true },
    });
  });

  test('leaves no timer behind a call that ended', async () => {
    const clock = new FakeClock();
    await using rig = await startRig({ clock });
    await rig.identities.put({ ...rig.at('web'), ...web }, edit);
    expect(clock.untilNext()).toBeUndefined();
  });
});

test('the caller’s signal ends a call under way and is no failure to report', async () => {
  await using rig = await startRig();
  await rig.azure.control.addFault({ method: 'GET', effect: { kind: 'silence' } });
  const stop = new AbortController();
  const call = failure(rig.identities.get(rig.id('web'), { ...edit, signal: stop.signal }));
  await until('the request', () => rig.calls('GET').length === 1);
  stop.abort();
  expect(classify(await call)).toMatchObject({ kind: 'aborted' });
});

describe('right before each write', () => {
  test('the guard is asked, and its no leaves Azure untouched', async () => {
    let leader = true;
    const asked: SeenRequest[] = [];
    await using rig = await startRig({
      beforeWrite: (request) => {
        asked.push(request);
        if (!leader) throw new Error('not the leader any more');
      },
    });
    await rig.identities.get(rig.id('web'), edit);
    expect(asked).toEqual([]);
    await rig.identities.put({ ...rig.at('web'), ...web }, edit);
    expect(asked).toMatchObject([{ method: 'PUT', body: '{"tags":{},"location":"westeurope"}' }]);
    expect(JSON.stringify(asked)).not.toContain('Bearer');
    leader = false;
    const found = classify(await failure(rig.identities.delete(rig.id('web'), edit)));
    expect(found).toMatchObject({ kind: 'aborted', error: { ambiguous: false } });
    expect(found.error.message).toContain('not the leader any more');
    expect(rig.calls('DELETE')).toEqual([]);
  });
});

test('what stands around the wire can stop a call before and after its effect', async () => {
  let when: 'before' | 'after' = 'before';
  await using rig = await startRig({
    async intercept({ method }, next) {
      if (method === 'PUT' && when === 'before') throw new Error('killed');
      const response = await next();
      if (method === 'PUT') throw new Error('killed');
      return response;
    },
  });
  const put = () => failure(rig.identities.put({ ...rig.at('web'), ...web }, edit));
  expect(await put()).toMatchObject({ ambiguous: false });
  expect(await rig.identities.get(rig.id('web'), edit)).toMatchObject({ found: false });
  when = 'after';
  expect(await put()).toMatchObject({ ambiguous: true });
  expect(await rig.identities.get(rig.id('web'), edit)).toMatchObject({ found: true });
});

test('requests are measured by type, method and status, and what Azure says is left is passed on', async () => {
  const seen: object[] = [];
  const left: { bucket: string; subscriptionId: string }[] = [];
  await using rig = await startRig({
    metrics: { request: (_, labels) => seen.push(labels), remaining: (_, labels) => left.push(labels) },
  });
  await rig.identities.put({ ...rig.at('web'), ...web }, edit);
  await rig.identities.get(rig.id('gone'), edit);
  const resource = 'microsoft.managedidentity/userassignedidentities';
  expect(seen).toEqual([
    { resource, method: 'PUT', status: 201 },
    { resource, method: 'GET', status: 404 },
  ]);
  expect(left).toContainEqual({
    bucket: 'subscription-writes',
    subscriptionId: rig.azure.subscriptionId.toLowerCase(),
  });
});

test('a demand for another token (claims challenge) is met without the caller noticing', async () => {
  await using rig = await startRig();
  await rig.azure.control.setKnobs({ token: { claimsChallenges: 1 } });
  expect(await rig.identities.put({ ...rig.at('web'), ...web }, edit)).toMatchObject({ created: true });
  expect(
    rig.azure.requests().filter(({ status, method }) => method === 'PUT' && status === 401),
  ).toHaveLength(1);
});

describe('a link to another host', () => {
  /** A Resource Manager whose lists go on elsewhere, and that elsewhere. */
  async function twoServers() {
    const pki = await createPki();
    const heard: string[] = [];
    const tls = { key: pki.keyPem, cert: pki.certPem };
    const foreign = createServer(tls, (request, response) => {
      heard.push(`${request.url} ${request.headers.authorization}`);
      response.setHeader('content-type', 'application/json').end('{"value":[]}');
    });
    const origins: string[] = [];
    const arm = createServer(tls, (_, response) => {
      const nextLink = `${origins[0]}/subscriptions/s/next?api-version=1`;
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ value: [], nextLink }));
    });
    for (const server of [foreign, arm]) {
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
      origins.push(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
    const tokens: unknown[] = [];
    const cloud: Cloud = { ...CLOUDS.Public, armEndpoint: origins[1] ?? '', caPem: pki.caPem };
    const credential = {
      getToken: async () => ({
        token: `secret-${tokens.push(1)}`,
        expiresOnTimestamp: systemClock.now() + 3600_000,
      }),
    };
    const access = new ArmAccess({ cloud, credential, clock: systemClock, version: 'test' });
    return {
      access,
      heard,
      [Symbol.asyncDispose]: async () => {
        for (const server of [foreign, arm]) {
          server.closeAllConnections();
          await new Promise((resolve) => server.close(resolve));
        }
      },
    };
  }

  test('is not followed by the SDK’s paging, and hears no token', async () => {
    await using rig = await twoServers();
    const scheduler = new RequestScheduler({ clock: systemClock });
    const identities = new Identities({
      access: rig.access,
      scheduler,
      clock: systemClock,
      tenantId: 't',
      credential: 'c',
    });
    const pages = identities.list('s', edit);
    await pages.next();
    expect(classify(await failure(pages.next()))).toMatchObject({ kind: 'stalled', reason: 'ForeignOrigin' });
    expect(rig.heard).toEqual([]);
  });

  test('is not followed by azid’s own requests either', async () => {
    await using rig = await twoServers();
    expect(await failure(rig.access.getJson('https://127.0.0.2:1/subscriptions/s'))).toMatchObject({
      code: 'ForeignOrigin',
    });
    expect(rig.heard).toEqual([]);
  });
});

test('an endpoint whose certificate is not trusted is an unreachable one, and no write to it is of unknown effect', async () => {
  await using rig = await startRig();
  const { caPem: _, ...cloud } = rig.cloud;
  const access = new ArmAccess({
    cloud,
    credential: rig.access.credential,
    clock: systemClock,
    version: 'test',
  });
  const scheduler = new RequestScheduler({ clock: systemClock });
  const identities = new Identities({
    access,
    scheduler,
    clock: systemClock,
    tenantId: 't',
    credential: 'c',
  });
  expect(classify(await failure(identities.put({ ...rig.at('web'), ...web }, edit)))).toMatchObject({
    kind: 'transient',
    reason: 'AzureUnreachable',
    error: { ambiguous: false },
  });
});
