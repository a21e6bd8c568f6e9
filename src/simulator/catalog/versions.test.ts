import { describe, expect, test } from 'vitest';
import { startHostStage } from '../hosts/stage.fixture.ts';
import { serves, VERSIONS, versionsOf } from './versions.ts';

describe('a version is served', () => {
  const known = ['2020-01-01', '2022-01-31-preview', '2024-11-30'];
  test.each([
    ['2024-11-30', true],
    ['2022-01-31-PREVIEW', true],
    // Newer than the table.
    ['2026-10-01', true],
    ['2026-10-01-preview', false],
    // Azure never had one between those it has.
    ['2022-05-05', false],
    // It cannot have one of tomorrow.
    ['2026-11-24', false],
    ['2026-13-01', false],
    ['2026-1-1', false],
    ['v1', false],
  ])('%s: %s', (version, served) => {
    expect(serves(known, version, '2026-11-23')).toBe(served);
  });

  test('an operation that no stable version has gets none by the calendar', () => {
    expect(serves(['2022-01-31-preview'], '2026-10-01', '2026-11-23')).toBe(false);
  });
});

test('the table holds dates, in order, each once', () => {
  for (const [type, text] of Object.entries(VERSIONS)) {
    const versions = text.trim().split(/\s+/);
    expect([type, versions]).toEqual([type, [...new Set(versions)].sort()]);
    for (const version of versions) expect(version).toMatch(/^20\d\d-\d\d-\d\d(-preview)?$/);
  }
});

test('a range is of one operation', () => {
  const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  expect(versionsOf(type, { since: '2026' })).toEqual(['2026-04-30', '2026-05-31']);
  expect(() => versionsOf('Microsoft.Void/things')).toThrow('Microsoft.Void/things');
});

/** What clients of today send (docs/azure-facts.md section 16.9). */
const SENT: readonly (readonly [method: string, path: string, version: string])[] = [
  ['GET', 'providers/Microsoft.ManagedIdentity/userAssignedIdentities', '2025-05-31-preview'],
  [
    'GET',
    'providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1/federatedIdentityCredentials',
    '2025-01-31-preview',
  ],
  [
    'POST',
    'providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1/listAssociatedResources',
    '2022-01-31-preview',
  ],
  ['GET', 'providers/Microsoft.Authorization/roleDefinitions', '2022-05-01-preview'],
  ['GET', 'providers/Microsoft.Authorization/roleAssignments', '2020-04-01-preview'],
  ['GET', 'providers/Microsoft.Compute/virtualMachines', '2022-11-01'],
  ['GET', 'providers/Microsoft.Compute/virtualMachineScaleSets', '2026-04-01'],
  ['GET', 'providers/Microsoft.ContainerInstance/containerGroups', '2024-05-01-preview'],
  ['GET', 'providers/Microsoft.ContainerService/managedClusters', '2026-06-01'],
  ['GET', 'providers/Microsoft.Storage/storageAccounts', '2025-08-01'],
  ['GET', 'providers/Microsoft.Storage/storageAccounts', '2026-09-01'],
  // Newer than the table.
  ['GET', 'providers/Microsoft.Compute/virtualMachines', '2026-11-01'],
];

test('what clients of today send is served', async () => {
  await using stage = await startHostStage();
  stage.identity('id1');
  for (const [method, path, version] of SENT) {
    const { status, body } = await stage.call(method, `${stage.group}/${path}`, { version });
    expect([path, version, status, body]).toMatchObject([path, version, 200, {}]);
  }
});

test('what Azure never had, or has dropped again, is refused', async () => {
  await using stage = await startHostStage();
  const id = stage.identity('id1');
  const refused = [
    await stage.call('GET', id, { version: '2024-01-01' }),
    await stage.call('POST', `${id}/listAssociatedResources`, { version: '2024-11-30' }),
    await stage.call('GET', `${id}/federatedIdentityCredentials`, { version: '2018-11-30' }),
  ];
  for (const { status, body } of refused)
    expect([status, body.error.code]).toEqual([404, 'InvalidResourceType']);
});
