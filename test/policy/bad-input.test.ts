import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import {
  both,
  fewItems,
  long,
  namesIn,
  notA,
  oneOf,
  refusal,
  shape,
  short,
  tooLong,
} from '../support/kinds/refusals.ts';
import { RG1, useStage } from '../support/stage.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** At the door: for every property of both kinds at least one value that the API server refuses, naming the field. */
const stage = useStage();

const GUID = ['an id such as 11111111-2222-4333-8444-555555555555', 'names are not looked up here'] as const;
const GROUP = [
  'the name of a resource group: letters, digits and - _ . ( ) without a dot at the end',
  'give the name alone, not an ARM id',
] as const;
const REGION = (given: string) =>
  `expected a region by its name or display name, such as westeurope or West Europe, got '${given}'; az account list-locations -o table shows both`;
const MARKS = 'tag names that begin with azid- are the marks azid sets itself; choose another name';
const TAG_NAMES = 'a tag name has 1 to 512 characters and none of < > % & \\ ? /';
const SCOPE = [
  'a subscription or resource group: /subscriptions/<id> or /subscriptions/<id>/resourceGroups/<group>',
] as const;
const IDENTITY_ID = [
  'the ARM id of a user-assigned identity: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>',
  '`az identity show --query id` shows it',
] as const;
type Row = readonly [spec: object, message: string];
const manyTags = Object.fromEntries(Array.from({ length: 47 }, (_, i) => [`tag${i}`, 'x']));

const identities: readonly Row[] = [
  [{ subscriptionId: 'production' }, shape('spec.subscriptionId', 'production', ...GUID)],
  [{ resourceGroup: 'ends-with.' }, shape('spec.resourceGroup', 'ends-with.', ...GROUP)],
  [{ resourceGroup: '' }, short('spec.resourceGroup', '', 1)],
  [{ resourceGroup: long(91) }, tooLong('spec.resourceGroup', 90)],
  [{ location: 'west_europe' }, `spec.location: Invalid value: "west_europe": ${REGION('west_europe')}`],
  [{ name: 'ab' }, short('spec.name', 'ab', 3)],
  [
    { name: '-web' },
    shape(
      'spec.name',
      '-web',
      'the name of an identity: 3 to 128 letters, digits, - and _, the first a letter or digit',
    ),
  ],
  [{ name: long(129) }, tooLong('spec.name', 128)],
  [{ tags: { 'a/b': 'x' } }, `spec.tags: Invalid value: ${TAG_NAMES}`],
  [{ tags: { [long(513)]: 'x' } }, `spec.tags: Invalid value: ${TAG_NAMES}`],
  [{ tags: { 'AZID-Owner': 'x' } }, `spec.tags: Invalid value: ${MARKS}`],
  [{ tags: { app: long(257) } }, tooLong('spec.tags.app', 256)],
  [{ tags: manyTags }, 'spec.tags: Too many: 47: must have at most 46 items'],
  [{ isolationScope: 'Global' }, oneOf('spec.isolationScope', 'Global', 'None', 'Regional')],
  [
    { output: { configMap: { name: 'Not_a_name' } } },
    shape(
      'spec.output.configMap.name',
      'Not_a_name',
      'the name of a ConfigMap: lower-case letters, digits, - and ., a letter or digit at both ends',
    ),
  ],
  [{ output: { configMap: {} } }, 'spec.output.configMap.name: Required value'],
  [{ output: 'web-id' }, notA('map', 'spec.output', 'web-id')],
  [{ deletionPolicy: 'Orphan' }, oneOf('spec.deletionPolicy', 'Orphan', 'Delete', 'Retain')],
  [{ adoption: 'Always' }, oneOf('spec.adoption', 'Always', 'Never', 'Adopt')],
  [{ suspend: 'yes' }, notA('boolean', 'spec.suspend', 'yes')],
  [{ resourcegroup: 'rg1' }, '.spec.resourcegroup: field not declared in schema'],
];

