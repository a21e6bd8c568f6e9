import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST_CAPABILITIES } from '../../src/azure/hosts/capabilities.ts';
import { HostStage, hostIdOf, SUB } from '../support/kinds/hosts.ts';
import { Cluster, World } from '../support/testbed.ts';

/** Each type of the table, end to end, against a simulated Azure that has rules of its own for each of them. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  stage = new HostStage(cluster, world);
  await stage.prepare();
  await stage.identity('other');
  await world.start();
});
afterAll(async () => {
  await world?.dispose();
  await cluster?.stop();
});

const RESYNC = 11 * 60_000;
const COMBINED = 'SystemAssigned, UserAssigned';
const WITHOUT_SPACE = 'SystemAssigned,UserAssigned';

interface Row {
  readonly what: string;
  readonly type: string;
  readonly name: string;
  readonly kind?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  /** How both kinds together are spelt; absent: the type has no such word. */
  readonly combined?: string;
  /** How the whole life of two attachments and a system-assigned identity is written. */
  readonly verb: 'PATCH' | 'PUT';
  readonly restarts?: true;
}

const SITE = { type: 'Microsoft.Web/sites', combined: COMBINED, verb: 'PATCH', restarts: true } as const;

/** Those that can have several user-assigned identities and one of their own. */
const able: readonly Row[] = [
  {
    what: 'a virtual machine',
    type: 'Microsoft.Compute/virtualMachines',
    name: 'vm1',
    combined: COMBINED,
    verb: 'PATCH',
  },
  {
    what: 'a uniform scale set',
    type: 'Microsoft.Compute/virtualMachineScaleSets',
    name: 'vmss1',
    combined: COMBINED,
    verb: 'PATCH',
  },
  { what: 'a Web App', name: 'shop', kind: 'app', ...SITE },
  { what: 'a Function App', name: 'jobs', kind: 'functionapp,linux', ...SITE },
  { what: 'a Logic App (Standard)', name: 'flows', kind: 'functionapp,workflowapp', ...SITE },
  { what: 'a slot', ...SITE, type: 'Microsoft.Web/sites/slots', name: 'shop/staging', kind: 'app' },
  {
    what: 'a container group on Linux',
    type: 'Microsoft.ContainerInstance/containerGroups',
    name: 'group1',
    combined: COMBINED,
    verb: 'PUT',
    restarts: true,
  },
  {
    what: 'a Container App',
    type: 'Microsoft.App/containerApps',
    name: 'capp1',
    combined: WITHOUT_SPACE,
    verb: 'PATCH',
    restarts: true,
  },
  {
    what: 'a storage account',
    type: 'Microsoft.Storage/storageAccounts',
    name: 'store1',
    combined: WITHOUT_SPACE,
    verb: 'PATCH',
  },
  {
    what: 'a data factory',
    type: 'Microsoft.DataFactory/factories',
    name: 'factory1',
    combined: WITHOUT_SPACE,
    verb: 'PATCH',
  },
  {
    what: 'an API Management service',
    type: 'Microsoft.ApiManagement/service',
    name: 'apim1',
    combined: COMBINED,
    verb: 'PATCH',
  },
  {
    what: 'an Automation account',
    type: 'Microsoft.Automation/automationAccounts',
    name: 'auto1',
    combined: COMBINED,
    verb: 'PATCH',
  },
];

function make({ type, name, kind, properties }: Pick<Row, 'type' | 'name' | 'kind' | 'properties'>): string {
  const given = {
    type,
    name,
    tags: { kept: 'yes' },
    ...(kind && { kind }),
    ...(properties && { properties }),
  };
  return stage.createVm(name, given).id;
}
const slug = (name: string) => name.replace('/', '-');
const bodies = (since: number, id: string) =>
  stage
    .requests(since)
    .filter(({ method, path }) => method !== 'GET' && path.toLowerCase().startsWith(id.toLowerCase()))
    .map(({ method, body }) => ({ method, ...(body as { identity: Identity; tags?: object }) }));
