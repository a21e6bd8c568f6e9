import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostView } from '../../src/simulator/hosts/host-body.ts';
import {
  conditionOf,
  type HostParts,
  HostStage,
  hostIdOf,
  identityIdOf,
  SUB,
  VMS,
} from '../support/kinds/hosts.ts';
import { Cluster, World } from '../support/testbed.ts';
import { atRest, RESYNC, trailOf } from '../support/trail.ts';

/**
 * Recycling under each target kind (docs/guarantees.md G8). All types stand in one Azure; it happens to all at once, and each
 * test looks at its own.
 */

interface Case {
  readonly what: string;
  readonly type: string;
  readonly name: string;
  readonly more?: HostParts;
  /** It takes the whole resource back, and no PATCH of its identities. */
  readonly replace?: true;
  /** It cannot have an identity of its own beside user-assigned ones. */
  readonly withoutSystem?: true;
  /** It takes one identity alone. */
  readonly single?: true;
  readonly apiVersion?: string;
}

const SCALE_SETS = 'Microsoft.Compute/virtualMachineScaleSets';
const SITES = 'Microsoft.Web/sites';
const MADE_UP = 'Contoso.Widgets/widgets';
const CASES: readonly Case[] = [
  { what: 'a virtual machine', type: VMS, name: 'vm' },
  {
    what: 'a uniform scale set',
    type: SCALE_SETS,
    name: 'uniform',
    more: { properties: { orchestrationMode: 'Uniform' } },
  },
  {
    what: 'a flexible scale set',
    type: SCALE_SETS,
    name: 'flexible',
    more: { properties: { orchestrationMode: 'Flexible' } },
    withoutSystem: true,
  },
  { what: 'a Web App', type: SITES, name: 'web', more: { kind: 'app' } },
  { what: 'a slot', type: `${SITES}/slots`, name: 'web/staging', more: { kind: 'app' } },
  { what: 'a Function App', type: SITES, name: 'functions', more: { kind: 'functionapp' } },
  { what: 'a Logic App (Standard)', type: SITES, name: 'flows', more: { kind: 'functionapp,workflowapp' } },
  {
    what: 'a Logic App (Consumption)',
    type: 'Microsoft.Logic/workflows',
    name: 'flow',
    replace: true,
    withoutSystem: true,
  },
  {
    what: 'a container group',
    type: 'Microsoft.ContainerInstance/containerGroups',
    name: 'group',
    replace: true,
  },
  { what: 'a container app', type: 'Microsoft.App/containerApps', name: 'containers' },
  {
    what: 'an AKS cluster',
    type: 'Microsoft.ContainerService/managedClusters',
    name: 'aks',
    replace: true,
    withoutSystem: true,
    single: true,
  },
  { what: 'a storage account', type: 'Microsoft.Storage/storageAccounts', name: 'storage' },
  { what: 'a data factory', type: 'Microsoft.DataFactory/factories', name: 'factory' },
  { what: 'an API Management service', type: 'Microsoft.ApiManagement/service', name: 'gateway' },
  { what: 'an Automation account', type: 'Microsoft.Automation/automationAccounts', name: 'automation' },
  {
    what: 'a type that azid does not know',
    type: MADE_UP,
    name: 'widget',
    more: { apiVersions: ['2024-01-01'] },
    apiVersion: '2024-01-01',
  },
];

let cluster: Cluster;
let world: World;
let stage: HostStage;
/** What azid wrote, and what came of it, by the name of the resource: after the identity, then the resources, were made again. */
interface Outcome {
  readonly trail: readonly string[];
  readonly host: HostView;
  readonly ready: string | undefined;
}
const identityMadeAgain = new Map<string, Outcome>();
const resourceMadeAgain = new Map<string, Outcome>();
const before = new Map<string, HostView>();
let foreign: string;

beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  stage = new HostStage(cluster, world);
  const { control } = world.azure;
  foreign = control.createIdentity({ name: 'foreign', resourceGroup: 'rg2' }).id;
  // As the guide says: whoever wants azid to work with another type gives it the rights.
  const actions = ['read', 'write'].map((each) => `${MADE_UP}/${each}`);
  world.giveRights(SUB, control.defineRole({ roleName: 'widgets', actions }).id);
  await stage.prepare({
    attachments: [
      { types: ['*'], scopes: [SUB] },
      { types: [MADE_UP], scopes: [SUB] },
    ],
  });
  for (const each of CASES) makeHost(each);
  await world.start();
  for (const each of CASES)
    await stage.attach(objectOf(each), {
      target: { resourceId: idOf(each) },
      ...(each.replace && { allowReplace: true }),
      ...(each.apiVersion && { apiVersion: each.apiVersion }),
    });
  await world.pass(RESYNC);
  for (const each of CASES) before.set(each.name, stage.host(idOf(each)));

  let since = stage.mark;
  control.recycleIdentity({ id: identityIdOf('app') });
  await world.pass(2 * RESYNC);
  await note(identityMadeAgain, since);

  since = stage.mark;
  // A site takes its slots with it.
  for (const each of CASES) makeHost(each);
  await world.pass(2 * RESYNC);
  await note(resourceMadeAgain, since);
});
afterAll(async () => {
  await world?.dispose();
  await cluster?.stop();
});

async function note(outcomes: Map<string, Outcome>, since: number): Promise<void> {
  for (const each of CASES) {
    const object = await stage.attachment(objectOf(each));
    outcomes.set(each.name, {
      trail: trailOf(world, shortOf(each), since),
      host: stage.host(idOf(each)),
      ready: object && conditionOf(object, 'Ready')?.reason,
    });
  }
}

const makeHost = (each: Case) =>
  stage.createHost(each.type, each.name, { ...each.more, identity: givenTo(each) });
const shortOf = ({ name }: Case) => name.split('/').at(-1) ?? name;
const objectOf = ({ name }: Case) => name.replace('/', '-');
const idOf = ({ type, name }: Case) => hostIdOf(type, name);

/** What others gave it: as much as it takes. */
function givenTo({ withoutSystem, single }: Case) {
  if (single) return { type: 'None' };
  const userAssignedIdentities = { [foreign]: {} };
  return { type: withoutSystem ? 'UserAssigned' : 'SystemAssigned, UserAssigned', userAssignedIdentities };
}

/** What stands on it in the end, dead entries marked. */
const on = ({ attached }: HostView) =>
  attached.map(({ id, principalId }) => `${id.split('/').at(-1)}${principalId ? '' : '!'}`).sort();
const wanted = ({ single }: Case) => (single ? ['app'] : ['app', 'foreign']);
const principalOf = ({ attached }: HostView, name: string) =>
  attached.find(({ id }) => id.endsWith(`/${name}`))?.principalId;

describe.each(CASES)('$what', (each) => {
  it('loses a recycled identity by one write and gets it by the next; what others gave it stays', () => {
    const was = before.get(each.name);
    const now = identityMadeAgain.get(each.name);
    if (!was || !now) throw new Error('expected the scene to be played');
    expect(on(was)).toEqual(wanted(each));
    expect(on(now.host)).toEqual(wanted(each));
    expect(principalOf(now.host, 'app')).not.toBe(principalOf(was, 'app'));
    expect(principalOf(now.host, 'foreign')).toBe(principalOf(was, 'foreign'));
    expect(now.host.system).toEqual(was.system);
    expect(now.host.uniqueId).toBe(was.uniqueId);
    expect(now.trail).toEqual(detachAndAttach(each));
    expect(now.ready).toBe('Attached');
  });

  it('that is made again gets its identity by one write', () => {
    const was = identityMadeAgain.get(each.name);
    const now = resourceMadeAgain.get(each.name);
    if (!was || !now) throw new Error('expected the scene to be played');
    expect(now.host.uniqueId).not.toBe(was.host.uniqueId);
    expect(on(now.host)).toEqual(wanted(each));
    expect(now.trail).toEqual(detachAndAttach(each).slice(1));
    expect(now.ready).toBe('Attached');
  });
});

function detachAndAttach({ replace, single }: Case): string[] {
  if (!replace) return ['-app', '+app'];
  return single ? ['=', '=app'] : ['=foreign', '=app foreign'];
}

it('all come to rest', () => atRest(world));
