import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkloadIdentityCredential } from '@azure/identity';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOST_CAPABILITIES } from '../../src/azure/hosts/types/capabilities.ts';
import { AZURE_RIGHTS } from '../../src/operator/azure/rights/azure-rights.ts';
import { hostRights } from '../../src/operator/azure/rights/host-rights.ts';
import { type HostStage, startHostStage } from '../../src/simulator/hosts/fixture.ts';
import { type Deployed, deployAzure, GIVEN, type Given } from '../../test/deploy/azure-template.ts';

/** deploy/azure/bicep, deployed to a subscription in which there is nothing. */

const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const OWNER = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const BLOB_READER = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1';
const RECEIVER = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0';
const SENDER = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39';
const BLOB_CONTRIBUTOR = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe';
const TYPES = HOST_CAPABILITIES.map(({ type }) => type);
const ALL: Given = { ...GIVEN, hostTypes: TYPES, grantableRoles: [READER, BLOB_READER], orphans: true };

let stage: HostStage;
beforeEach(async () => {
  stage = await startHostStage();
  stage.control.deleteResourceGroup({ name: 'rg1' });
});
afterEach(() => stage[Symbol.asyncDispose]());

const subscription = () => `/subscriptions/${stage.simulator.subscriptionId}`;
const deploy = (given: Given = ALL) => deployAzure(stage.simulator, given, pass);
async function pass(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) {
    stage.clock.advance(1_000);
    await new Promise(setImmediate);
  }
}
async function succeeded(given?: Given): Promise<Deployed['outputs']> {
  const deployed = await deploy(given);
  expect(deployed).toMatchObject({ state: 'Succeeded' });
  return deployed.outputs;
}

interface Definition {
  readonly name: string;
  readonly properties: {
    readonly roleName: string;
    readonly assignableScopes: readonly string[];
    readonly permissions: readonly {
      readonly actions: readonly string[];
      readonly notActions: readonly string[];
      readonly dataActions: readonly string[];
      readonly notDataActions: readonly string[];
    }[];
  };
}
interface Assignment {
  readonly properties: {
    readonly scope: string;
    readonly roleDefinitionId: string;
    readonly principalId: string;
    readonly condition: string | null;
  };
}

const list = async <T>(what: string): Promise<readonly T[]> => {
  const { body } = await stage.call('GET', `${subscription()}/providers/Microsoft.Authorization/${what}`, {
    version: '2022-04-01',
  });
  return body.value;
};
const customRoles = async () =>
  (await list<Definition & { properties: { type: string } }>('roleDefinitions')).filter(
    ({ properties }) => properties.type === 'CustomRole',
  );
/** `name of the role @ scope` of a principal, below the subscription. */
async function heldBy(principalId: string): Promise<string[]> {
  const names = new Map(
    (await list<Definition>('roleDefinitions')).map(({ name, properties }) => [name, properties.roleName]),
  );
  const held = await list<Assignment>('roleAssignments');
  return held
    .filter(({ properties }) => properties.principalId === principalId)
    .map(
      ({ properties: { roleDefinitionId, scope } }) =>
        `${names.get(roleDefinitionId.split('/').at(-1) ?? '')} @ ${scope.replace(subscription(), '')}`,
    )
    .sort();
}
const actionsOf = ({ properties }: Definition) => properties.permissions.flatMap(({ actions }) => actions);
const managed = [
  ...new Set(AZURE_RIGHTS.filter(({ of }) => of === 'Resource Manager').map(({ right }) => right)),
];