interface Identity {
  readonly type: string;
  readonly userAssignedIdentities?: Readonly<Record<string, unknown>> | null;
}

describe.each(able)('$what', ({ what: _, type, name, combined, verb, restarts, ...more }) => {
  const id = hostIdOf(type, name);
  const [app, other] = [`${slug(name)}-app`, `${slug(name)}-other`];
  const target = { resourceId: id };
  const replace = verb === 'PUT' ? { allowReplace: true } : {};

  it('gets one identity, one of its own and another one, and loses each of them alone', async () => {
    make({ type, name, ...more });
    const since = stage.mark;
    await stage.attach(app, { target, ...replace });
    await stage.attached(app);
    expect(stage.on(id)).toEqual(['app']);
    if (restarts) expect(await stage.event(app, 'RestartsOnAttach')).toContain(type);

    await stage.system(slug(name), { resourceId: id, deletionPolicy: 'Delete', ...replace });
    const { status } = await stage.systemReady(slug(name));
    const { system } = stage.host(id);
    expect(status).toMatchObject({ principalId: system?.principalId, clientId: system?.clientId });
    expect(status?.servicePrincipalName).toBe(name.replace('/', '/slots/'));
    expect(stage.on(id)).toEqual(['app']);

    await stage.attach(other, { target, identityRef: { name: 'other' }, ...replace });
    await stage.attached(other);
    expect(stage.on(id)).toEqual(['app', 'other']);
    expect(stage.host(id).system).toEqual(system);

    await stage.detach(app);
    await stage.gone(() => stage.attachment(app), 'the first attachment');
    expect(stage.on(id)).toEqual(['other']);
    expect(stage.host(id).system).toEqual(system);

    await stage.deleteSystem(slug(name));
    await stage.gone(() => stage.systemIdentity(slug(name)), 'the system-assigned identity');
    expect(stage.host(id).system).toBeNull();
    expect(stage.on(id)).toEqual(['other']);

    await stage.detach(other);
    await stage.gone(() => stage.attachment(other), 'the other attachment');
    expect(stage.on(id)).toEqual([]);

    const sent = bodies(since, id);
    expect(sent.map(({ method }) => method)).toEqual(Array(6).fill(verb));
    expect(sent.map(({ identity }) => identity.type)).toEqual([
      'UserAssigned',
      combined,
      combined,
      combined,
      'UserAssigned',
      'None',
    ]);
    for (const { method, identity, ...rest } of sent) {
      // Own adds and own removals, and nothing of what was read (docs/guarantees.md G3).
      for (const value of Object.values(identity.userAssignedIdentities ?? {}))
        expect(value === null || JSON.stringify(value) === '{}').toBe(true);
      if (method === 'PATCH') expect(Object.keys(rest)).toEqual([]);
    }
    expect(stage.host(id).tags).toEqual({ kept: 'yes' });
    await world.until('the ledger to go', async () => (await stage.ledger(id)) === undefined);
  });
});

