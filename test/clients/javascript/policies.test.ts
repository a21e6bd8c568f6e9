import { type Stage, sdkCalls } from './calls.ts';
import { at, has } from './host-calls.ts';

const policies = ({ client }: Stage) => client('@azure/arm-policy', 'PolicyClient');
const assignments = (stage: Stage) => policies(stage).policyAssignments;
const identities = ({ client }: Stage) =>
  client('@azure/arm-msi', 'ManagedServiceIdentityClient').userAssignedIdentities;
const TAG = '871b6d14-10aa-478d-b590-94f262ecfa99';
const DEFINITIONS = '/providers/Microsoft.Authorization/policyDefinitions';

sdkCalls(
  'arm-policy',
  ['@azure/arm-policy', '@azure/arm-msi'],
  [
    {
      name: 'policyDefinitions.getBuiltIn',
      call: (s) => policies(s).policyDefinitions.getBuiltIn(TAG),
      out: { displayName: 'Require a tag on resources', mode: 'Indexed' },
    },
    {
      name: 'policyAssignments.create',
      call: (s) =>
        assignments(s).create(s.group, 'tagged', {
          policyDefinitionId: `${DEFINITIONS}/${TAG}`,
          parameters: { tagName: { value: 'team' } },
        }),
      out: (s: Stage) => ({ name: 'tagged', scope: s.group, enforcementMode: 'Default' }),
    },
    {
      name: 'a write that it does not want is refused',
      call: (s) => identities(s).createOrUpdate('rg1', 'app', at),
      refused: [403, 'RequestDisallowedByPolicy'],
    },
    {
      name: 'one that it wants is not',
      call: (s) => identities(s).createOrUpdate('rg1', 'app', { ...at, tags: { team: 'a' } }),
      out: { tags: { team: 'a' } },
    },
    {
      name: 'policyAssignments.get',
      call: (s) => assignments(s).get(s.group, 'tagged'),
      out: { name: 'tagged' },
    },
    { name: 'policyAssignments.list', call: (s) => assignments(s).list(), out: has({ name: 'tagged' }) },
    {
      name: 'policyAssignments.create of a definition that is not simulated says so',
      call: (s) =>
        assignments(s).create(s.group, 'other', {
          policyDefinitionId: `${DEFINITIONS}/11111111-1111-4111-8111-111111111111`,
        }),
      refused: [501, 'NotSimulated'],
    },
    {
      name: 'policyAssignments.delete',
      call: (s) => assignments(s).delete(s.group, 'tagged'),
      out: { name: 'tagged' },
    },
    {
      name: 'policyAssignments.get of what was deleted',
      call: (s) => assignments(s).get(s.group, 'tagged'),
      refused: [404, 'PolicyAssignmentNotFound'],
    },
  ],
);
