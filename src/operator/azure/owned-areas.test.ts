import { expect, it } from 'vitest';
import { areaOfOwned } from './owned-areas.ts';

const SUB = '/subscriptions/11111111-2222-4333-8444-555555555555';
const GROUP = `${SUB}/resourcegroups/rg1`;
const GUID = '7a6b5c4d-1111-4222-8333-444455556666';

it.each([
  [
    'an identity, by its subscription',
    `${GROUP}/providers/microsoft.managedidentity/userassignedidentities/web`,
    { cache: 'identities', area: SUB.slice('/subscriptions/'.length) },
  ],
  [
    'an assignment, by its scope',
    `${GROUP}/providers/microsoft.authorization/roleassignments/${GUID}`,
    { cache: 'assignments', area: GROUP },
  ],
  [
    'an assignment on a resource, which is no host for that',
    `${GROUP}/providers/microsoft.compute/virtualmachines/vm1/providers/microsoft.authorization/roleassignments/${GUID}`,
    { cache: 'assignments', area: `${GROUP}/providers/microsoft.compute/virtualmachines/vm1` },
  ],
  [
    'a resource, by its type',
    `${GROUP}/providers/microsoft.compute/virtualmachines/vm1`,
    { cache: 'hosts', area: `${SUB}|microsoft.compute/virtualmachines` },
  ],
  [
    'no credential, of which no list shows many',
    `${GROUP}/providers/microsoft.managedidentity/userassignedidentities/web/federatedidentitycredentials/ci`,
    undefined,
  ],
  ['no part of a resource', `${GROUP}/providers/microsoft.compute/virtualmachines/vm1#system`, undefined],
  ['no text that a user wrote into a status', 'not an id', undefined],
  ['no subscription', SUB, undefined],
])('what an object has in Azure is listed as %s', (_, key, expected) => {
  expect(areaOfOwned(key)).toEqual(expected);
});
