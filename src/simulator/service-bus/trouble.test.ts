import { setImmediate } from 'node:timers/promises';
import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import type { Delivery } from 'rhea';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BusStage, receiveOne, startBusStage } from './stage.fixture.ts';

/** What the unchanged client makes of a broker that drops, detaches, refuses and goes away. */
let stage: BusStage;
beforeEach(async () => {
  stage = await startBusStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

/** A subscription that completes what it gets. */
function subscribe() {
  const got: string[] = [];
  const errors: string[] = [];
  const client = stage.client({ retryOptions: { maxRetries: 0, timeoutInMs: 5_000, retryDelayInMs: 50 } });
  stage.receiver(client).subscribe({
    processMessage: async ({ body }) => void got.push(String(body)),
    processError: async ({ error }) =>
      void errors.push(('code' in error && String(error.code)) || error.message),
  });
  return { got, errors };
}

/** The client knows that the link of a message is gone: before, it settles on the dead link and waits in vain. */
const noticed = (message: ServiceBusReceivedMessage) => {
  const { delivery } = message as unknown as { readonly delivery: Delivery };
  return expect.poll(() => delivery.link.is_open()).toBe(false);
};

const attached = () => expect.poll(() => stage.control.brokerLinks()).toMatchObject([{ waits: true }]);

describe('a subscription goes on', () => {
  test('after its connection was dropped while it was idle, without a word', async () => {
    const { got, errors } = subscribe();
    await attached();
    expect(stage.control.dropBrokerConnections()).toEqual({ dropped: 1 });
    stage.send('a');
    await expect.poll(() => got).toEqual(['a']);
    expect(errors).toEqual([]);
  });

  test.each([
    ['its link was detached by force', () => stage.control.detachLinks({ queue: 'events' })],
    ['its sessions were ended', () => stage.control.endBrokerSessions({ condition: 'amqp:internal-error' })],
    ['its connection was closed by force', () => stage.control.closeBrokerConnections()],
  ])('after %s', async (_, trouble) => {
    const { got } = subscribe();
    await attached();
    trouble();
    stage.send('a');
    await expect.poll(() => got).toEqual(['a']);
  });

  test('after the broker was away, under the same address', async () => {
    const { got } = subscribe();
    await attached();
    await stage.control.brokerAway();
    stage.send('a', 'b');
    await stage.control.brokerBack();
    await expect.poll(() => got, { timeout: 20_000 }).toEqual(['a', 'b']);
  });

  test('after it was refused for a while', async () => {
    const { id } = stage.control.addBrokerFault({
      at: 'attach',
      condition: 'com.microsoft:server-busy',
      count: 2,
    });
    const { got, errors } = subscribe();
    stage.send('a');
    await expect.poll(() => got).toEqual(['a']);
    expect(stage.control.brokerFaultHits({ id })).toEqual({ hits: 2 });
    expect(errors).toEqual(['ServiceBusy', 'ServiceBusy']);
  });

  test('after `$cbs` refused its token', async () => {
    stage.control.addBrokerFault({ at: 'put-token', status: 500, count: 1 });
    const { got } = subscribe();
    stage.send('a');
    await expect.poll(() => got).toEqual(['a']);
  });
});

test('the broker comes back by itself after the time it was sent away for, on its own clock', async () => {
  await stage.control.brokerAway({ ms: 30_000 });
  await expect(stage.receiver().receiveMessages(1)).rejects.toThrow(/ECONNREFUSED/);
  stage.clock.advance(30_000);
  stage.send('a');
  await expect
    .poll(() => stage.receiver().receiveMessages(1, { maxWaitTimeInMs: 1_000 }), { timeout: 20_000 })
    .toHaveLength(1);
});

describe('a message in hand when its connection drops', () => {
  test('is settled by `$management`, where locks outlive their link', async () => {
    stage.send('a');
    const receiver = stage.receiver();
    const message = await receiveOne(receiver);
    stage.control.dropBrokerConnections();
    await noticed(message);
    await receiver.completeMessage(message);
    expect(stage.state()).toMatchObject({ ready: 0, locked: 0 });
  });

  test('comes again at once, where locks end with their link', async () => {
    stage.control.setKnobs({ serviceBus: { locksEndWithLink: true } });
    stage.send('a');
    const receiver = stage.receiver();
    const message = await receiveOne(receiver);
    stage.control.dropBrokerConnections();
    expect(stage.state()).toMatchObject({ ready: 1, locked: 0 });
    await noticed(message);
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: 'MessageLockLost' });
    expect(await receiveOne(receiver)).toMatchObject({ deliveryCount: 1 });
  });
});

describe('a settlement', () => {
  test('that is never answered times out, and was carried out all the same', async () => {
    stage.send('a');
    const receiver = stage.receiver(stage.client({ retryOptions: { maxRetries: 0, timeoutInMs: 500 } }));
    const message = await receiveOne(receiver);
    stage.control.addBrokerFault({ at: 'settle', effect: 'silence', count: 1 });
    await expect(receiver.completeMessage(message)).rejects.toThrow(/time.?out|timed out/i);
    expect(stage.state()).toMatchObject({ ready: 0, locked: 0 });
  });

  test('is refused where the lock is said to be lost', async () => {
    stage.send('a');
    const receiver = stage.receiver();
    stage.control.addBrokerFault({ at: 'settle', effect: 'lock-lost', queue: 'events', count: 1 });
    const message = await receiveOne(receiver);
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: 'MessageLockLost' });
    expect(stage.state()).toMatchObject({ locked: 1 });
  });

  test('finds its lock gone when all locks were ended', async () => {
    stage.send('a');
    const receiver = stage.receiver();
    const message = await receiveOne(receiver);
    expect(stage.control.expireLocks({ id: stage.queue })).toEqual({ expired: 1 });
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: 'MessageLockLost' });
  });
});

describe('idleness', () => {
  test('a sender that sends nothing for ten minutes is detached, and sends again all the same', async () => {
    const retryOptions = { maxRetries: 3, timeoutInMs: 5_000, retryDelayInMs: 50 };
    const sender = stage.client({ retryOptions }).createSender('events');
    await sender.sendMessages({ body: 'a' });
    stage.clock.advance(600_000);
    await expect.poll(() => stage.control.brokerLinks()).toEqual([]);
    await sender.sendMessages({ body: 'b' });
    expect(stage.state().ready).toBe(2);
  });

  test('a receiver that waits for messages is not idle', async () => {
    const { got, errors } = subscribe();
    await attached();
    stage.clock.advance(3_500_000);
    await setImmediate();
    stage.send('a');
    await expect.poll(() => got).toEqual(['a']);
    expect(errors).toEqual([]);
  });

  test('a connection without a link is closed after five minutes', async () => {
    const client = stage.client();
    const receiver = stage.receiver(client);
    stage.send('a', 'b');
    await receiver.completeMessage(await receiveOne(receiver));
    await receiver.close();
    await expect.poll(() => stage.control.brokerLinks()).toEqual([]);
    stage.clock.advance(300_000);
    await expect.poll(() => stage.control.dropBrokerConnections()).toEqual({ dropped: 0 });
    expect(String((await receiveOne(stage.receiver(client))).body)).toBe('b');
  });
});

test('a queue that is deleted takes its links with it, and is not found afterwards', async () => {
  const { errors } = subscribe();
  await attached();
  expect(stage.control.deleteQueue({ id: stage.queue })).toEqual({ deleted: true });
  await expect.poll(() => errors).toContain('MessagingEntityNotFound');
  expect(stage.control.brokerLinks()).toEqual([]);
});
