import { describe, expect, it } from 'vitest';
import { GIVEN, type Given } from '../../../test/deploy/azure-template.ts';
import { type Definition, OWNER, READER, useAzure } from './stage.ts';

/** Deployed again, where something is already, and with parameters that are wrong. */

const azure = useAzure();

/** Everything there is, as Azure shows it, without the times of definitions and assignments, which are put again. */
async function everything() {
  const roles = await azure().list<Definition>('roleDefinitions');
  const listed = async (path: string) => (await azure().get(path)).value;
  const [bus] = await listed(`${azure().own}/Microsoft.ServiceBus/namespaces`);
  const [topic] = await listed(`${azure().own}/Microsoft.EventGrid/systemTopics`);
  const [account] = await listed(`${azure().own}/Microsoft.Storage/storageAccounts`);
  const [identity] = azure().control.identities();
  return {
    identity,
    credentials: await listed(`${identity?.id}/federatedIdentityCredentials`),
    roles: roles.map(({ name, properties }) => [name, properties.roleName, properties.permissions]),
    assignments: azure().control.assignments({}),
    bus,
    queues: await listed(`${bus.id}/queues`),
    topic,
    deliveries: await listed(`${topic.id}/eventSubscriptions`),
    account,
    containers: await listed(`${account.id}/blobServices/default/containers`),
  };
}

it('a second deployment changes nothing', async () => {
  const outputs = await azure().succeeded();
  const before = await everything();
  expect([before.credentials.length, before.queues.length, before.deliveries.length]).toEqual([1, 1, 1]);
  expect(before.containers).toHaveLength(1);
  expect(await azure().succeeded()).toEqual(outputs);
  expect(await everything()).toEqual(before);
});

it('a topic that is there already is used, and none is made', async () => {
  azure().control.createResourceGroup({ name: 'central' });
  const topic = `${azure().subscription}/resourceGroups/central/providers/Microsoft.EventGrid/systemTopics/all`;
  const properties = { source: azure().subscription, topicType: 'Microsoft.Resources.Subscriptions' };
  const body = { location: 'global', identity: { type: 'SystemAssigned' }, properties };
  await azure().call('PUT', topic, { body });
  const before = await azure().get(topic);
  const second = await azure().deploy(GIVEN);
  expect(second.error?.message).toContain('Only one system topic is allowed per source');
  await azure().succeeded({ ...GIVEN, existingTopicId: topic });
  const [delivery] = await azure().deliveriesOf(topic);
  expect(delivery?.properties.eventDeliverySchema).toBe('CloudEventSchemaV1_0');
  expect(await azure().get(topic)).toEqual(before);
  expect(await azure().heldBy(before.identity.principalId)).toHaveLength(2);
});

it('a second azid of the subscription, in another region, has events of its own and leaves those of the first', async () => {
  const first = await azure().succeeded(GIVEN);
  const topic = `${azure().own}/Microsoft.EventGrid/systemTopics/azid`;
  const second = await azure().succeeded(
    { ...GIVEN, resourceGroupName: 'azid-two', roleSuffix: ' two', existingTopicId: topic },
    { name: 'azid-two', location: 'northeurope' },
  );
  const deliveries = await azure().deliveriesOf(topic);
  const queues = deliveries.map(
    ({ properties }) => properties.deliveryWithResourceIdentity.destination.properties.resourceId,
  );
  expect(queues.map((id) => id.split('/').slice(-3)).sort()).toEqual(
    [first, second].map(({ queueNamespace }) => [queueNamespace.split('.')[0], 'queues', 'azid']).sort(),
  );
  for (const { name } of deliveries) expect(name).toMatch(/^azid-[a-z0-9]{13}$/);
});

it('a topic without an identity is named as what is missing', async () => {
  azure().control.createResourceGroup({ name: 'central' });
  const { id } = azure().control.createSystemTopic({ name: 'all', resourceGroup: 'central' });
  const { error } = await azure().deploy({ ...GIVEN, existingTopicId: id });
  expect(error?.message).toContain("property 'identity' doesn't exist");
});

describe('a wrong parameter is refused by its name', () => {
  it.each<[string, Given, string]>([
    ['no issuer', {}, "template parameter 'issuer' is not provided"],
    [
      'an issuer without https',
      { issuer: 'http://issuer.example' },
      'issuer: expected an address that begins with https://, got "http://issuer.example"',
    ],
    [
      'a role that can grant',
      { ...GIVEN, grantableRoles: [READER, OWNER] },
      `grantableRoles: expected roles that cannot grant roles themselves, got "${OWNER}"`,
    ],
    [
      'the name of a role',
      { ...GIVEN, grantableRoles: ['Reader'] },
      'grantableRoles: expected the GUIDs of roles, got "Reader"',
    ],
    [
      'a type that takes no identity',
      { ...GIVEN, hostTypes: ['Microsoft.Network/virtualNetworks'] },
      "'hostTypes' is not valid. The value 'Microsoft.Network/virtualNetworks' is not part of the allowed value(s)",
    ],
    [
      'a namespace that is too short',
      { ...GIVEN, namespaceName: 'abc' },
      "'namespaceName' is not valid. Length of the value should be greater than or equal to '6'",
    ],
    [
      'the name of a topic',
      { ...GIVEN, existingTopicId: 'azid' },
      'existingTopicId: expected the id of a system topic in a resource group of this subscription, got "azid"',
    ],
    [
      'a topic of another subscription',
      {
        ...GIVEN,
        existingTopicId:
          '/subscriptions/22222222-2222-4333-8444-555555555555/resourceGroups/a/providers/Microsoft.EventGrid/systemTopics/b',
      },
      'existingTopicId: expected the id of a system topic in a resource group of this subscription',
    ],
    ['a parameter that there is not', { ...GIVEN, isuer: 'x' }, "'isuer'"],
    ['a group that is not there', { ...GIVEN, identityGroups: ['nowhere'] }, "'nowhere' could not be found"],
  ])('%s', async (_, given, message) => {
    const { state, error } = await azure().deploy(given);
    expect(['Refused', 'Failed']).toContain(state);
    expect(error?.message).toContain(message);
  });
});
