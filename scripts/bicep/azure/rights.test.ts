import { describe, expect, it } from 'vitest';
import { HOST_CAPABILITIES } from '../../../src/azure/hosts/capabilities.ts';
import { hostRights } from '../../../src/operator/azure/right.ts';
import { GIVEN } from '../../../test/deploy/azure-template.ts';
import {
  ALL,
  actionsOf,
  BLOB_CONTRIBUTOR,
  BLOB_READER,
  MANAGED,
  OWNER,
  READER,
  RECEIVER,
  readAzure,
  roleOfHost,
  SENDER,
  TYPES,
  useAzure,
} from './stage.ts';

/** Nobody gets more by the template than the table of rights needs, nor less. */

const azure = useAzure();
const guidOf = (roleDefinitionId: string) => roleDefinitionId.split('/').at(-1);

describe('the custom roles', () => {
  it('have together each right of the table, and nothing else', async () => {
    await azure().succeeded();
    const roles = await azure().customRoles();
    const given = [...new Set(roles.flatMap(actionsOf))].sort();
    // Reader is the built-in one.
    expect(given).toEqual(MANAGED.filter((right) => right !== '*/read').sort());
    expect(given.filter((action) => action.includes('*'))).toEqual([]);
    for (const { properties } of roles) {
      expect(properties.assignableScopes).toEqual([azure().subscription]);
      expect(properties.permissions).toMatchObject([{ notActions: [], dataActions: [], notDataActions: [] }]);
    }
  });

  it('are those of the files beside them', async () => {
    await azure().succeeded();
    const roles = await azure().customRoles();
    const byName = new Map(roles.map((role) => [role.properties.roleName, actionsOf(role)]));
    for (const name of ['reader', 'identities', 'grants', 'orphans']) {
      const { Name, Actions } = JSON.parse(await readAzure(`azid-${name}-role.json`));
      expect([Name, byName.get(Name)]).toEqual([Name, Actions]);
    }
    const ids = 'Microsoft.ManagedIdentity/userAssignedIdentities';
    expect(byName.get('azid attach')).toEqual([`${ids}/read`, `${ids}/assign/action`]);
    const { Actions } = JSON.parse(await readAzure('azid-hosts-role.json'));
    const attaching = [...byName].filter(([name]) => /^azid (hosts|attach|reader)/.test(name));
    const given = attaching.flatMap(([, actions]) => actions);
    expect(Actions.filter((action: string) => !given.includes(action))).toEqual([]);
  });

  it.each(HOST_CAPABILITIES)('of $type has read, write and the status of operations', async (each) => {
    const { type } = each;
    await azure().succeeded({ ...GIVEN, events: false, hostTypes: [type] });
    const roles = await azure().customRoles();
    expect(roles.map(({ properties }) => properties.roleName).sort()).toEqual(
      ['azid attach', 'azid identities', 'azid reader', roleOfHost(type)].sort(),
    );
    const role = roles.find(({ properties }) => properties.roleName === roleOfHost(type));
    expect(role && actionsOf(role)).toEqual(hostRights(each).map(({ right }) => right));
  });
});

