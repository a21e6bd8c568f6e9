import { describe, expect, it } from 'vitest';
import { targetsOf } from './targets.ts';

const S = '11111111-2222-4333-8444-555555555555';
const SUB = `/subscriptions/${S}`;
const GROUP = `${SUB}/resourceGroups/RG1`;
const VM = `${GROUP}/providers/Microsoft.Compute/virtualMachines/VM1`;
const SITE = `${GROUP}/providers/Microsoft.Web/sites/shop`;
const UAI = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/App`;
const ASSIGNED = '/providers/Microsoft.Authorization/roleAssignments/c0ffee00-0000-4000-8000-000000000001';
const ROLE = '/providers/Microsoft.Authorization/roleDefinitions/c0ffee00-0000-4000-8000-000000000002';
const MANAGEMENT_GROUP = '/providers/Microsoft.Management/managementGroups/corp';

const vms = `${SUB}|microsoft.compute/virtualmachines`;
const sites = `${SUB}|microsoft.web/sites`;
const slots = `${SITE.toLowerCase()}|microsoft.web/sites/slots`;

describe('what a hint is about', () => {
  it.each([
    ['an identity', UAI, 'write', [{ type: 'resource', cache: 'identities', area: S, id: UAI }]],
    [
      'in the spelling of events',
      UAI.replace('resourceGroups', 'resourcegroups').toUpperCase(),
      'delete',
      [
        {
          type: 'resource',
          cache: 'identities',
          area: S,
          id: UAI.replace('resourceGroups', 'resourcegroups').toUpperCase(),
        },
      ],
    ],
    [
      'a credential',
      `${UAI}/federatedIdentityCredentials/ci`,
      'write',
      [
        {
          type: 'resource',
          cache: 'credentials',
          area: UAI.toLowerCase(),
          id: `${UAI}/federatedIdentityCredentials/ci`,
        },
      ],
    ],
    [
      'an assignment at a resource',
      VM + ASSIGNED,
      'delete',
      [{ type: 'resource', cache: 'assignments', area: SUB, id: VM + ASSIGNED }],
    ],
    [
      'an assignment at a management group',
      MANAGEMENT_GROUP + ASSIGNED,
      'write',
      [
        {
          type: 'resource',
          cache: 'assignments',
          area: MANAGEMENT_GROUP.toLowerCase(),
          id: MANAGEMENT_GROUP + ASSIGNED,
        },
      ],
    ],
    [
      'an assignment at the tenant',
      ASSIGNED,
      'write',
      [{ type: 'resource', cache: 'assignments', area: '/', id: ASSIGNED }],
    ],
    [
      'a role',
      SUB + ROLE.toUpperCase(),
      'write',
      [
        { type: 'area', cache: 'roles', area: SUB },
        { type: 'elsewhere', guid: 'c0ffee00-0000-4000-8000-000000000002', area: SUB },
      ],
    ],
    [
      'a role of the tenant',
      ROLE,
      'delete',
      [
        { type: 'area', cache: 'roles', area: '/' },
        { type: 'elsewhere', guid: 'c0ffee00-0000-4000-8000-000000000002', area: '/' },
      ],
    ],
    ['a machine', VM, 'write', [{ type: 'resource', cache: 'hosts', area: vms, id: VM }]],
    ['a site that was written', SITE, 'write', [{ type: 'resource', cache: 'hosts', area: sites, id: SITE }]],
    [
      'a slot that was deleted',
      `${SITE}/slots/blue`,
      'delete',
      [{ type: 'resource', cache: 'hosts', area: slots, id: `${SITE}/slots/blue` }],
    ],
    [
      'slots that were swapped with the site',
      SITE,
      'action',
      [
        { type: 'resource', cache: 'hosts', area: sites, id: SITE },
        { type: 'area', cache: 'hosts', area: slots },
      ],
    ],
    [
      'a slot that was swapped',
      `${SITE}/slots/blue`,
      'action',
      [
        { type: 'resource', cache: 'hosts', area: sites, id: SITE },
        { type: 'area', cache: 'hosts', area: slots },
        { type: 'resource', cache: 'hosts', area: slots, id: `${SITE}/slots/blue` },
      ],
    ],
    ['a group that is gone', GROUP, 'delete', [{ type: 'beneath', scope: GROUP }]],
    ['a group that things were moved from', GROUP, 'action', [{ type: 'subscription', subscriptionId: S }]],
  ] as const)('%s', (_, id, change, targets) => {
    expect(targetsOf({ id, change })).toEqual(targets);
  });

  it.each([
    ['a group that was made', GROUP, 'write'],
    ['a subscription', SUB, 'write'],
    ['a lock', `${VM}/providers/Microsoft.Authorization/locks/keep`, 'write'],
    ['no id', 'not an id', 'write'],
    ['an empty text', '', 'delete'],
    ['a path that climbs', `${GROUP}/../other`, 'delete'],
    ['an id with a query', `${UAI}?x=1`, 'write'],
    ['a role that is no GUID', `${SUB}/providers/Microsoft.Authorization/roleDefinitions/reader`, 'write'],
    ['half an id', `${GROUP}/providers/Microsoft.Compute`, 'write'],
  ] as const)('nothing: %s', (_, id, change) => {
    expect(targetsOf({ id, change })).toEqual([]);
  });
});
