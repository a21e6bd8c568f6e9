import { expect } from 'vitest';
import { type Call, type Stage, sdkCalls } from './calls.ts';

const some = expect.any(String);
const has = (fields: object) => expect.arrayContaining([expect.objectContaining(fields)]);
const msi = ({ client }: Stage) => client('@azure/arm-msi', 'ManagedServiceIdentityClient');
const identities = (stage: Stage) => msi(stage).userAssignedIdentities;
const credentials = (stage: Stage) => msi(stage).federatedIdentityCredentials;
const credential = (subject: string, more: object = {}) => ({
  issuer: 'https://token.actions.githubusercontent.com',
  subject,
  audiences: ['api://AzureADTokenExchange'],
  ...more,
});

const IDENTITIES: readonly Call[] = [
  {
    name: 'createOrUpdate makes it, with a principal',
    call: (s) => identities(s).createOrUpdate('rg1', 'id1', { location: 'westeurope', tags: { team: 'a' } }),
    out: ({ simulator: { tenantId }, subscription }: Stage) => ({
      id: `/subscriptions/${subscription}/resourcegroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1`,
      name: 'id1',
      location: 'westeurope',
      tags: { team: 'a' },
      tenantId,
      clientId: some,
      principalId: some,
    }),
    keep: { principal: 'principalId', id: 'id' },
  },
  {
    name: 'createOrUpdate once more keeps the principal and replaces the tags',
    call: (s) => identities(s).createOrUpdate('rg1', 'id1', { location: 'westeurope', tags: { other: 'b' } }),
    out: ({ kept }: Stage) => ({ principalId: kept.principal, tags: { other: 'b' } }),
  },
  {
    name: 'createOrUpdate elsewhere is refused',
    call: (s) => identities(s).createOrUpdate('rg1', 'id1', { location: 'northeurope' }),
    refused: [409, 'InvalidResourceLocation'],
  },
  {
    name: 'createOrUpdate at a place that does not exist is refused',
    call: (s) => identities(s).createOrUpdate('rg1', 'id9', { location: 'atlantis' }),
    refused: [400, 'LocationNotAvailableForResourceType'],
  },
  {
    name: 'createOrUpdate in a group that does not exist is refused',
    call: (s) => identities(s).createOrUpdate('none', 'id1', { location: 'westeurope' }),
    refused: [404, 'ResourceGroupNotFound'],
  },
  {
    name: 'get',
    call: (s) => identities(s).get('rg1', 'ID1'),
    out: ({ kept }: Stage) => ({ principalId: kept.principal, name: 'id1' }),
  },
  {
    name: 'get of none',
    call: (s) => identities(s).get('rg1', 'none'),
    refused: [404, 'ResourceNotFound'],
  },
  {
    name: 'update of its tags',
    call: (s) => identities(s).update('rg1', 'id1', { tags: { team: 'c' } }),
    out: { tags: { team: 'c' } },
  },
  { name: 'listBySubscription', call: (s) => identities(s).listBySubscription(), out: has({ name: 'id1' }) },
  {
    name: 'listByResourceGroup',
    call: (s) => identities(s).listByResourceGroup('rg1'),
    out: [{ name: 'id1' }],
  },
  {
    name: 'operations.list',
    call: (s) => msi(s).operations.list(),
    out: has({ name: 'Microsoft.ManagedIdentity/userAssignedIdentities/read' }),
  },
  {
    name: 'systemAssignedIdentities.getByScope',
    before: ({ simulator: { control } }) =>
      control('createHost', {
        type: 'Microsoft.Compute/virtualMachines',
        name: 'vm1',
        resourceGroup: 'rg1',
        identity: { type: 'SystemAssigned' },
      }),
    call: (s) =>
      msi(s).systemAssignedIdentities.getByScope(
        `${s.group.slice(1)}/providers/Microsoft.Compute/virtualMachines/vm1`,
      ),
    out: { name: 'default', principalId: some, clientId: some },
  },
];

const CREDENTIALS: readonly Call[] = [
  {
    name: 'a credential’s createOrUpdate',
    call: (s) => credentials(s).createOrUpdate('rg1', 'id1', 'fic1', credential('one')),
    out: { name: 'fic1', subject: 'one', audiences: ['api://AzureADTokenExchange'] },
  },
  {
    name: 'its createOrUpdate changes it',
    call: (s) => credentials(s).createOrUpdate('rg1', 'id1', 'fic1', credential('two')),
    out: { name: 'fic1', subject: 'two' },
  },
  {
    name: 'a second one of the same issuer and subject is refused',
    call: (s) => credentials(s).createOrUpdate('rg1', 'id1', 'fic2', credential('two')),
    refused: [400, 'BadRequest'],
  },
  {
    name: 'one with two audiences is refused',
    call: (s) =>
      credentials(s).createOrUpdate('rg1', 'id1', 'fic2', credential('x', { audiences: ['a', 'b'] })),
    refused: [400, 'BadRequest'],
  },
  {
    name: 'one of an identity that does not exist is refused',
    call: (s) => credentials(s).createOrUpdate('rg1', 'none', 'fic2', credential('x')),
    refused: [404, 'NotFound'],
  },
  {
    name: 'a credential’s get',
    call: (s) => credentials(s).get('rg1', 'id1', 'fic1'),
    out: { subject: 'two' },
  },
  {
    name: 'a credential’s get of none',
    call: (s) => credentials(s).get('rg1', 'id1', 'none'),
    refused: [404, 'ResourceNotFound'],
  },
  {
    name: 'a second credential',
    call: (s) => credentials(s).createOrUpdate('rg1', 'id1', 'fic2', credential('three')),
    out: { subject: 'three' },
  },
  {
    name: 'a list of credentials in pages of one',
    call: (s) => credentials(s).list('rg1', 'id1', { top: 1 }),
    out: [{ name: 'fic1' }, { name: 'fic2' }],
  },
  { name: 'a credential’s delete', call: (s) => credentials(s).delete('rg1', 'id1', 'fic1') },
  { name: 'its delete once more', call: (s) => credentials(s).delete('rg1', 'id1', 'fic1') },
  {
    name: 'the identity’s delete takes the rest along',
    call: (s) => identities(s).delete('rg1', 'id1'),
  },
  { name: 'its delete once more', call: (s) => identities(s).delete('rg1', 'id1') },
  {
    name: 'made again it is another one',
    call: (s) => identities(s).createOrUpdate('rg1', 'id1', { location: 'westeurope' }),
    out: ({ kept }: Stage) => ({ name: 'id1', principalId: expect.not.stringMatching(kept.principal ?? '') }),
  },
  { name: 'without credentials', call: (s) => credentials(s).list('rg1', 'id1'), out: [] },
];

sdkCalls('arm-msi', ['@azure/arm-msi'], [...IDENTITIES, ...CREDENTIALS]);
