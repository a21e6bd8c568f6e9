import { expect } from 'vitest';
import { commandLines } from '../commands.ts';

const has = (fields: object) => expect.arrayContaining([expect.objectContaining(fields)]);
const LOCATIONS = 'e56962a6-4747-49cd-b67b-bf8b01975c4c';

commandLines('policy', [
  {
    az: `policy definition show -n ${LOCATIONS}`,
    out: { displayName: 'Allowed locations', policyType: 'BuiltIn' },
  },
  { az: 'policy definition list', out: has({ displayName: 'Require a tag on resources' }) },
  {
    az: `policy assignment create -n where -g rg1 --policy ${LOCATIONS} --display-name Where --params '{"listOfAllowedLocations":{"value":["northeurope"]}}'`,
    out: { name: 'where', scope: '{group}', enforcementMode: 'Default' },
  },
  { az: 'identity create -g rg1 -n app -l westeurope', code: 1, err: 'RequestDisallowedByPolicy' },
  {
    az: 'identity create -g rg1 -n app -l northeurope',
    out: { location: 'northeurope' },
    keep: { id: 'id' },
  },
  { az: 'policy assignment show -n where -g rg1', out: { displayName: 'Where' } },
  { az: 'policy assignment show -n none -g rg1', code: 3, err: 'PolicyAssignmentNotFound' },
  { az: 'policy assignment list -g rg1', out: has({ name: 'where' }) },
  { az: 'policy assignment delete -n where -g rg1' },
  { az: 'identity create -g rg1 -n other -l westeurope', out: { location: 'westeurope' } },
  {
    az: `policy definition create -n team --mode Indexed --rules '{"if":{"field":"tags.team","exists":"false"},"then":{"effect":"deny"}}'`,
    out: { name: 'team', policyType: 'Custom' },
  },
  {
    az: 'policy assignment create -n team --policy team',
    out: { name: 'team', scope: '/subscriptions/{subscription}' },
  },
  { az: 'identity create -g rg1 -n third -l westeurope', code: 1, err: 'RequestDisallowedByPolicy' },
  { az: 'identity create -g rg1 -n third -l westeurope --tags team=a', out: { tags: { team: 'a' } } },
  {
    az: 'tag update --resource-id {id} --operation Replace --tags a=b',
    code: 1,
    err: 'RequestDisallowedByPolicy',
  },
  { az: 'identity delete --ids {id}' },
  { az: 'policy assignment delete -n team' },
  { az: 'policy definition delete -n team' },
]);
