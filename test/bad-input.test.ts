import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { identityPolicy } from '../src/api/identity-policy.ts';
import { roleGrant } from '../src/api/role-grant.ts';
import { userAssignedIdentity } from '../src/api/user-assigned-identity.ts';
import { RG1, useStage } from './support/stage.ts';
import { SUBSCRIPTION } from './support/testbed.ts';

/** At the door: for every property of both kinds at least one value that the API server refuses, naming the field. */
const stage = useStage();

const GUID = "'^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'";
const GROUP = "'^[-_.()a-zA-Z0-9]*[-_()a-zA-Z0-9]$'";
const MARKS = 'tag names that begin with azid- are the marks azid sets itself; choose another name';
const TAG_NAMES = 'a tag name has 1 to 512 characters and none of < > % & \\ ? /';
const SCOPE =
  "'^\\/subscriptions\\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\\/resource[gG]roups\\/[-_.()a-zA-Z0-9]{1,90})?$'";
const IDENTITY_ID =
  "'^\\/subscriptions\\/[0-9a-fA-F-]{36}\\/resource[gG]roups\\/[-_.()a-zA-Z0-9]{1,90}\\/providers\\/[mM]icrosoft\\.[mM]anaged[iI]dentity\\/user[aA]ssigned[iI]dentities\\/[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$'";
const long = (length: number) => 'n'.repeat(length);
const pattern = (field: string, value: string, expected: string) =>
  `${field}: Invalid value: "${value}": ${field} in body should match ${expected}`;
const short = (field: string, value: string, least: number) =>
  `${field}: Invalid value: "${value}": ${field} in body should be at least ${least} chars long`;
const tooLong = (field: string, most: number) => `${field}: Too long: may not be more than ${most} bytes`;
const oneOf = (field: string, value: string, ...values: string[]) =>
  `${field}: Unsupported value: "${value}": supported values: ${values.map((each) => `"${each}"`).join(', ')}`;
const fewItems = (field: string) =>
  `${field}: Invalid value: 0: ${field} in body should have at least 1 items`;

type Row = readonly [spec: object, message: string];
const manyTags = Object.fromEntries(Array.from({ length: 47 }, (_, i) => [`tag${i}`, 'x']));