describe('the custom roles', () => {
  it('have together each right of the table, and nothing else', async () => {
    await succeeded();
    const roles = await customRoles();
    const given = [...new Set(roles.flatMap(actionsOf))].sort();
    // Reader is the built-in one.
    expect(given).toEqual(managed.filter((right) => right !== '*/read').sort());
    for (const { properties } of roles) {
      expect(properties.assignableScopes).toEqual([subscription()]);
      expect(properties.permissions).toMatchObject([{ notActions: [], dataActions: [], notDataActions: [] }]);
    }
    expect(given.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('are those of the files beside them', async () => {
    await succeeded();
    const byName = new Map((await customRoles()).map((role) => [role.properties.roleName, actionsOf(role)]));
    for (const name of ['reader', 'identities', 'grants', 'orphans']) {
      const file = new URL(`../../deploy/azure/azid-${name}-role.json`, import.meta.url);
      const { Name, Actions } = JSON.parse(await readFile(file, 'utf8'));
      expect([Name, byName.get(Name)]).toEqual([Name, Actions]);
    }
    const ids = 'Microsoft.ManagedIdentity/userAssignedIdentities';
    expect(byName.get('azid attach')).toEqual([`${ids}/read`, `${ids}/assign/action`]);
    const hosts = new URL('../../deploy/azure/azid-hosts-role.json', import.meta.url);
    const { Actions } = JSON.parse(await readFile(hosts, 'utf8'));
    const attaching = [...byName]
      .filter(([name]) => /^azid (hosts|attach|reader)/.test(name))
      .flatMap(([, actions]) => actions);
    expect(Actions.filter((action: string) => !attaching.includes(action))).toEqual([]);
  });

  it.each(HOST_CAPABILITIES)(
    'of $type has read, write and the status of operations',
    async ({ type, write }) => {
      await succeeded({ ...GIVEN, events: false, hostTypes: [type] });
      const name = `azid hosts ${type.replace('Microsoft.', '').replaceAll('/', ' ')}`;
      const roles = await customRoles();
      expect(roles.map(({ properties }) => properties.roleName).sort()).toEqual(
        ['azid attach', 'azid identities', 'azid reader', name].sort(),
      );
      const role = roles.find(({ properties }) => properties.roleName === name);
      expect(role && actionsOf(role)).toEqual(hostRights({ type, write }).map(({ right }) => right));
    },
  );
});

describe('what azid gets', () => {
  it('with everything', async () => {
    const { principalId, queueNamespace } = await succeeded();
    const bus = queueNamespace.split('.')[0];
    expect(await heldBy(principalId)).toEqual(
      [
        ...TYPES.map((type) => `azid hosts ${type.replace('Microsoft.', '').replaceAll('/', ' ')} @ `),
        ...['attach', 'grants', 'identities', 'orphans', 'reader'].map((name) => `azid ${name} @ `),
        'Reader @ ',
        `Azure Service Bus Data Receiver @ /resourceGroups/azid-system/providers/Microsoft.ServiceBus/namespaces/${bus}/queues/azid`,
      ].sort(),
    );
  });

  it('by default: identities alone, and the queue', async () => {
    const { principalId } = await succeeded(GIVEN);
    expect((await heldBy(principalId)).map((each) => each.split(' @ ')[0])).toEqual([
      'Azure Service Bus Data Receiver',
      'azid identities',
      'azid reader',
    ]);
  });

  it('is kept to resource groups where these are named, but for what it reads', async () => {
    for (const name of ['ids', 'grants', 'apps']) stage.control.createResourceGroup({ name });
    const { principalId } = await succeeded({
      ...ALL,
      events: false,
      orphans: false,
      hostTypes: ['Microsoft.Compute/virtualMachines'],
      identityGroups: ['ids'],
      grantGroups: ['grants'],
      hostGroups: ['apps', 'ids'],
    });
    expect(await heldBy(principalId)).toEqual([
      'azid attach @ /resourceGroups/ids',
      'azid grants @ /resourceGroups/grants',
      'azid hosts Compute virtualMachines @ /resourceGroups/apps',
      'azid hosts Compute virtualMachines @ /resourceGroups/ids',
      'azid identities @ /resourceGroups/ids',
      'azid reader @ ',
    ]);
  });

  it('lets it grant the roles that are listed, by the condition of the file, and no others', async () => {
    const { principalId } = await succeeded();
    const text = await readFile(
      new URL('../../deploy/azure/azid-grants-condition.txt', import.meta.url),
      'utf8',
    );
    const held = (await list<Assignment>('roleAssignments')).filter(
      ({ properties }) => properties.principalId === principalId,
    );
    const conditions = held.flatMap(({ properties }) => properties.condition ?? []);
    expect(conditions).toEqual([text.replaceAll('ROLE_GUIDS', `${READER}, ${BLOB_READER}`)]);
    stage.control.nameCaller({ objectId: principalId, name: 'azid' });
    const { objectId } = stage.control.createPrincipal({ displayName: 'app' });
    const grant = async (role: string, principalType = 'ServicePrincipal') => {
      const name = crypto.randomUUID();
      const properties = {
        roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${role}`,
        principalId: objectId,
        principalType,
      };
      const path = `${subscription()}/providers/Microsoft.Authorization/roleAssignments/${name}`;
      return (await stage.call('PUT', path, { version: '2022-04-01', caller: 'azid', body: { properties } }))
        .status;
    };
    expect([await grant(BLOB_READER), await grant(SENDER), await grant(OWNER)]).toEqual([201, 403, 403]);
  });
});

it('the topic may send to the queue and write down what it could not, and nothing else', async () => {
  await succeeded();
  const topic = await stage.call(
    'GET',
    `${subscription()}/resourceGroups/azid-system/providers/Microsoft.EventGrid/systemTopics/azid`,
    { version: '2022-06-15' },
  );
  const held = (await list<Assignment>('roleAssignments')).filter(
    ({ properties }) => properties.principalId === topic.body.identity.principalId,
  );
  const roles = held.map(({ properties }) => [
    properties.roleDefinitionId.split('/').at(-1),
    properties.scope.split('/').at(-1),
  ]);
  expect(roles.sort()).toEqual([
    [SENDER, 'azid'],
    [BLOB_CONTRIBUTOR, 'azid-dead-letters'],
  ]);
  const { objectId } = stage.control.createPrincipal({ displayName: 'x' });
  expect(objectId).not.toBe(topic.body.identity.principalId);
});

it('the outputs are what the cluster is given: by them azid signs in, and its rights are those of the table', async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const issuer = String(GIVEN.issuer);
  stage.simulator.declareIssuer(issuer, { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] });
  const outputs = await succeeded();
  expect(Object.keys(outputs)).toEqual([
    'tenantId',
    'clientId',
    'principalId',
    'queueNamespace',
    'queueName',
  ]);
  expect(outputs).toMatchObject({
    tenantId: stage.simulator.tenantId,
    queueNamespace: expect.stringMatching(/^azid-[a-z0-9]{13}\.servicebus\.windows\.net$/),
    queueName: 'azid',
  });
  const now = Math.floor(stage.clock.now() / 1000);
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(issuer)
    .setSubject('system:serviceaccount:azid-system:azid-controller')
    .setAudience('api://AzureADTokenExchange')
    .setIssuedAt(now)
    .setExpirationTime(now + 3600)
    .sign(privateKey);
  const folder = await mkdtemp(join(tmpdir(), 'azid-bicep-'));
  try {
    const tokenFilePath = join(folder, 'token');
    await writeFile(tokenFilePath, assertion);
    const credential = new WorkloadIdentityCredential({
      tenantId: outputs.tenantId,
      clientId: outputs.clientId,
      tokenFilePath,
      authorityHost: stage.simulator.origin,
      disableInstanceDiscovery: true,
      tlsOptions: { ca: stage.simulator.caPem },
    });
    const { token } = await credential.getToken('https://management.azure.com/.default');
    const headers = { authorization: `Bearer ${token}` };
    const path = `${subscription()}/providers/Microsoft.Authorization/permissions`;
    const { body } = await stage.call('GET', path, { version: '2022-04-01', headers });
    const actions = new Set(body.value.flatMap((each: { actions: string[] }) => each.actions));
    expect(managed.filter((right) => !actions.has(right))).toEqual([]);
    expect([...actions].filter((action) => !managed.includes(String(action)))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('deployed again', () => {
  /** Everything there is, as Azure shows it, without the times of assignments and definitions that were put again. */
  const snapshot = async () => {
    const roles = (await list<Definition>('roleDefinitions')).map(({ name, properties }) => [
      name,
      properties.roleName,
      properties.permissions,
    ]);
    const { identities } = { identities: stage.control.identities() };
    const held = stage.control.assignments({});
    const group = `${subscription()}/resourceGroups/azid-system`;
    const [bus] = (
      await stage.call('GET', `${group}/providers/Microsoft.ServiceBus/namespaces`, { version: '2024-01-01' })
    ).body.value;
    const queues = (await stage.call('GET', `${bus.id}/queues`, { version: '2024-01-01' })).body.value;
    const topics = (
      await stage.call('GET', `${group}/providers/Microsoft.EventGrid/systemTopics`, {
        version: '2022-06-15',
      })
    ).body.value;
    const [topic] = topics;
    const deliveries = (await stage.call('GET', `${topic.id}/eventSubscriptions`, { version: '2022-06-15' }))
      .body.value;
    return { roles, identities, held, bus, queues, topics, deliveries };
  };

  it('it changes nothing', async () => {
    const outputs = await succeeded();
    const before = await snapshot();
    expect(await succeeded()).toEqual(outputs);
    expect(await snapshot()).toEqual(before);
  });

  it('with a topic that is there already, it uses that one and makes none', async () => {
    stage.control.createResourceGroup({ name: 'central' });
    const path = `${subscription()}/resourceGroups/central/providers/Microsoft.EventGrid/systemTopics/all`;
    const properties = { source: subscription(), topicType: 'Microsoft.Resources.Subscriptions' };
    const body = { location: 'global', identity: { type: 'SystemAssigned' }, properties };
    await stage.call('PUT', path, { version: '2022-06-15', body });
    expect((await deploy(GIVEN)).error?.message).toContain('Only one system topic is allowed per source');
    await succeeded({ ...GIVEN, existingTopicId: path });
    const { status, body: delivery } = await stage.call('GET', `${path}/eventSubscriptions/azid`, {
      version: '2022-06-15',
    });
    expect([status, delivery.properties.eventDeliverySchema]).toEqual([200, 'CloudEventSchemaV1_0']);
    expect((await stage.call('GET', path, { version: '2022-06-15' })).body).toMatchObject({
      tags: {},
      identity: { type: 'SystemAssigned' },
    });
  });
});

it('the queue drops what came before, the namespace and the account take no keys', async () => {
  const { queueNamespace } = await succeeded();
  const group = `${subscription()}/resourceGroups/azid-system/providers`;
  const bus = `${group}/Microsoft.ServiceBus/namespaces/${queueNamespace.split('.')[0]}`;
  const get = async (path: string, version: string) => (await stage.call('GET', path, { version })).body;
  expect(await get(bus, '2024-01-01')).toMatchObject({
    sku: { name: 'Standard' },
    properties: { disableLocalAuth: true, minimumTlsVersion: '1.2' },
  });
  expect((await get(`${bus}/queues/azid`, '2024-01-01')).properties).toMatchObject({
    requiresDuplicateDetection: true,
    duplicateDetectionHistoryTimeWindow: 'PT1H',
    maxDeliveryCount: 10,
    defaultMessageTimeToLive: 'P2D',
    requiresSession: false,
  });
  const [account] = (await get(`${group}/Microsoft.Storage/storageAccounts`, '2023-05-01')).value;
  expect(account.properties).toMatchObject({ allowSharedKeyAccess: false, allowBlobPublicAccess: false });
  const delivery = `${group}/Microsoft.EventGrid/systemTopics/azid/eventSubscriptions/azid`;
  const { properties } = await get(delivery, '2022-06-15');
  expect(properties.filter.includedEventTypes).toHaveLength(9);
  expect(properties.deadLetterWithResourceIdentity.deadLetterDestination.properties).toEqual({
    resourceId: account.id,
    blobContainerName: 'azid-dead-letters',
  });
});

it('an event comes to the queue by the identity of the topic', async () => {
  const { queueNamespace } = await succeeded();
  const queue = `${subscription()}/resourceGroups/azid-system/providers/Microsoft.ServiceBus/namespaces/${queueNamespace.split('.')[0]}/queues/azid`;
  stage.control.createResourceGroup({ name: 'rg1' });
  const id = `${subscription()}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1`;
  await stage.call('PUT', id, { body: { location: 'westeurope' } });
  const bodies = stage.control.queue({ id: queue }).messages.map(({ body }) => JSON.parse(body ?? ''));
  expect(bodies.filter(({ subject }) => subject.toLowerCase() === id.toLowerCase())).toMatchObject([
    { specversion: '1.0', type: 'Microsoft.Resources.ResourceWriteSuccess' },
  ]);
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
    ['a parameter that there is not', { ...GIVEN, isuer: 'x' }, "'isuer'"],
    ['a group that is not there', { ...GIVEN, identityGroups: ['nowhere'] }, "'nowhere' could not be found"],
  ])('%s', async (_, given, message) => {
    const { state, error } = await deploy(given);
    expect(['Refused', 'Failed']).toContain(state);
    expect(error?.message).toContain(message);
  });
});

it('names each type of resource that azid knows, and no built-in role but four', async () => {
  const template = await readFile(new URL('../../deploy/azure/bicep/main.json', import.meta.url), 'utf8');
  expect(JSON.parse(template).parameters.hostTypes.allowedValues).toEqual(TYPES);
  const roles = [...template.matchAll(/'Microsoft\.Authorization\/roleDefinitions', '([0-9a-f-]{36})'/g)].map(
    ([, guid]) => guid,
  );
  expect([...new Set(roles)].sort()).toEqual([RECEIVER, SENDER, READER, BLOB_CONTRIBUTOR].sort());
});
