import { describe, expect, it, test } from 'vitest';
import { subjectOf } from './foreign-texts.ts';

const S = '/subscriptions/11111111-2222-4333-8444-555555555555';
const VM = `${S}/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm-1`;
const UAI = `${S}/resourcegroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
const GROUP = `${S}/resourceGroups/rg1`;
const MG = '/providers/Microsoft.Management/managementGroups/corp';
const ASSIGNMENT = 'providers/Microsoft.Authorization/roleAssignments/0f0f0f0f-0000-4000-8000-000000000001';

describe('a resource stands for itself, in its own spelling', () => {
  test.each([
    VM,
    UAI,
    UAI.toUpperCase(),
    `${UAI}/federatedIdentityCredentials/main`,
    `${S}/resourceGroups/rg1/providers/Microsoft.Web/sites/app/slots/blue`,
    GROUP,
    `${S}/resourceGroups/providers`,
    S,
    MG,
    `${S}/${ASSIGNMENT}`,
    `${VM}/${ASSIGNMENT}`,
    `${MG}/${ASSIGNMENT}`,
    `/${ASSIGNMENT}`,
    `${S}/providers/Microsoft.Authorization/roleDefinitions/0f0f0f0f-0000-4000-8000-000000000002`,
  ])('%s', (id) => {
    expect(subjectOf(id)).toEqual({ id, extended: false });
  });
});

describe('an extension stands for what it extends', () => {
  test.each([
    [`${VM}/providers/Microsoft.Resources/tags/default`, VM],
    [`${UAI}/PROVIDERS/microsoft.resources/TAGS/default`, UAI],
    [`${GROUP}/providers/Microsoft.Resources/tags/default`, GROUP],
    [`${S}/providers/Microsoft.Resources/tags/default`, S],
    [`${UAI}/providers/Microsoft.Authorization/locks/keep`, UAI],
    [`${GROUP}/providers/Microsoft.Authorization/locks/keep`, GROUP],
    [`${VM}/providers/Microsoft.ManagedIdentity/identities/default`, VM],
    [`${VM}/providers/Microsoft.Insights/diagnosticSettings/all`, VM],
    [`${VM}/providers/Microsoft.Resources/tags/default/providers/Microsoft.Authorization/locks/keep`, VM],
    [`${VM}/${ASSIGNMENT}/providers/Microsoft.Resources/tags/default`, `${VM}/${ASSIGNMENT}`],
    ['/providers/Microsoft.Authorization/locks/keep', '/'],
  ])('%s', (id, meant) => {
    expect(subjectOf(id)).toEqual({ id: meant, extended: true });
  });
});

it('odd slashes are made even', () => {
  expect(subjectOf(`${VM.slice(1)}/`)).toEqual({ id: VM, extended: false });
  expect(subjectOf(VM.replaceAll('/', '//'))).toEqual({ id: VM, extended: false });
});

describe('what is no id', () => {
  test.each([
    '',
    '/',
    'vm-1',
    'https://management.azure.com/subscriptions/x',
    '/subscriptions',
    `${S}/resourceGroups`,
    `${GROUP}/providers/Microsoft.Compute`,
    `${GROUP}/providers/Microsoft.Compute/virtualMachines`,
    `${GROUP}/../rg2`,
    `${VM}?api-version=1`,
    `${VM}\n`,
    `${VM}${'/a/b'.repeat(1_000)}`,
  ])('%j', (text) => {
    expect(subjectOf(text)).toBeUndefined();
  });
});
