import { expect } from 'vitest';
import { commandLines } from '../commands.ts';

const some = expect.any(String);
const ID =
  '/subscriptions/{subscription}/resourcegroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities';

commandLines('identity', [
  {
    az: 'identity create -g rg1 -n id1 -l westeurope --tags team=a',
    out: {
      id: `${ID}/id1`,
      name: 'id1',
      location: 'westeurope',
      tags: { team: 'a' },
      principalId: some,
      clientId: some,
      tenantId: '{tenant}',
    },
    keep: { principal: 'principalId', client: 'clientId', id: 'id' },
  },
  { az: 'identity create -g rg1 -n id1 -l westeurope', out: { principalId: '{principal}', tags: {} } },
  {
    az: 'identity create -g rg1 -n id2 -l "West Europe"',
    out: { location: 'westeurope' },
    keep: { id2: 'id' },
  },
  { az: 'identity create -g rg1 -n id3', out: { name: 'id3', location: 'westeurope' } },
  { az: 'identity create -g rg1 -n id1 -l northeurope', code: 1, err: 'InvalidResourceLocation' },
  { az: 'identity create -g none -n id1 -l westeurope', code: 3, err: 'ResourceGroupNotFound' },
  { az: 'identity create -g rg1 -n "-bad" -l westeurope', code: 2 },
  {
    az: 'identity show -g rg1 -n id1',
    out: { principalId: '{principal}', type: 'Microsoft.ManagedIdentity/userAssignedIdentities' },
  },
  { az: 'identity show --ids {id}', out: { principalId: '{principal}' } },
  { az: 'identity show -g rg1 -n none', code: 3, err: 'ResourceNotFound' },
  { az: 'identity list -g rg1', out: [{ name: 'id1' }, { name: 'id2' }, { name: 'id3' }] },
  { az: 'identity list', out: expect.arrayContaining([expect.objectContaining({ name: 'id1' })]) },
  { az: 'identity update -g rg1 -n id1 --set tags.team=b', out: { tags: { team: 'b' } } },
  {
    az: 'identity list-operations',
    out: expect.arrayContaining([
      expect.objectContaining({ name: 'Microsoft.ManagedIdentity/userAssignedIdentities/read' }),
    ]),
  },
  { az: 'identity list-resources -g rg1 -n id1', out: [] },
  {
    az: 'identity federated-credential create -g rg1 --identity-name id1 -n fic1 --issuer https://token.actions.githubusercontent.com --subject repo:contoso/app:ref:refs/heads/main --audiences api://AzureADTokenExchange',
    out: {
      name: 'fic1',
      issuer: 'https://token.actions.githubusercontent.com',
      subject: 'repo:contoso/app:ref:refs/heads/main',
      audiences: ['api://AzureADTokenExchange'],
      type: 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials',
    },
  },
  {
    az: 'identity federated-credential create -g rg1 --identity-name id1 -n fic2 --issuer https://token.actions.githubusercontent.com --subject repo:contoso/app:ref:refs/heads/main --audiences api://AzureADTokenExchange',
    code: 1,
    err: 'Issuer and subject combination already exists',
  },
  {
    az: 'identity federated-credential create -g rg1 --identity-name none -n fic2 --issuer https://a.example --subject s --audiences a',
    code: 3,
    err: "The parent user-assigned identity doesn't exist.",
  },
  {
    az: 'identity federated-credential create -g rg1 --identity-name id1 -n fic3 --issuer https://a.example --subject s',
    out: { audiences: ['api://AzureADTokenExchange'] },
  },
  {
    az: 'identity federated-credential update -g rg1 --identity-name id1 -n fic1 --issuer https://a.example --subject other --audiences api://AzureADTokenExchange',
    out: { subject: 'other' },
  },
  {
    az: 'identity federated-credential show -g rg1 --identity-name id1 -n fic1',
    out: { subject: 'other', issuer: 'https://a.example' },
  },
  {
    az: 'identity federated-credential show -g rg1 --identity-name id1 -n none',
    code: 3,
    err: 'ResourceNotFound',
  },
  {
    az: 'identity federated-credential list -g rg1 --identity-name id1',
    out: [{ name: 'fic1' }, { name: 'fic3' }],
  },
  { az: 'identity federated-credential delete -g rg1 --identity-name id1 -n fic1 --yes' },
  { az: 'identity federated-credential delete -g rg1 --identity-name id1 -n fic1 --yes' },
  { az: 'identity federated-credential list -g rg1 --identity-name id1', out: [{ name: 'fic3' }] },
  { az: 'identity delete -g rg1 -n id2' },
  { az: 'identity delete -g rg1 -n id2' },
  { az: 'identity show --ids {id2}', code: 3, err: 'ResourceNotFound' },
  { az: 'identity create -g rg1 -n id2 -l westeurope', out: { name: 'id2' } },
]);