const namespaces = { names: ['team-a'] };
const term = (fields: object) => ({ namespaces: { selector: { matchExpressions: [fields] } } });
const TERM = 'spec.namespaces.selector.matchExpressions[0]';
const VALUES = `${TERM}: Invalid value: values is required for In and NotIn, and not allowed for Exists and DoesNotExist`;

/** One rule that may grant Reader on the tenant, changed where a row says so. */
const grants = (fields: object) => ({
  namespaces,
  grants: [{ roles: ['Reader'], scopes: ['/'], ...fields }],
});
const GRANT_SCOPE = [
  '/ (the tenant), or the ARM id of a management group, subscription, resource group or resource',
] as const;
/** One rule that may attach, or switch on, on VMs in rg1, changed where a row says so. */
const rule = (fields: object) => [{ types: ['Microsoft.Compute/virtualMachines'], scopes: [RG1], ...fields }];
const attachments = (fields: object) => ({ namespaces, attachments: rule(fields) });
const HOST_TYPE = [
  'a resource type such as Microsoft.Compute/virtualMachines, or * for all that azid knows',
  'there are no other patterns: name each type',
] as const;
const HOST_SCOPE = ['the ARM id of a subscription, a resource group or a resource'] as const;

const policies: readonly Row[] = [
  [{}, 'spec.namespaces: Required value'],
  [
    { namespaces: {} },
    'spec.namespaces: Invalid value: names, selector or both are needed; an empty selector ({}) selects every namespace',
  ],
  [{ namespaces: { names: [''] } }, short('spec.namespaces.names[0]', '', 1)],
  [{ namespaces: { names: [long(64)] } }, tooLong('spec.namespaces.names[0]', 63)],
  [
    { namespaces: { selector: { matchLabels: { team: long(64) } } } },
    tooLong('spec.namespaces.selector.matchLabels.team', 63),
  ],
  [term({ key: '', operator: 'Exists' }), short(`${TERM}.key`, '', 1)],
  [
    term({ key: 'team', operator: 'Near' }),
    oneOf(`${TERM}.operator`, 'Near', 'In', 'NotIn', 'Exists', 'DoesNotExist'),
  ],
  [term({ key: 'team', operator: 'In' }), VALUES],
  [term({ key: 'team', operator: 'Exists', values: ['a'] }), VALUES],
  [{ namespaces, identities: {} }, 'spec.identities.scopes: Required value'],
  [{ namespaces, identities: { scopes: [] } }, fewItems('spec.identities.scopes')],
  [{ namespaces, identities: { scopes: ['rg1'] } }, shape('spec.identities.scopes[0]', 'rg1', ...SCOPE)],
  [{ namespaces, adoption: { identityIds: [] } }, fewItems('spec.adoption.identityIds')],
  [
    { namespaces, adoption: { identityIds: [RG1] } },
    shape('spec.adoption.identityIds[0]', RG1, ...IDENTITY_ID),
  ],
  [
    { namespaces, defaults: { subscriptionId: 'production' } },
    shape('spec.defaults.subscriptionId', 'production', ...GUID),
  ],
  [{ namespaces, defaults: { resourceGroup: 'a b' } }, shape('spec.defaults.resourceGroup', 'a b', ...GROUP)],
  [
    { namespaces, defaults: { location: 'west_europe' } },
    `spec.defaults.location: Invalid value: "west_europe": ${REGION('west_europe')}`,
  ],
  [{ namespaces, defaults: { tags: { 'azid-owner': 'x' } } }, `spec.defaults.tags: Invalid value: ${MARKS}`],
  [{ namespaces, defaults: { tags: { 'a/b': 'x' } } }, `spec.defaults.tags: Invalid value: ${TAG_NAMES}`],
  [{ namespaces, defaults: { tags: { app: long(257) } } }, tooLong('spec.defaults.tags.app', 256)],
  [{ namespaces, federation: [] }, fewItems('spec.federation')],
  [
    { namespaces, federation: [{ issuers: [''], subjects: ['s'] }] },
    short('spec.federation[0].issuers[0]', '', 1),
  ],
  [
    { namespaces, federation: [{ issuers: ['cluster'], subjects: [] }] },
    fewItems('spec.federation[0].subjects'),
  ],
  [
    { namespaces, federation: [{ issuers: ['cluster'], subjects: ['s'], audiences: [] }] },
    fewItems('spec.federation[0].audiences'),
  ],
  [grants({ roles: [] }), fewItems('spec.grants[0].roles')],
  [grants({ scopes: ['rg1'] }), both('spec.grants[0].scopes[0]', 'rg1', ...GRANT_SCOPE)],
  [
    grants({ principals: { identityRefs: 'yes' } }),
    notA('boolean', 'spec.grants[0].principals.identityRefs', 'yes'),
  ],
  [grants({ principals: { ids: ['ann'] } }), shape('spec.grants[0].principals.ids[0]', 'ann', ...GUID)],
  [
    grants({ maxDuration: '8 hours' }),
    'spec.grants[0].maxDuration: Invalid value: "8 hours": expected a duration above zero in days, hours and minutes, such as 30d, 8h or 1d12h30m, got \'8 hours\'; leave the field out for grants without an end',
  ],
  [{ namespaces, attachments: [] }, fewItems('spec.attachments')],
  [attachments({ types: [] }), fewItems('spec.attachments[0].types')],
  [
    attachments({ types: ['Microsoft.Compute/*'] }),
    shape('spec.attachments[0].types[0]', 'Microsoft.Compute/*', ...HOST_TYPE),
  ],
  [attachments({ scopes: [] }), fewItems('spec.attachments[0].scopes')],
  [attachments({ scopes: ['/'] }), both('spec.attachments[0].scopes[0]', '/', ...HOST_SCOPE)],
  [attachments({ scopes: [long(1025)] }), tooLong('spec.attachments[0].scopes[0]', 1024)],
  [attachments({ adopt: 'yes' }), notA('boolean', 'spec.attachments[0].adopt', 'yes')],
  [attachments({ selectors: 'yes' }), notA('boolean', 'spec.attachments[0].selectors', 'yes')],
  [
    attachments({ identities: { identityRefs: 'yes' } }),
    notA('boolean', 'spec.attachments[0].identities.identityRefs', 'yes'),
  ],
  [
    attachments({ identities: { ids: ['web'] } }),
    both('spec.attachments[0].identities.ids[0]', 'web', ...IDENTITY_ID),
  ],
  [{ namespaces, systemAssigned: [] }, fewItems('spec.systemAssigned')],
  [
    { namespaces, systemAssigned: rule({ types: ['virtualMachines'] }) },
    shape('spec.systemAssigned[0].types[0]', 'virtualMachines', ...HOST_TYPE),
  ],
  [
    { namespaces, systemAssigned: rule({ scopes: ['rg1'] }) },
    both('spec.systemAssigned[0].scopes[0]', 'rg1', ...HOST_SCOPE),
  ],
  [
    { namespaces, systemAssigned: rule({ adopt: 'yes' }) },
    notA('boolean', 'spec.systemAssigned[0].adopt', 'yes'),
  ],
  [
    { namespaces, systemAssigned: rule({ selectors: true }) },
    '.spec.systemAssigned[0].selectors: field not declared in schema',
  ],
];

