import { describe, expect, test } from 'vitest';
import {
  capabilityOf,
  genericCapability,
  HOST_CAPABILITIES,
  type HostCapability,
  hostTypeOf,
} from './capabilities.ts';
import { hostIdOf } from './hosts.fixture.ts';

const SPACED = 'SystemAssigned, UserAssigned';
const TIGHT = 'SystemAssigned,UserAssigned';

/** What differs from: PATCH, both kinds spelt with a space, many identities, no restart, no etag, removals obeyed. */
const TABLE: Readonly<Record<string, Partial<HostCapability>>> = {
  'Microsoft.Compute/virtualMachines': { ifMatch: true },
  'Microsoft.Compute/virtualMachineScaleSets': { ifMatch: true },
  'Microsoft.Web/sites': { restarts: true },
  'Microsoft.Web/sites/slots': { restarts: true },
  'Microsoft.Logic/workflows': { both: false, write: 'replace' },
  'Microsoft.ContainerInstance/containerGroups': { write: 'replace', restarts: true },
  'Microsoft.App/containerApps': { combined: TIGHT, restarts: true },
  'Microsoft.ContainerService/managedClusters': {
    both: false,
    write: 'replace',
    userAssigned: 'one',
    maxTotal: 1,
    ifMatch: true,
  },
  'Microsoft.Storage/storageAccounts': { combined: TIGHT },
  'Microsoft.DataFactory/factories': { combined: TIGHT },
  'Microsoft.ApiManagement/service': { keepsRemoved: true },
  'Microsoft.Automation/automationAccounts': {},
};

test('the table holds these types and no other', () => {
  expect(HOST_CAPABILITIES.map(({ type }) => type).toSorted()).toEqual(Object.keys(TABLE).toSorted());
});

describe.each(Object.entries(TABLE))('%s', (type, differs) => {
  test('can do what docs/azure-facts.md section 7 says', () => {
    const capability = capabilityOf(type.toUpperCase());
    expect(capability).toMatchObject({
      type,
      known: true,
      both: true,
      write: 'patch',
      system: true,
      userAssigned: 'many',
      maxPerRequest: 150,
      restarts: false,
      ifMatch: false,
      keepsRemoved: false,
      ...(differs.both !== false && { combined: SPACED }),
      ...differs,
    });
    expect(capability?.combined === undefined).toBe(differs.both === false);
    expect(capability?.maxTotal).toBe(differs.maxTotal);
    expect(capability?.apiVersion).toMatch(/^\d{4}-\d\d-\d\d$/);
  });

  test('follows from an id in any case, in the table’s spelling', () => {
    expect(hostTypeOf(hostIdOf(type).toLowerCase())).toBe(type);
  });

  test('is listed by its provider, slots beneath their site', () => {
    expect(capabilityOf(type)?.list).toBe(type.endsWith('/slots') ? 'perParent' : `/providers/${type}`);
  });
});

test('a flexible scale set has no identity of its own, a uniform one has', () => {
  const type = 'Microsoft.Compute/virtualMachineScaleSets';
  expect(capabilityOf(type, 'Flexible')?.system).toBe(false);
  expect(capabilityOf(type, 'uniform')?.system).toBe(true);
});

test('containers on Windows have none at all', () => {
  const type = 'Microsoft.ContainerInstance/containerGroups';
  expect(capabilityOf(type, 'windows')?.impossible?.reason).toBe('IdentityNotSupportedOnWindows');
  expect(capabilityOf(type, 'linux')?.impossible).toBeUndefined();
});

test.each(['app', 'functionapp,linux', 'functionapp,workflowapp'])('a site of kind %s is a site', (kind) => {
  expect(capabilityOf('Microsoft.Web/sites', kind)).toEqual(capabilityOf('Microsoft.Web/sites'));
});

test('an unlisted type is unknown, and behaves as most do when asked for by version', () => {
  const type = 'Microsoft.CognitiveServices/accounts';
  expect(capabilityOf(type)).toBeUndefined();
  expect(hostTypeOf(hostIdOf(type))).toBe(type);
  expect(genericCapability(type, '2024-10-01')).toMatchObject({
    type,
    known: false,
    apiVersion: '2024-10-01',
    combined: SPACED,
    write: 'patch',
    list: `/providers/${type}`,
  });
});

test.each([
  '/subscriptions/s',
  '/subscriptions/s/resourceGroups/rg1',
  '/subscriptions/s/providers/Microsoft.Compute/virtualMachines/vm',
  `${hostIdOf('Microsoft.Compute/virtualMachines')}/providers/Microsoft.Insights/x/y`,
  'vm-1',
])('%s is no host', (id) => {
  expect(() => hostTypeOf(id)).toThrow('Expected');
});