describe('a type that Azure only changes as a whole', () => {
  it.each([
    ['Microsoft.Logic/workflows', 'whole1'],
    ['Microsoft.ContainerInstance/containerGroups', 'whole2'],
    ['Microsoft.ContainerService/managedClusters', 'whole3'],
  ])(
    '%s is not written without allowReplace, for either kind of identity, and is when that is set',
    async (type, name) => {
      const id = make({ type, name });
      const since = stage.mark;
      await stage.attach(name, { target: { resourceId: id } });
      expect(await stage.stalled(() => stage.attachment(name), 'ReplaceNotAllowed')).toContain(
        'spec.allowReplace',
      );
      await stage.system(name, { resourceId: id });
      expect(await stage.stalled(() => stage.systemIdentity(name), 'ReplaceNotAllowed')).toContain(
        'spec.allowReplace',
      );
      expect(bodies(since, id)).toEqual([]);
      await stage.deleteSystem(name);
      await stage.attach(name, { target: { resourceId: id }, allowReplace: true });
      await stage.attached(name);
      expect(stage.on(id)).toEqual(['app']);
    },
  );

  it('and that hides secrets is not written at all, since they would be lost', async () => {
    const type = 'Microsoft.ContainerInstance/containerGroups';
    const secret = { name: 'TOKEN', secureValue: 'hush' };
    const container = { name: 'main', properties: { image: 'x', environmentVariables: [secret] } };
    const id = make({ type, name: 'secretive', properties: { containers: [container] } });
    const since = stage.mark;
    await stage.attach('secretive', { target: { resourceId: id }, allowReplace: true });
    const message = await stage.stalled(() => stage.attachment('secretive'), 'HiddenSecrets');
    expect(message).toContain('properties.containers[0].properties.environmentVariables[0].secureValue');
    expect(bodies(since, id)).toEqual([]);
    expect(stage.host(id).properties).toMatchObject({ containers: [container] });
    // Whoever deploys it can do without the secret: azid then goes on by itself (docs/guarantees.md G19).
    const plain = { ...container, properties: { image: 'x' } };
    stage.createVm('secretive', { type, properties: { containers: [plain] } });
    await world.pass(RESYNC);
    await stage.attached('secretive');
    expect(stage.host(id).properties).toMatchObject({ containers: [plain] });
  });
});

describe('a Logic App (Consumption)', () => {
  const type = 'Microsoft.Logic/workflows';

  it('has several identities or one of its own, never both: what came second is refused by name', async () => {
    const id = make({ type, name: 'logic1' });
    const common = { target: { resourceId: id }, allowReplace: true };
    await stage.attach('logic1-app', common);
    await stage.attach('logic1-other', { ...common, identityRef: { name: 'other' } });
    await stage.attached('logic1-app');
    await stage.attached('logic1-other');
    expect(stage.on(id)).toEqual(['app', 'other']);
    const since = stage.mark;
    await stage.system('logic1', { resourceId: id, allowReplace: true });
    const message = await stage.stalled(() => stage.systemIdentity('logic1'), 'CombinedNotSupported');
    expect(message).toContain(type);
    expect(bodies(since, id)).toEqual([]);
    // Taken off by their objects, and the way is free without an edit.
    for (const name of ['logic1-app', 'logic1-other']) {
      await stage.detach(name);
      await stage.gone(() => stage.attachment(name), name);
    }
    await stage.systemReady('logic1');
    expect(stage.host(id).system).not.toBeNull();

    await stage.attach('logic1-app', common);
    await stage.stalled(() => stage.attachment('logic1-app'), 'CombinedNotSupported');
    expect(stage.on(id)).toEqual([]);
    expect(bodies(since, id).map(({ identity }) => identity.type)).toEqual([
      'UserAssigned',
      'None',
      'SystemAssigned',
    ]);
  });
});

describe('an AKS cluster', () => {
  const type = 'Microsoft.ContainerService/managedClusters';

  it('has one identity: the second is refused with the name of the first, and follows when that one goes', async () => {
    const id = make({ type, name: 'aks1' });
    const common = { target: { resourceId: id }, allowReplace: true };
    await stage.attach('aks1-app', common);
    await stage.attached('aks1-app');
    const since = stage.mark;
    await stage.attach('aks1-other', { ...common, identityRef: { name: 'other' } });
    const message = await stage.stalled(() => stage.attachment('aks1-other'), 'TooManyIdentities');
    expect(message).toContain('userAssignedIdentities/app');
    expect(bodies(since, id)).toEqual([]);
    await stage.detach('aks1-app');
    await stage.gone(() => stage.attachment('aks1-app'), 'the first');
    await stage.attached('aks1-other');
    expect(stage.on(id)).toEqual(['other']);
  });

  it('has one kind of identity', async () => {
    const id = make({ type, name: 'aks2' });
    await stage.system('aks2', { resourceId: id, allowReplace: true, deletionPolicy: 'Delete' });
    await stage.systemReady('aks2');
    const { system } = stage.host(id);
    await stage.attach('aks2', { target: { resourceId: id }, allowReplace: true });
    await stage.stalled(() => stage.attachment('aks2'), 'CombinedNotSupported');
    expect(stage.host(id).system).toEqual(system);
    await stage.deleteSystem('aks2');
    await stage.gone(() => stage.systemIdentity('aks2'), 'the system-assigned identity');
    await stage.attached('aks2');
    expect(stage.host(id)).toMatchObject({ system: null, attached: [{ id: expect.stringMatching(/app$/) }] });
  });
});