const principal = { identityRef: { name: 'web' } };
const role = { name: 'Reader' };
const scope = '/';
const someone = '00000000-0000-4000-8000-000000000001';

const roleGrants: readonly Row[] = [
  [{ role, scope }, 'spec.principal: Required value'],
  [
    { principal: { identityRef: { kind: 'Pod', name: 'web' } }, role, scope },
    oneOf('spec.principal.identityRef.kind', 'Pod', 'UserAssignedIdentity', 'SystemAssignedIdentity'),
  ],
  [
    { principal: {}, role, scope },
    'spec.principal: Invalid value: exactly one of identityRef and id is needed, got none of them',
  ],
  [
    { principal: { id: someone }, role, scope },
    'spec.principal: Invalid value: type is needed with id, and not allowed with identityRef',
  ],
  [
    { principal: { id: someone, type: 'Robot' }, role, scope },
    oneOf('spec.principal.type', 'Robot', 'ServicePrincipal', 'User', 'Group'),
  ],
  [
    { principal, role: { name: 'Reader', id: someone }, scope },
    'spec.role: Invalid value: exactly one of name and id is needed, got name and id',
  ],
  [
    { principal, role, scope: 'rg1' },
    shape('spec.scope', 'rg1', ...GRANT_SCOPE, '`az group show --query id` and the like show it'),
  ],
  [{ principal, role, scope, condition: { version: '2.0' } }, 'spec.condition.expression: Required value'],
  [
    { principal, role, scope, condition: { expression: 'x', version: '1.0' } },
    oneOf('spec.condition.version', '1.0', '2.0'),
  ],
  [{ principal, role, scope, description: long(1501) }, tooLong('spec.description', 1500)],
  [
    { principal, role, scope, expiresAt: 'tomorrow' },
    'spec.expiresAt: Invalid value: "tomorrow": expected a time as of RFC 3339, such as 2026-12-01T12:00:00Z or 2026-12-01T12:00:00+01:00, got \'tomorrow\'',
  ],
  [
    { principal, role, scope, deletionPolicy: 'Keep' },
    oneOf('spec.deletionPolicy', 'Keep', 'Delete', 'Retain'),
  ],
  [{ principal, role, scope, suspend: 'yes' }, notA('boolean', 'spec.suspend', 'yes')],
];

