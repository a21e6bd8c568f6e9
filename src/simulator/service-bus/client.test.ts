import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BusStage, receive, receiveOne, startBusStage } from './stage.fixture.ts';

/** The unchanged `@azure/service-bus` with a token credential over TLS: what it sends, receives and settles. */
let stage: BusStage;
beforeEach(async () => {
  stage = await startBusStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

test('what is sent is received with all that belongs to it, and gone when it is completed', async () => {
  const client = stage.client();
  const sender = client.createSender('events');
  await sender.sendMessages({
    body: { hello: 'world' },
    messageId: 'm1',
    contentType: 'application/json',
    subject: 'greeting',
    correlationId: 'c1',
    applicationProperties: { text: 'a', number: 7, flag: true },
  });
  const receiver = stage.receiver(client);
  const message = await receiveOne(receiver);
  expect(message).toMatchObject({
    body: { hello: 'world' },
    messageId: 'm1',
    contentType: 'application/json',
    subject: 'greeting',
    correlationId: 'c1',
    applicationProperties: { text: 'a', number: 7, flag: true },
    deliveryCount: 0,
  });
  expect(message.sequenceNumber?.toString()).toBe('1');
  expect(message.lockedUntilUtc?.getTime()).toBe(stage.clock.now() + 60_000);
  expect(message.enqueuedTimeUtc?.getTime()).toBe(stage.clock.now());
  await receiver.completeMessage(message);
  expect(stage.state()).toMatchObject({ ready: 0, locked: 0, messages: [], deadLetters: [] });
});

test('an array goes as one batch, and a message without an id gets one', async () => {
  const client = stage.client();
  await client
    .createSender('events')
    .sendMessages([{ body: 'a' }, { body: 'b', messageId: 'mine' }, { body: 'c' }]);
  const { messages } = stage.state();
  expect(messages.map(({ sequenceNumber }) => sequenceNumber)).toEqual([1, 2, 3]);
  expect(messages[1]?.messageId).toBe('mine');
  expect(messages[0]?.messageId).toMatch(/^[0-9a-f-]{36}$/);
  const got = await receive(stage.receiver(client), 3);
  expect(got.map(({ body }) => String(body))).toEqual(['a', 'b', 'c']);
});

test('a batch that the client fills itself takes what the link says it may be large', async () => {
  const sender = stage.client().createSender('events');
  const batch = await sender.createMessageBatch();
  expect(batch.maxSizeInBytes).toBe(262_144);
  for (const body of ['a', 'b']) expect(batch.tryAddMessage({ body })).toBe(true);
  await sender.sendMessages(batch);
  expect(stage.state().ready).toBe(2);
});

test('who asks for one message at a time gets one, however many arrive at once', async () => {
  const receiver = stage.receiver();
  receiver.subscribe(
    { processMessage: async () => {}, processError: async () => {} },
    { autoCompleteMessages: false, maxConcurrentCalls: 1 },
  );
  await expect.poll(() => stage.control.brokerLinks()).toMatchObject([{ waits: true }]);
  stage.send('a', 'b', 'c');
  expect(stage.state()).toMatchObject({ ready: 2, locked: 1 });
});

test('a message that is larger than the queue takes is refused', async () => {
  const sender = stage.client().createSender('events');
  await expect(sender.sendMessages({ body: 'x'.repeat(300_000) })).rejects.toMatchObject({
    code: 'MessageSizeExceeded',
  });
  expect(stage.state().ready).toBe(0);
});

test('an abandoned message comes again, counted, with changed properties', async () => {
  stage.send('a');
  const receiver = stage.receiver();
  const first = await receiveOne(receiver);
  await receiver.abandonMessage(first, { tried: 1 });
  const second = await receiveOne(receiver);
  expect(second).toMatchObject({
    messageId: first.messageId,
    deliveryCount: 1,
    applicationProperties: { tried: 1 },
  });
  expect(second.lockToken).not.toBe(first.lockToken);
});

test('a dead-lettered message is in the dead-letter queue, with its reason, and can be received there', async () => {
  stage.send('{');
  const client = stage.client();
  const receiver = stage.receiver(client);
  const why = { deadLetterReason: 'NoJson', deadLetterErrorDescription: 'expected JSON' };
  await receiver.deadLetterMessage(await receiveOne(receiver), why);
  const dead = stage.receiver(client, { subQueueType: 'deadLetter' });
  const message = await receiveOne(dead);
  expect(message).toMatchObject(why);
  expect(String(message.body)).toBe('{');
  await dead.completeMessage(message);
  expect(stage.state()).toMatchObject({ ready: 0, deadLetters: [] });
});

test('the tenth delivery that comes to nothing is the last', async () => {
  stage.send('poison');
  const receiver = stage.receiver();
  for (let i = 0; i < 10; i++) await receiver.abandonMessage(await receiveOne(receiver));
  expect(stage.state()).toMatchObject({
    ready: 0,
    deadLetters: [
      { deliveryCount: 10, applicationProperties: { DeadLetterReason: 'MaxDeliveryCountExceeded' } },
    ],
  });
});

test('deferring is refused, clearly', async () => {
  stage.send('a');
  const receiver = stage.receiver();
  await expect(receiver.deferMessage(await receiveOne(receiver))).rejects.toThrow(/does not defer/);
});

describe('locks', () => {
  test('one that expired is lost, and the message comes again', async () => {
    stage.send('a');
    const receiver = stage.receiver();
    const message = await receiveOne(receiver);
    stage.clock.advance(60_000);
    await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: 'MessageLockLost' });
    expect(await receiveOne(receiver)).toMatchObject({ messageId: message.messageId, deliveryCount: 1 });
  });

  test('one that is renewed holds longer; a lost one cannot be renewed', async () => {
    stage.send('a');
    const receiver = stage.receiver();
    const message = await receiveOne(receiver);
    stage.clock.advance(40_000);
    const until = await receiver.renewMessageLock(message);
    expect(until.getTime()).toBe(stage.clock.now() + 60_000);
    stage.clock.advance(59_999);
    await receiver.completeMessage(message);
    stage.send('b');
    const lost = await receiveOne(receiver);
    stage.clock.advance(60_000);
    await expect(receiver.renewMessageLock(lost)).rejects.toMatchObject({ code: 'MessageLockLost' });
  });
});