describe('what a variant cannot have', () => {
  it('a flexible scale set has no identity of its own, and takes user-assigned ones', async () => {
    const type = 'Microsoft.Compute/virtualMachineScaleSets';
    const id = make({ type, name: 'flex1', properties: { orchestrationMode: 'Flexible' } });
    const since = stage.mark;
    await stage.system('flex1', { resourceId: id });
    const message = await stage.stalled(() => stage.systemIdentity('flex1'), 'SystemAssignedNotSupported');
    expect(message).toContain('spec.resourceId');
    expect(message).toContain('IdentityAttachment');
    expect(bodies(since, id)).toEqual([]);
    await stage.attach('flex1', { target: { resourceId: id } });
    await stage.attached('flex1');
    expect(stage.on(id)).toEqual(['app']);
    expect(bodies(since, id).map(({ identity }) => identity.type)).toEqual(['UserAssigned']);
  });

  it('a container group on Windows has no identity at all', async () => {
    const type = 'Microsoft.ContainerInstance/containerGroups';
    const id = make({ type, name: 'windows1', properties: { osType: 'Windows' } });
    const since = stage.mark;
    await stage.attach('windows1', { target: { resourceId: id }, allowReplace: true });
    const reason = 'IdentityNotSupportedOnWindows';
    expect(await stage.stalled(() => stage.attachment('windows1'), reason)).toContain('Linux');
    await stage.system('windows1', { resourceId: id, allowReplace: true });
    expect(await stage.stalled(() => stage.systemIdentity('windows1'), reason)).toContain('Linux');
    expect(bodies(since, id)).toEqual([]);
    // Made again on Linux, it gets both without an edit.
    stage.createVm('windows1', { type, properties: { osType: 'Linux' } });
    await world.pass(RESYNC);
    await stage.attached('windows1');
    await stage.systemReady('windows1');
  });
});

describe('API Management', () => {
  const type = 'Microsoft.ApiManagement/service';

  it('keeps what it reported removed: azid says so, asks few times, and ends when it is gone', async () => {
    const id = make({ type, name: 'apim2' });
    const { principalId } = world.azure.control.setHostIdentity({ id, identity: { type: 'SystemAssigned' } })
      .system ?? { principalId: '' };
    await stage.attach('apim2', { target: { resourceId: id } });
    await stage.attached('apim2');
    const since = stage.mark;
    await stage.detach('apim2');
    const kept = await stage.blocked(() => stage.attachment('apim2'), 'NotRemoved');
    expect(kept).toContain('remove it by hand');
    await world.pass(3_600_000);
    expect(stage.on(id)).toEqual(['app']);
    expect(stage.host(id).system?.principalId).toBe(principalId);
    // The first one, then with a pause that doubles up to an hour.
    expect(bodies(since, id).length).toBeGreaterThan(1);
    expect(bodies(since, id).length).toBeLessThanOrEqual(7);
    world.azure.control.setHostIdentity({ id, identity: { type: 'SystemAssigned' } });
    await world.pass(RESYNC);
    await stage.gone(() => stage.attachment('apim2'), 'the attachment');
    expect(await stage.ledger(id)).toBeUndefined();
  });
});

