import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BusStage, receive, receiveOne, startBusStage } from './stage.fixture.ts';

/**
 * What surprises users of the client at Azure surprises them here too: each was seen with the unchanged client, and whoever
 * writes a consumer must bear it.
 */
let stage: BusStage;
beforeEach(async () => {
  stage = await startBusStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const IMPATIENT = { retryOptions: { maxRetries: 0, timeoutInMs: 1_000, retryDelayInMs: 50 } };

test('under subscribe a message in hand when the connection drops cannot be settled, and comes again when its lock ends', async () => {
  const inHand = Promise.withResolvers<ServiceBusReceivedMessage>();
  const again = Promise.withResolvers<ServiceBusReceivedMessage>();
  const receiver = stage.receiver(stage.client(IMPATIENT));
  receiver.subscribe(
    {
      processMessage: async (message) => (message.deliveryCount === 0 ? inHand : again).resolve(message),
      processError: async () => {},
    },
    { autoCompleteMessages: false },
  );
  stage.send('a');
  const message = await inHand.promise;
  stage.control.dropBrokerConnections();
  await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: 'ServiceTimeout' });
  expect(stage.state()).toMatchObject({ ready: 0, locked: 1 });
  stage.clock.advance(60_000);
  expect((await again.promise).messageId).toBe(message.messageId);
});

test('an error after more than one attempt has no code; the attempts are in its errors', async () => {
  stage.send('a');
  const retryOptions = { maxRetries: 1, timeoutInMs: 300, retryDelayInMs: 20 };
  const receiver = stage.receiver(stage.client({ retryOptions }));
  const message = await receiveOne(receiver);
  stage.control.addBrokerFault({ at: 'settle', effect: 'silence' });
  const error = await receiver.completeMessage(message).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ errors: [{ code: 'ServiceTimeout' }, expect.anything()] });
  expect(error).not.toHaveProperty('code', expect.anything());
});

test('a link is blocked by 2,048 messages that are not settled', async () => {
  stage.send(...Array.from({ length: 2_100 }, (_, i) => String(i)));
  const receiver = stage.receiver(stage.client(IMPATIENT));
  await receive(receiver, 2_048);
  expect(await receiver.receiveMessages(10, { maxWaitTimeInMs: 200 })).toEqual([]);
  expect(stage.state()).toMatchObject({ ready: 52, locked: 2_048 });
});

test('a send to a queue that is not there fails at once, and is not tried again', async () => {
  const sender = stage
    .client({ retryOptions: { maxRetries: 5, retryDelayInMs: 10 } })
    .createSender('nowhere');
  await expect(sender.sendMessages({ body: 'a' })).rejects.toMatchObject({ code: 'MessagingEntityNotFound' });
  expect(stage.control.tokensPut()).toHaveLength(1);
});

test('a receiver that is closed leaves its handler with a message it cannot settle', async () => {
  const inHand = Promise.withResolvers<ServiceBusReceivedMessage>();
  const receiver = stage.receiver();
  receiver.subscribe(
    { processMessage: async (message) => inHand.resolve(message), processError: async () => {} },
    { autoCompleteMessages: false },
  );
  stage.send('a');
  const message = await inHand.promise;
  await receiver.close();
  await expect(receiver.completeMessage(message)).rejects.toThrow(/has been closed/);
  expect(stage.state()).toMatchObject({ locked: 1 });
});