const identities: readonly Row[] = [
  [{ subscriptionId: 'production' }, pattern('spec.subscriptionId', 'production', GUID)],
  [{ resourceGroup: 'ends-with.' }, pattern('spec.resourceGroup', 'ends-with.', GROUP)],
  [{ resourceGroup: '' }, short('spec.resourceGroup', '', 1)],
  [{ resourceGroup: long(91) }, tooLong('spec.resourceGroup', 90)],
  [{ location: 'West Europe' }, pattern('spec.location', 'West Europe', "'^[a-z0-9]+$'")],
  [{ name: 'ab' }, short('spec.name', 'ab', 3)],
  [{ name: '-web' }, pattern('spec.name', '-web', "'^[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$'")],
  [{ name: long(129) }, tooLong('spec.name', 128)],
  [{ tags: { 'a/b': 'x' } }, `spec.tags: Invalid value: ${TAG_NAMES}`],
  [{ tags: { [long(513)]: 'x' } }, `spec.tags: Invalid value: ${TAG_NAMES}`],
  [{ tags: { 'AZID-Owner': 'x' } }, `spec.tags: Invalid value: ${MARKS}`],
  [{ tags: { app: long(257) } }, tooLong('spec.tags.app', 256)],
  [{ tags: manyTags }, 'spec.tags: Too many: 47: must have at most 46 items'],
  [{ isolationScope: 'Global' }, oneOf('spec.isolationScope', 'Global', 'None', 'Regional')],
  [
    { output: { configMap: { name: 'Not_a_name' } } },
    pattern(
      'spec.output.configMap.name',
      'Not_a_name',
      "'^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'",
    ),
  ],
  [{ output: { configMap: {} } }, 'spec.output.configMap.name: Required value'],
  [{ output: 'web-id' }, '.spec.output: expected map, got &{web-id}'],
  [{ deletionPolicy: 'Orphan' }, oneOf('spec.deletionPolicy', 'Orphan', 'Delete', 'Retain')],
  [{ adoption: 'Always' }, oneOf('spec.adoption', 'Always', 'Never', 'Adopt')],
  [{ suspend: 'yes' }, '.spec.suspend: expected boolean, got &{yes}'],
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
const GRANT_SCOPE =
  "'^\\/$|^\\/providers\\/[mM]icrosoft\\.[mM]anagement\\/management[gG]roups\\/[-_.()a-zA-Z0-9]{1,90}$|^\\/subscriptions\\/[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(\\/[^/?#%\\\\]+)*$'";
const DURATION = "'^([0-9]+d)?([0-9]+h)?([0-9]+m)?$'";

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
  [{ namespaces, identities: { scopes: ['rg1'] } }, pattern('spec.identities.scopes[0]', 'rg1', SCOPE)],
  [{ namespaces, adoption: { identityIds: [] } }, fewItems('spec.adoption.identityIds')],
  [
    { namespaces, adoption: { identityIds: [RG1] } },
    pattern('spec.adoption.identityIds[0]', RG1, IDENTITY_ID),
  ],
  [
    { namespaces, defaults: { subscriptionId: 'production' } },
    pattern('spec.defaults.subscriptionId', 'production', GUID),
  ],
  [{ namespaces, defaults: { resourceGroup: 'a b' } }, pattern('spec.defaults.resourceGroup', 'a b', GROUP)],
  [
    { namespaces, defaults: { location: 'West Europe' } },
    pattern('spec.defaults.location', 'West Europe', "'^[a-z0-9]+$'"),
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
  [grants({ roles: [] }), fewItems('spec.grants[0].roles')],
  [grants({ scopes: ['rg1'] }), pattern('spec.grants[0].scopes[0]', 'rg1', GRANT_SCOPE)],
  [
    grants({ principals: { identityRefs: 'yes' } }),
    '.spec.grants[0].principals.identityRefs: expected boolean, got &{yes}',
  ],
  [grants({ principals: { ids: ['ann'] } }), pattern('spec.grants[0].principals.ids[0]', 'ann', GUID)],
  [grants({ maxDuration: '8 hours' }), pattern('spec.grants[0].maxDuration', '8 hours', DURATION)],
];

const principal = { identityRef: { name: 'web' } };
const role = { name: 'Reader' };
const scope = '/';
const someone = '00000000-0000-4000-8000-000000000001';

const roleGrants: readonly Row[] = [
  [{ role, scope }, 'spec.principal: Required value'],
  [
    { principal: {}, role, scope },
    'spec.principal: Invalid value: exactly one of identityRef and id is needed',
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
    'spec.role: Invalid value: exactly one of name and id is needed',
  ],
  [{ principal, role, scope: 'rg1' }, pattern('spec.scope', 'rg1', GRANT_SCOPE)],
  [{ principal, role, scope, condition: { version: '2.0' } }, 'spec.condition.expression: Required value'],
  [
    { principal, role, scope, condition: { expression: 'x', version: '1.0' } },
    oneOf('spec.condition.version', '1.0', '2.0'),
  ],
  [{ principal, role, scope, description: long(1501) }, tooLong('spec.description', 1500)],
  [
    { principal, role, scope, expiresAt: 'tomorrow' },
    'spec.expiresAt: Invalid value: "tomorrow": spec.expiresAt in body must be of type date-time: "tomorrow"',
  ],
  [
    { principal, role, scope, deletionPolicy: 'Keep' },
    oneOf('spec.deletionPolicy', 'Keep', 'Delete', 'Retain'),
  ],
  [{ principal, role, scope, suspend: 'yes' }, '.spec.suspend: expected boolean, got &{yes}'],
];

describe.each([
  { kind: 'UserAssignedIdentity', rows: identities },
  { kind: 'IdentityPolicy', rows: policies },
  { kind: 'RoleGrant', rows: roleGrants },
])('a $kind', ({ kind, rows }) => {
  it.each(rows)('with spec %j is refused', async (spec, message) => {
    const namespace = kind === 'IdentityPolicy' ? {} : { namespace: stage.namespace };
    expect(await refusal(kind, { name: 'web', ...namespace }, spec)).toBe(message);
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
    const refused = refusal('UserAssignedIdentity', { name: 'shop.example', namespace: stage.namespace }, {});
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
    expect(await refusal('UserAssignedIdentity', metadata, { ...whole, [field]: others[field] })).toBe(
      message,
    );
    expect(await refusal('UserAssignedIdentity', metadata, without)).toBe(message);
    await stage.declare('api', without);
    expect(await refusal('UserAssignedIdentity', { ...metadata, name: 'api' }, whole)).toBe(message);
  });
});

/** The names of all properties of a schema, at every depth. */
function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties' ? [...Object.keys(value), ...Object.values(value).flatMap(namesIn)] : namesIn(value),
  );
}

/** What the API server says, without the object's name before it and its word on rules it did not come to after it. */
async function refusal(
  kind: string,
  metadata: { name: string; namespace?: string },
  spec: object,
): Promise<string> {
  try {
    await stage.cluster.apply({ apiVersion: 'azid.dev/v1alpha1', kind, metadata, spec });
  } catch (error) {
    return (error as Error).message
      .replace(/^.*?(is invalid: |Kind=\w+\): )\[?/, '')
      .replace(/, <nil>: Invalid value: null: some validation rules were not checked.*$/, '');
  }
  throw new Error(`expected the API server to refuse the ${kind}, it took it`);
}