describe.each([
  { kind: 'UserAssignedIdentity', rows: identities },
  { kind: 'IdentityPolicy', rows: policies },
  { kind: 'RoleGrant', rows: roleGrants },
])('a $kind', ({ kind, rows }) => {
  it.each(rows)('with spec %j is refused', async (spec, message) => {
    const namespace = kind === 'IdentityPolicy' ? {} : { namespace: stage.namespace };
    expect(await refusal(stage.cluster, kind, { name: 'web', ...namespace }, spec)).toEqual(message);
  });
});

it('no property of these kinds is left out of the tables above', () => {
  for (const [{ spec }, rows] of [
    [userAssignedIdentity, identities],
    [identityPolicy, policies],
    [roleGrant, roleGrants],
  ] as const) {
    const given = JSON.stringify(rows);
    const names = namesIn(z.toJSONSchema(spec, { io: 'input' }));
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !given.includes(`"${name}"`))).toEqual([]);
  }
});

describe('a UserAssignedIdentity', () => {
  it('whose name cannot be an identity’s needs spec.name', async () => {
    const refused = refusal(
      stage.cluster,
      'UserAssignedIdentity',
      { name: 'shop.example', namespace: stage.namespace },
      {},
    );
    expect(await refused).toBe(
      "spec: Invalid value: the object's name shop.example cannot be the name of an identity in Azure (3 to 128 letters, digits, - and _); set spec.name",
    );
  });

  const whole = {
    subscriptionId: SUBSCRIPTION,
    resourceGroup: 'rg1',
    location: 'westeurope',
    name: 'first',
  } as const;
  const others = {
    subscriptionId: SUBSCRIPTION.replace(/^1/, '9'),
    resourceGroup: 'rg2',
    location: 'eastus',
    name: 'second',
  };
  const fields = Object.keys(whole) as (keyof typeof whole)[];

  it.each(fields)('keeps %s: changing, removing and adding it are refused', async (field) => {
    const metadata = { name: 'web', namespace: stage.namespace };
    const { [field]: _, ...without } = whole;
    const message = `spec.${field}: Forbidden: ${field} is immutable, adding and removing it included; make a new object with the wanted value and delete this one`;
    await stage.declare('web', whole);
    expect(
      await refusal(stage.cluster, 'UserAssignedIdentity', metadata, { ...whole, [field]: others[field] }),
    ).toBe(message);
    expect(await refusal(stage.cluster, 'UserAssignedIdentity', metadata, without)).toBe(message);
    await stage.declare('api', without);
    expect(await refusal(stage.cluster, 'UserAssignedIdentity', { ...metadata, name: 'api' }, whole)).toBe(
      message,
    );
  });
});
