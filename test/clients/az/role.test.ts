import { expect } from 'vitest';
import { commandLines } from '../commands.ts';

const has = (fields: object) => expect.arrayContaining([expect.objectContaining(fields)]);

commandLines('role', [
  {
    az: 'identity create -g rg1 -n app -l westeurope',
    keep: { principal: 'principalId', client: 'clientId', id: 'id' },
  },
  {
    az: 'role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role Reader --scope {group}',
    out: {
      principalId: '{principal}',
      principalType: 'ServicePrincipal',
      scope: '{group}',
      condition: null,
      createdBy: null,
      type: 'Microsoft.Authorization/roleAssignments',
    },
    keep: { assignment: 'id', name: 'name' },
  },
  // The same again: az looks first and answers what is there.
  {
    az: 'role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role Reader --scope {group}',
    out: { id: '{assignment}' },
  },
  {
    az: 'role assignment create --assignee-object-id {principal} --assignee-principal-type User --role Contributor --scope {group}',
    code: 1,
    err: 'UnmatchedPrincipalType',
  },
  {
    az: 'role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role "No Such Role" --scope {group}',
    code: 1,
    err: "Role 'No Such Role' doesn't exist.",
  },
  {
    az: 'role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role "Storage Blob Data Reader" --scope {group} --condition "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals \'a\'" --condition-version 2.0 --description told',
    out: { conditionVersion: '2.0', description: 'told' },
    keep: { conditional: 'id', conditionalName: 'name' },
  },
  {
    az: 'role assignment create --assignee {client} --role Contributor --scope {group}',
    out: { principalId: '{principal}', principalType: 'ServicePrincipal' },
  },
  {
    az: 'role assignment create --assignee {principal} --role Owner --scope {id}',
    out: { principalId: '{principal}', scope: '{id}' },
  },
  {
    az: 'role assignment create --assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role Reader --scope {group}/providers/Microsoft.Compute/virtualMachines/none',
    code: 3,
    err: 'ResourceNotFound',
  },
  {
    az: 'role assignment create --name 00000000-0000-4000-8000-000000000001 --assignee-object-id {principal} --assignee-principal-type ServicePrincipal --role "Key Vault Secrets User" --scope /subscriptions/{subscription}',
    out: { name: '00000000-0000-4000-8000-000000000001' },
  },
  {
    az: 'role assignment list --scope {group} --assignee-object-id {principal} --fill-principal-name false',
    out: has({ scope: '{group}' }),
  },
  {
    az: `role assignment update --role-assignment '{"id":"{conditional}","name":"{conditionalName}","scope":"{group}","principalId":"{principal}","principalType":"ServicePrincipal","roleDefinitionId":"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1","description":"other","condition":null,"conditionVersion":null}'`,
    // az takes null for what it shall leave alone.
    out: { description: 'other', conditionVersion: '2.0' },
  },
  { az: 'role assignment list -g rg1', out: has({ id: '{assignment}', roleDefinitionName: 'Reader' }) },
  { az: 'role assignment list --all', out: has({ scope: '{id}', roleDefinitionName: 'Owner' }) },
  {
    az: 'role assignment list --scope {group} --include-inherited',
    out: has({ name: '00000000-0000-4000-8000-000000000001' }),
  },
  {
    az: 'role assignment list --all --assignee {principal}',
    out: has({ principalId: '{principal}', principalName: '{client}' }),
  },
  { az: 'role assignment list -g rg1 --role Reader', out: has({ roleDefinitionName: 'Reader' }) },
  {
    az: 'role assignment list --assignee {client} --scope {group}',
    out: has({ principalId: '{principal}' }),
  },
  { az: 'role assignment delete --ids {assignment}' },
  { az: 'role assignment list --scope {group} --role Reader', out: [] },
  { az: 'role assignment delete --assignee {principal} --role Contributor --scope {group}' },
  { az: 'role definition list --name Reader', out: [{ roleName: 'Reader', roleType: 'BuiltInRole' }] },
  { az: 'role definition list', out: has({ roleName: 'Owner' }) },
  { az: 'role definition list --custom-role-only', out: [] },
  {
    az: 'role definition show --scope {group} --name acdd72a7-3385-48ef-bd42-f606fba81ae7',
    out: { roleName: 'Reader' },
  },
  {
    az: 'role definition create --role-definition \'{"Name":"Mine","Description":"d","Actions":["*/read"],"AssignableScopes":["{group}"]}\'',
    out: { roleName: 'Mine', roleType: 'CustomRole', createdBy: null },
    keep: { role: 'name', roleId: 'id' },
  },
  {
    az: 'role definition create --role-definition \'{"Name":"Mine","Description":"d","Actions":["*/read"],"AssignableScopes":["{group}"]}\'',
    code: 1,
    err: 'RoleDefinitionWithSameNameExists',
  },
  {
    az: 'role definition update --role-definition \'{"roleName":"Mine","name":"{role}","Description":"other","Actions":["*/read"],"AssignableScopes":["{group}"]}\'',
    out: { description: 'other' },
  },
  { az: 'role definition list --custom-role-only -g rg1', out: [{ roleName: 'Mine' }] },
  { az: 'role definition delete --name Mine -g rg1' },
  { az: 'role definition list --name Mine -g rg1', out: [] },
]);
