import { expect, test } from 'vitest';
import { receiveOne, startBusStage } from '../service-bus/stage.fixture.ts';

test('the unchanged client receives what a call at Resource Manager caused', async () => {
  await using stage = await startBusStage({ duplicateDetection: true });
  const { control, queue } = stage;
  const topic = control.createSystemTopic({ name: 'all', resourceGroup: 'rg1' }).id;
  control.createEventSubscription({ topic, name: 'to-queue', queue });
  const path = `/subscriptions/${stage.simulator.subscriptionId}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1?api-version=2024-11-30`;
  const { headers } = await control.arm({ method: 'PUT', path, body: { location: 'westeurope' } });
  const receiver = stage.receiver();
  const message = await receiveOne(receiver);
  expect(message.contentType).toBe('application/json; charset=utf-8');
  expect(message.body).toMatchObject({
    id: message.messageId,
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    data: {
      operationName: 'Microsoft.ManagedIdentity/userAssignedIdentities/write',
      correlationId: headers['x-ms-correlation-request-id'],
    },
  });
  expect(message.applicationProperties).toMatchObject({ 'aeg-output-event-id': message.messageId });
  await receiver.completeMessage(message);
  expect(stage.state()).toMatchObject({ ready: 0, locked: 0 });
});
