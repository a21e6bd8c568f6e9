import { ServiceBusClient } from '@azure/service-bus';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BusStage, receiveOne, startBusStage } from './stage.fixture.ts';

/** Who may do what at the broker, by the unchanged client: tokens of Entra, keys, and what is said to those who may not. */
let stage: BusStage;
beforeEach(async () => {
  stage = await startBusStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const RETRY = { retryOptions: { maxRetries: 0, timeoutInMs: 5_000 } };
const attempt = (client: ServiceBusClient, queue = 'events') =>
  client.createReceiver(queue).receiveMessages(1, { maxWaitTimeInMs: 50 });

describe('roles', () => {
  test.each([
    ['Azure Service Bus Data Receiver', 'receives', 'Send'],
    ['Azure Service Bus Data Sender', 'sends', 'Listen'],
    // Everything in Resource Manager, nothing with messages.
    ['Contributor', 'neither', 'Listen'],
  ])('%s', async (role, may, missing) => {
    stage.control.dropRights({ principalId: stage.principalId });
    stage.control.grant({ principalId: stage.principalId, role, scope: stage.queue });
    const client = stage.client();
    const outcomes = await Promise.allSettled([
      attempt(client),
      client.createSender('events').sendMessages({ body: 'a' }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      may === 'receives' ? 'fulfilled' : 'rejected',
      may === 'sends' ? 'fulfilled' : 'rejected',
    ]);
    const refusals = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(refusals[0]).toMatchObject({
      code: 'UnauthorizedAccess',
      message: expect.stringContaining(`'${missing}' claim(s) are required`),
    });
  });
});

describe('tokens', () => {
  const clientWith = (token: () => Promise<string>) =>
    new ServiceBusClient(
      stage.namespace.host,
      { getToken: async () => ({ token: await token(), expiresOnTimestamp: Date.now() + 3600_000 }) },
      { customEndpointAddress: stage.namespace.endpoint, ...RETRY },
    );
  const mint = async (audience: string, lifetimeSeconds?: number) => {
    const given = { objectId: stage.principalId, audience };
    const minted = stage.control.token({
      ...given,
      ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
    });
    return (await minted).accessToken;
  };

  test.each([
    ['of another audience', () => mint('https://management.azure.com'), /InvalidAudience/],
    [
      'that has expired',
      async () => {
        const token = await mint('https://servicebus.azure.net/', 1);
        stage.clock.advance(1_000);
        return token;
      },
      /ExpiredToken/,
    ],
    ['without a valid signature', async () => 'a.b.c', /InvalidSignature/],
  ])('one %s is refused', async (_, token, expected) => {
    const client = clientWith(token);
    await expect(attempt(client)).rejects.toMatchObject({ message: expect.stringMatching(expected) });
    await client.close();
  });

  test('the client renews its token two minutes before it says it ends', async () => {
    // It reckons in real time: 120 s of margin and a little.
    const receiver = stage.receiver(stage.client({ lifetimeMs: 120_300 }));
    receiver.subscribe({ processMessage: async () => {}, processError: async () => {} });
    const statuses = () => stage.control.tokensPut().map(({ status }) => status);
    await expect.poll(() => statuses().length).toBeGreaterThanOrEqual(3);
    expect(new Set(statuses())).toEqual(new Set([202]));
    expect(stage.control.tokensPut()[0]).toMatchObject({
      type: 'jwt',
      principal: stage.principalId,
      audience: expect.stringMatching(/\/events$/),
    });
  });

  test('a link whose token ended is detached; who comes with a new one goes on', async () => {
    const got: string[] = [];
    const receiver = stage.receiver();
    receiver.subscribe({
      processMessage: async ({ body }) => void got.push(String(body)),
      processError: async () => {},
    });
    await expect.poll(() => stage.control.brokerLinks()).toMatchObject([{ waits: true }]);
    const before = stage.control.tokensPut().length;
    stage.clock.advance(24 * 3600_000);
    stage.send('a');
    await expect.poll(() => got).toEqual(['a']);
    expect(stage.control.tokensPut().length).toBeGreaterThan(before);
  });

  test('a lost right ends the link at the end of the token', async () => {
    const errors: unknown[] = [];
    stage.receiver().subscribe({
      processMessage: async () => {},
      processError: async ({ error }) => void errors.push((error as { code?: string }).code),
    });
    await expect.poll(() => stage.control.brokerLinks()).toMatchObject([{ waits: true }]);
    stage.control.dropRights({ principalId: stage.principalId });
    stage.clock.advance(24 * 3600_000);
    await expect.poll(() => errors).toContain('UnauthorizedAccess');
  });
});

describe('keys', () => {
  test('a connection string with the key works over TLS', async () => {
    stage.send('a');
    await using client = disposable(new ServiceBusClient(stage.namespace.connectionString, RETRY));
    expect(String((await receiveOne(client.createReceiver('events'))).body)).toBe('a');
  });

  test('one with another key does not', async () => {
    const wrong = stage.namespace.connectionString.replace(/SharedAccessKey=.*/, 'SharedAccessKey=AAAA');
    await using client = disposable(new ServiceBusClient(wrong, RETRY));
    await expect(attempt(client)).rejects.toMatchObject({
      message: expect.stringMatching(/InvalidSignature/),
    });
  });

  test('none does when local authentication is off, and tokens do', async () => {
    const path = `${stage.namespace.id}?api-version=2024-01-01`;
    const body = { location: 'westeurope', properties: { disableLocalAuth: true } };
    await stage.control.arm({ method: 'PUT', path, body });
    await using client = disposable(new ServiceBusClient(stage.namespace.connectionString, RETRY));
    await expect(attempt(client)).rejects.toMatchObject({
      message: expect.stringMatching(/LocalAuthDisabled/),
    });
    stage.send('a');
    expect(String((await receiveOne(stage.receiver())).body)).toBe('a');
  });

  test('over plain TCP, as at the emulator, any key does', async () => {
    const { emulatorEndpoint } = stage.simulator.serviceBus;
    const anyKey = `Endpoint=${emulatorEndpoint};SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true;`;
    stage.send('a');
    await using client = disposable(new ServiceBusClient(anyKey, RETRY));
    expect(String((await receiveOne(client.createReceiver('events'))).body)).toBe('a');
  });
});

test('a namespace is also reached by its address alone', async () => {
  stage.send('a');
  const { accessToken } = await stage.control.token({
    objectId: stage.principalId,
    audience: 'https://servicebus.azure.net/',
  });
  const credential = {
    getToken: async () => ({ token: accessToken, expiresOnTimestamp: Date.now() + 3600_000 }),
  };
  const address = stage.namespace.endpoint.slice('sb://'.length);
  await using client = disposable(new ServiceBusClient(address, credential, RETRY));
  expect(String((await receiveOne(client.createReceiver('events'))).body)).toBe('a');
});

test('a queue that does not exist is not found, a namespace neither', async () => {
  await expect(attempt(stage.client(), 'nowhere')).rejects.toMatchObject({ code: 'MessagingEntityNotFound' });
  await using client = disposable(
    new ServiceBusClient(
      stage.namespace.connectionString.replace(/sb:..[^/]+/, 'sb://other.servicebus.windows.net'),
      {
        customEndpointAddress: stage.namespace.endpoint,
        ...RETRY,
      },
    ),
  );
  await expect(attempt(client)).rejects.toThrow();
});

function disposable(client: ServiceBusClient): ServiceBusClient & AsyncDisposable {
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}