test('a subscription gets what comes, settles it by itself and closes with its credit given back', async () => {
  const receiver = stage.receiver();
  const got: unknown[] = [];
  const subscription = receiver.subscribe(
    {
      processMessage: async ({ body }) => void got.push(String(body)),
      processError: async ({ error }) => void got.push(error),
    },
    { maxConcurrentCalls: 4 },
  );
  stage.send('a', 'b', 'c');
  await expect.poll(() => stage.state()).toMatchObject({ ready: 0, locked: 0 });
  expect(got).toEqual(['a', 'b', 'c']);
  await subscription.close();
  stage.send('d');
  expect(stage.state()).toMatchObject({ ready: 1, locked: 0 });
});

test('receiving and deleting needs no settlement', async () => {
  stage.send('a', 'b');
  const receiver = stage.receiver(stage.client(), { receiveMode: 'receiveAndDelete' });
  expect((await receive(receiver, 2)).map(({ body }) => String(body))).toEqual(['a', 'b']);
  expect(stage.state()).toMatchObject({ ready: 0, locked: 0 });
});

test('peeking locks nothing, and says when there is nothing', async () => {
  const receiver = stage.receiver();
  expect(await receiver.peekMessages(5)).toEqual([]);
  stage.send('a', 'b');
  expect((await receiver.peekMessages(5)).map(({ body }) => String(body))).toEqual(['a', 'b']);
  expect(stage.state()).toMatchObject({ ready: 2, locked: 0 });
});

test('a call for more than there is comes back with what there was', async () => {
  stage.send('a');
  const receiver = stage.receiver();
  const got = await receiver.receiveMessages(10, { maxWaitTimeInMs: 10_000 });
  expect(got).toHaveLength(1);
  await receiver.completeMessage(got[0] as (typeof got)[number]);
  stage.send('b');
  expect(String((await receiveOne(receiver)).body)).toBe('b');
  // By the same link: one that does not give its credit back when asked is closed by the client.
  expect(stage.control.tokensPut()).toHaveLength(1);
});

test('five thousand messages come through one link, each once', async () => {
  const bodies = Array.from({ length: 5_000 }, (_, i) => String(i));
  stage.send(...bodies);
  const receiver = stage.receiver();
  const seen = new Set<string>();
  while (seen.size < bodies.length) {
    const messages = await receiver.receiveMessages(500, { maxWaitTimeInMs: 10_000 });
    await Promise.all(messages.map((message) => receiver.completeMessage(message)));
    for (const { messageId } of messages) seen.add(String(messageId));
  }
  expect(stage.state()).toMatchObject({ ready: 0, locked: 0 });
});

test('duplicate detection accepts a message again and keeps it once', async () => {
  await stage[Symbol.asyncDispose]();
  stage = await startBusStage({ duplicateDetection: true });
  const sender = stage.client().createSender('events');
  for (let i = 0; i < 3; i++) await sender.sendMessages({ body: i, messageId: 'same' });
  expect(stage.state().messages).toHaveLength(1);
});
