import { join } from 'node:path';
import { expect } from 'vitest';
import { commandLines } from '../commands.ts';

const some = expect.any(String);
const has = (fields: object) => expect.arrayContaining([expect.objectContaining(fields)]);
const file = (name: string) => `--template-file ${join(import.meta.dirname, '..', 'templates', name)}`;
const TEMPLATE = `${file('identity.jsonc')} --parameters name=app`;
const ID = '{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app';
const change = (changeType: string, more: object = {}) => has({ changeType, ...more });

commandLines('deployment group', [
  {
    az: `deployment group validate -g rg1 -n d1 ${TEMPLATE}`,
    out: { properties: { provisioningState: 'Succeeded' } },
  },
  {
    az: `deployment group what-if -g rg1 -n d1 ${TEMPLATE} --no-pretty-print`,
    out: { status: 'Succeeded', changes: change('Create', { resourceId: ID }) },
  },
  { az: 'identity show -g rg1 -n app', code: 3, err: 'ResourceNotFound' },
  {
    az: `deployment group create -g rg1 -n d1 ${TEMPLATE}`,
    out: {
      name: 'd1',
      properties: {
        provisioningState: 'Succeeded',
        mode: 'Incremental',
        outputs: { clientId: { type: 'String', value: some } },
        outputResources: has({ id: ID }),
      },
    },
  },
  {
    az: 'identity show -g rg1 -n app',
    out: { tags: { by: 'template' } },
    keep: { principal: 'principalId' },
  },
  {
    az: 'identity federated-credential list -g rg1 --identity-name app',
    out: [{ name: 'main', subject: 'repo:contoso/app:ref:refs/heads/main' }],
  },
  {
    az: 'role assignment list -g rg1 --assignee-object-id {principal} --fill-principal-name false',
    out: [{ roleDefinitionName: 'Reader', scope: '{group}' }],
  },
  {
    az: 'deployment group show -g rg1 -n d1',
    out: { name: 'd1', properties: { provisioningState: 'Succeeded' } },
  },
  { az: 'deployment group show -g rg1 -n none', code: 3, err: 'DeploymentNotFound' },
  { az: 'deployment group list -g rg1', out: [{ name: 'd1' }] },
  {
    az: 'deployment operation group list -g rg1 -n d1',
    out: has({ properties: expect.objectContaining({ provisioningState: 'Succeeded' }) }),
  },
  { az: 'deployment group export -g rg1 -n d1', out: { contentVersion: '1.0.0.0' } },
  { az: 'identity update -g rg1 -n app --set tags.by=hand', out: { tags: { by: 'hand' } } },
  {
    az: `deployment group what-if -g rg1 -n d1 ${TEMPLATE} --no-pretty-print`,
    out: { changes: change('Modify', { resourceId: ID }) },
  },
  {
    az: `deployment group create -g rg1 -n d1 ${TEMPLATE}`,
    out: { properties: { provisioningState: 'Succeeded' } },
  },
  { az: 'identity show -g rg1 -n app', out: { tags: { by: 'template' }, principalId: '{principal}' } },
  {
    az: `deployment group create -g rg1 -n d2 ${file('identity.jsonc')} --parameters name=app subject=other`,
    out: { properties: { provisioningState: 'Succeeded' } },
  },
  {
    az: 'identity federated-credential show -g rg1 --identity-name app -n main',
    out: { subject: 'other' },
  },
  {
    az: `deployment group create -g rg1 -n d3 ${TEMPLATE} wrong=1`,
    code: 1,
    err: 'wrong',
  },
  { az: 'lock create -n keep -t ReadOnly -g rg1', out: { level: 'ReadOnly' } },
  { az: `deployment group create -g rg1 -n d4 ${TEMPLATE}`, code: 1, err: 'ScopeLocked' },
  { az: 'lock delete -n keep -g rg1' },
  { az: 'identity create -g rg1 -n extra -l westeurope', out: { name: 'extra' } },
  {
    az: `deployment group what-if -g rg1 -n d5 --mode Complete ${TEMPLATE} --no-pretty-print`,
    out: { changes: change('Delete', { resourceId: expect.stringMatching(/\/extra$/) }) },
  },
  {
    az: `deployment group create -g rg1 -n d5 --mode Complete ${TEMPLATE}`,
    out: { properties: { mode: 'Complete', provisioningState: 'Succeeded' } },
  },
  { az: 'identity list -g rg1', out: [{ name: 'app' }] },
  { az: 'deployment group delete -g rg1 -n d1' },
  { az: 'deployment group list -g rg1', out: has({ name: 'd2' }) },
]);