describe('a type that azid does not know', () => {
  const type = 'Microsoft.CognitiveServices/accounts';
  const apiVersion = '2023-05-01';
  const make = (name: string) =>
    stage.createVm(name, { type, tags: { kept: 'yes' }, apiVersions: [apiVersion] }).id;

  it('is refused with the reason and the way out, and is not even read', async () => {
    const id = make('ai1');
    const since = stage.mark;
    await stage.attach('ai1', { target: { resourceId: id } });
    await stage.system('ai1', { resourceId: id });
    for (const get of [() => stage.attachment('ai1'), () => stage.systemIdentity('ai1')]) {
      const message = await stage.stalled(get, 'UnsupportedType');
      expect(message).toContain(type);
      expect(message).toContain('spec.apiVersion');
    }
    const selector = { subscriptionId: world.azure.subscriptionId, type, all: true };
    await stage.attach('ai', { target: { selector } });
    expect(await stage.stalled(() => stage.attachment('ai'), 'UnsupportedType')).toContain(
      'spec.target.selector.type',
    );
    expect(await stage.ledger(id)).toBeUndefined();
    expect(stage.requests(since).filter(({ path }) => /cognitiveservices/i.test(path))).toEqual([]);
  });

  it('is not covered by `*` in a policy: whoever allows it must name it', async () => {
    const id = make('ai2');
    await stage.attach('ai2', { target: { resourceId: id }, apiVersion });
    await stage.system('ai2', { resourceId: id, apiVersion });
    for (const get of [() => stage.attachment('ai2'), () => stage.systemIdentity('ai2')])
      expect(await stage.stalled(get, 'PolicyDenied')).toContain(type);
    expect(await stage.ledger(id)).toBeUndefined();
  });

  it('works as most do once its API version is given and a policy names it', async () => {
    const id = make('ai3');
    world.giveRights(SUB, 'Contributor');
    const rule = { types: ['*', type], scopes: [SUB], selectors: true, adopt: true };
    await stage.policy({ attachments: [rule], systemAssigned: [{ types: ['*', type], scopes: [SUB] }] });
    const since = stage.mark;
    await stage.attach('ai3', { target: { resourceId: id }, apiVersion });
    await stage.attached('ai3');
    await stage.system('ai3', { resourceId: id, apiVersion, deletionPolicy: 'Delete' });
    const { status } = await stage.systemReady('ai3');
    expect(status?.principalId).toBe(stage.host(id).system?.principalId);
    await stage.detach('ai3');
    await stage.gone(() => stage.attachment('ai3'), 'the attachment');
    await stage.deleteSystem('ai3');
    await stage.gone(() => stage.systemIdentity('ai3'), 'the system-assigned identity');
    expect(stage.host(id)).toMatchObject({ system: null, attached: [], tags: { kept: 'yes' } });
    expect(bodies(since, id).map(({ method, identity }) => [method, identity.type])).toEqual([
      ['PATCH', 'UserAssigned'],
      ['PATCH', COMBINED],
      ['PATCH', 'SystemAssigned'],
      ['PATCH', 'None'],
    ]);
    // The one that the policy had refused went on by itself.
    await stage.attached('ai2');
  });
});

it('in the end, with what is attached and what was taken away, nothing is written any more', async () => {
  await world.pass(RESYNC);
  const since = stage.mark;
  await world.pass(RESYNC);
  expect(stage.writes(since)).toEqual([]);
});

it('no type of the table is left out here', () => {
  const here = new Set([
    ...able.map(({ type }) => type),
    'Microsoft.Logic/workflows',
    'Microsoft.ContainerService/managedClusters',
  ]);
  expect(HOST_CAPABILITIES.map(({ type }) => type).filter((type) => !here.has(type))).toEqual([]);
});