describe('what azid gets', () => {
  it('with everything', async () => {
    const { principalId, queueNamespace } = await azure().succeeded();
    const [bus] = queueNamespace.split('.');
    expect(await azure().heldBy(principalId)).toEqual(
      [
        ...TYPES.map((type) => `${roleOfHost(type)} @ `),
        ...['attach', 'grants', 'identities', 'orphans', 'reader'].map((name) => `azid ${name} @ `),
        'Reader @ ',
        `Azure Service Bus Data Receiver @ /resourceGroups/azid-system/providers/Microsoft.ServiceBus/namespaces/${bus}/queues/azid`,
      ].sort(),
    );
  });

  it('by default: identities alone, and the queue', async () => {
    const { principalId } = await azure().succeeded(GIVEN);
    expect((await azure().heldBy(principalId)).map((each) => each.split(' @ ')[0])).toEqual([
      'Azure Service Bus Data Receiver',
      'azid identities',
      'azid reader',
    ]);
  });

  it('is kept to resource groups where these are named, but for what it reads', async () => {
    for (const name of ['ids', 'grants', 'apps']) azure().control.createResourceGroup({ name });
    const { principalId } = await azure().succeeded({
      ...ALL,
      events: false,
      orphans: false,
      hostTypes: ['Microsoft.Compute/virtualMachines'],
      identityGroups: ['ids'],
      grantGroups: ['grants'],
      hostGroups: ['apps', 'ids'],
    });
    expect(await azure().heldBy(principalId)).toEqual([
      'azid attach @ /resourceGroups/ids',
      'azid grants @ /resourceGroups/grants',
      'azid hosts Compute virtualMachines @ /resourceGroups/apps',
      'azid hosts Compute virtualMachines @ /resourceGroups/ids',
      'azid identities @ /resourceGroups/ids',
      'azid reader @ ',
    ]);
  });

  it('may write a tag on its own identity for sweeps, and no credential, where it may change identities of groups alone', async () => {
    azure().control.createResourceGroup({ name: 'ids' });
    const { principalId } = await azure().succeeded({
      ...GIVEN,
      events: false,
      orphans: true,
      identityGroups: ['ids'],
    });
    expect(await azure().heldBy(principalId)).toEqual([
      'Reader @ ',
      'azid claim @ /resourceGroups/azid-system',
      'azid identities @ /resourceGroups/ids',
      'azid orphans @ ',
      'azid reader @ ',
    ]);
    azure().control.nameCaller({ objectId: principalId, name: 'azid' });
    const own = `${azure().own}/Microsoft.ManagedIdentity/userAssignedIdentities/azid-controller`;
    const tag = await azure().call('PATCH', own, { caller: 'azid', body: { tags: { claimed: 'x' } } });
    const properties = { issuer: 'https://evil.example', subject: 'x', audiences: ['y'] };
    const credential = `${own}/federatedIdentityCredentials/x`;
    const become = await azure().call('PUT', credential, { caller: 'azid', body: { properties } });
    expect([tag.status, become.status]).toEqual([200, 403]);
  });

  it.each([
    ['the subscription', [], ''],
    ['a group', ['grants'], '/resourceGroups/grants'],
  ])(
    'lets it grant on %s the roles that are listed, by the condition of the file, and no others',
    async (_, grantGroups, at) => {
      azure().control.createResourceGroup({ name: 'grants' });
      const { principalId } = await azure().succeeded({ ...ALL, grantGroups });
      const text = await readAzure('azid-grants-condition.txt');
      const held = await azure().assignmentsOf(principalId);
      expect(held.flatMap(({ condition }) => condition ?? [])).toEqual([
        text.replaceAll('ROLE_GUIDS', `${READER}, ${BLOB_READER}`),
      ]);
      azure().control.nameCaller({ objectId: principalId, name: 'azid' });
      const { objectId } = azure().control.createPrincipal({ displayName: 'app' });
      const grant = async (role: string) => {
        const scope = `${azure().subscription}${at}`;
        const path = `${scope}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
        const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${role}`;
        const properties = { roleDefinitionId, principalId: objectId, principalType: 'ServicePrincipal' };
        return (await azure().call('PUT', path, { caller: 'azid', body: { properties } })).status;
      };
      expect([await grant(BLOB_READER), await grant(SENDER), await grant(OWNER)]).toEqual([201, 403, 403]);
    },
  );
});

it('the topic may send to the queue and write down what it could not, and nothing else', async () => {
  await azure().succeeded();
  const { identity } = await azure().get(`${azure().own}/Microsoft.EventGrid/systemTopics/azid`);
  const held = await azure().assignmentsOf(identity.principalId);
  const roles = held.map(({ roleDefinitionId, scope }) => [
    guidOf(roleDefinitionId),
    scope.split('/').at(-1),
  ]);
  expect(roles.sort()).toEqual([
    [SENDER, 'azid'],
    [BLOB_CONTRIBUTOR, 'azid-dead-letters'],
  ]);
});

it.each(['main', 'subscription'])(
  '%s.json names each type of resource that azid knows, and no built-in role but these',
  async (name) => {
    const template = await readAzure(`bicep/${name}.json`);
    expect(JSON.parse(template).parameters.hostTypes.allowedValues).toEqual(TYPES);
    const named = template.matchAll(/'Microsoft\.Authorization\/roleDefinitions', '([0-9a-f-]{36})'/g);
    const roles = new Set([...named].map(([, guid]) => guid));
    const known = [SENDER, READER, BLOB_CONTRIBUTOR, ...(name === 'main' ? [RECEIVER] : [])];
    expect([...roles].sort()).toEqual(known.sort());
  },
);
