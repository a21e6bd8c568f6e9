import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { hostIdentity } from '../../src/api/host-identity.ts';
import { identityAttachment } from '../../src/api/identity-attachment.ts';
import { systemAssignedIdentity } from '../../src/api/system-assigned-identity.ts';
import { hostIdOf, identityIdOf, RG1, SUB, vmId } from '../support/kinds/hosts.ts';
import { long, namesIn, notA, oneOf, refusal, shape, short, tooLong } from '../support/kinds/refusals.ts';
import { Cluster, SUBSCRIPTION } from '../support/testbed.ts';

/** At the door: for every property of the kinds of hosts at least one value that the API server refuses, naming the field. */

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } });
});
afterAll(() => cluster?.stop());

const HOST = [
  'the ARM id of a resource in a resource group: /subscriptions/<id>/resourceGroups/<group>/providers/<namespace>/<type>/<name>',
  '`az resource show --query id` shows it',
] as const;
const TYPE = ['a resource type such as Microsoft.Compute/virtualMachines'] as const;
const IDENTITY = [
  'the ARM id of a user-assigned identity: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>',
  '`az identity show --query id` shows it',
] as const;
const GUID = ['an id such as 11111111-2222-4333-8444-555555555555', 'names are not looked up here'] as const;
const GROUP = [
  'the name of a resource group: letters, digits and - _ . ( ) without a dot at the end',
  'give the name alone, not an ARM id',
] as const;
const API_VERSION = ['an API version of Azure such as 2025-04-01 or 2025-04-01-preview'] as const;

type Row = readonly [spec: object, message: string];

const identityRef = { name: 'app' };
const target = { resourceId: vmId('vm1') };
const selector = { subscriptionId: SUBSCRIPTION, type: 'Microsoft.Compute/virtualMachines', all: true };
const selecting = (fields: object) => ({ identityRef, target: { selector: { ...selector, ...fields } } });
const onHost = (fields: object) => ({ identityRef, target, ...fields });
const manyTags = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`tag${i}`, 'x']));
const ONE_IDENTITY = 'spec: Invalid value: exactly one of identityRef and identityId is needed, got';
const ONE_TARGET = 'spec.target: Invalid value: exactly one of resourceId and selector is needed, got';

/** Fields that both kinds have. */
const common = (spec: (fields: object) => object): readonly Row[] => [
  [spec({ apiVersion: 'latest' }), shape('spec.apiVersion', 'latest', ...API_VERSION)],
  [spec({ apiVersion: `2024-01-01-${long(30)}` }), tooLong('spec.apiVersion', 32)],
  [spec({ allowReplace: 'yes' }), notA('boolean', 'spec.allowReplace', 'yes')],
  [spec({ adoption: 'Always' }), oneOf('spec.adoption', 'Always', 'Never', 'Adopt')],
  [spec({ deletionPolicy: 'Detach' }), oneOf('spec.deletionPolicy', 'Detach', 'Delete', 'Retain')],
  [spec({ suspend: 'yes' }), notA('boolean', 'spec.suspend', 'yes')],
  [spec({ resourceID: vmId('vm1') }), '.spec.resourceID: field not declared in schema'],
];

/** What no resource's id looks like, wherever one is asked for. */
const badIds = (field: string, spec: (resourceId: string) => object): readonly Row[] =>
  [
    'vm1',
    RG1,
    `${RG1}/providers/Microsoft.Compute/virtualMachines`,
    `${SUB}/providers/Microsoft.Compute/virtualMachines/vm1`,
    `${vmId('vm1')}/`,
    vmId('vm1?x'),
    vmId('a b'),
    vmId('a%2Fb'),
    `https://management.azure.com${vmId('vm1')}`,
  ].map((id) => [spec(id), shape(field, id, ...HOST)]);

const attachments: readonly Row[] = [
  [{}, 'spec.target: Required value'],
  [{ target }, `${ONE_IDENTITY} none of them`],
  [{ identityRef, identityId: identityIdOf('app'), target }, `${ONE_IDENTITY} identityRef and identityId`],
  [{ identityRef: {}, target }, 'spec.identityRef.name: Required value'],
  [{ identityRef: { name: long(254) }, target }, tooLong('spec.identityRef.name', 253)],
  [{ identityId: 'app', target }, shape('spec.identityId', 'app', ...IDENTITY)],
  [{ identityId: vmId('vm1'), target }, shape('spec.identityId', vmId('vm1'), ...IDENTITY)],
  [{ identityRef, target: {} }, `${ONE_TARGET} none of them`],
  [{ identityRef, target: { ...target, selector } }, `${ONE_TARGET} resourceId and selector`],
  ...badIds('spec.target.resourceId', (resourceId) => ({ identityRef, target: { resourceId } })),
  [{ identityRef, target: { resourceId: '' } }, short('spec.target.resourceId', '', 1)],
  [{ identityRef, target: { resourceId: vmId(long(1024)) } }, tooLong('spec.target.resourceId', 1024)],
  [
    { identityRef, target: { selector: { type: selector.type } } },
    'spec.target.selector.subscriptionId: Required value',
  ],
  [
    selecting({ subscriptionId: 'production' }),
    shape('spec.target.selector.subscriptionId', 'production', ...GUID),
  ],
  [selecting({ resourceGroup: 'a b' }), shape('spec.target.selector.resourceGroup', 'a b', ...GROUP)],
  [selecting({ resourceGroup: '' }), short('spec.target.selector.resourceGroup', '', 1)],
  [selecting({ type: 'virtualMachines' }), shape('spec.target.selector.type', 'virtualMachines', ...TYPE)],
  [
    selecting({ type: 'Microsoft.Compute/*' }),
    shape('spec.target.selector.type', 'Microsoft.Compute/*', ...TYPE),
  ],
  [selecting({ type: undefined }), 'spec.target.selector.type: Required value'],
  [selecting({ tags: { app: long(257) } }), tooLong('spec.target.selector.tags.app', 256)],
  [selecting({ tags: manyTags }), 'spec.target.selector.tags: Too many: 16: must have at most 15 items'],
  [
    onHost({ rollout: { maxConcurrent: 0 } }),
    'spec.rollout.maxConcurrent: Invalid value: 0: spec.rollout.maxConcurrent in body should be greater than or equal to 1',
  ],
  [
    onHost({ rollout: { maxConcurrent: 1001 } }),
    'spec.rollout.maxConcurrent: Invalid value: 1001: spec.rollout.maxConcurrent in body should be less than or equal to 1000',
  ],
  [
    onHost({ rollout: { maxDetachShare: 101 } }),
    'spec.rollout.maxDetachShare: Invalid value: 101: spec.rollout.maxDetachShare in body should be less than or equal to 100',
  ],
  [
    onHost({ rollout: { maxDetachShare: '20%' } }),
    '.spec.rollout.maxDetachShare: expected numeric (int or float), got string',
  ],
  ...common(onHost),
];

const onResource = (fields: object) => ({ resourceId: vmId('vm1'), ...fields });
const systemIdentities: readonly Row[] = [
  [{}, 'spec.resourceId: Required value'],
  ...badIds('spec.resourceId', (resourceId) => ({ resourceId })),
  [{ resourceId: '' }, short('spec.resourceId', '', 1)],
  [{ resourceId: vmId(long(1024)) }, tooLong('spec.resourceId', 1024)],
  ...common(onResource),
];

describe.each([
  { kind: 'IdentityAttachment', rows: attachments },
  { kind: 'SystemAssignedIdentity', rows: systemIdentities },
])('a $kind', ({ kind, rows }) => {
  it.each(rows)('with spec %j is refused', async (spec, message) => {
    expect(await refusal(cluster, kind, { name: 'web', namespace: 'team-a' }, spec)).toBe(message);
  });
});

it('no property of these kinds is left out of the tables above', () => {
  for (const [{ spec }, rows] of [
    [identityAttachment, attachments],
    [systemAssignedIdentity, systemIdentities],
  ] as const) {
    const given = JSON.stringify(rows);
    const names = namesIn(z.toJSONSchema(spec, { io: 'input' }));
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !given.includes(`"${name}"`))).toEqual([]);
  }
});

it('ids as Azure writes them are taken: a slot, odd names, any case of what Azure spells in two ways', async () => {
  const ids = [
    hostIdOf('Microsoft.Web/sites/slots', 'app/staging'),
    vmId('vm-1_(x).y'),
    `${SUB}/resourcegroups/RG.(1)/providers/microsoft.compute/virtualmachines/VM1`,
    hostIdOf('Microsoft.Automation/automationAccounts', 'ä-名'),
  ];
  for (const [i, resourceId] of ids.entries()) {
    const metadata = { name: `taken-${i}`, namespace: 'team-a' };
    const spec = { identityRef, target: { resourceId } };
    await cluster.apply({ apiVersion: 'azid.dev/v1alpha1', kind: 'IdentityAttachment', metadata, spec });
  }
});

it('resourceId of a SystemAssignedIdentity is kept, and the remedy is named', async () => {
  const metadata = { name: 'vm1', namespace: 'team-a' };
  const spec = { resourceId: vmId('vm1') };
  await cluster.apply({ apiVersion: 'azid.dev/v1alpha1', kind: 'SystemAssignedIdentity', metadata, spec });
  expect(await refusal(cluster, 'SystemAssignedIdentity', metadata, { resourceId: vmId('vm2') })).toBe(
    'spec.resourceId: Forbidden: resourceId is immutable, adding and removing it included; make another SystemAssignedIdentity for the other resource',
  );
});

it('so is that of a HostIdentity: its name stands for it', async () => {
  const { kind } = hostIdentity.resource;
  const metadata = { name: 'host-1', namespace: 'azid-system' };
  const spec = { resourceId: vmId('vm1') };
  await cluster.apply({ apiVersion: 'azid.dev/v1alpha1', kind, metadata, spec });
  expect(await refusal(cluster, kind, metadata, { resourceId: vmId('vm2') })).toBe(
    'spec.resourceId: Forbidden: resourceId is immutable, adding and removing it included; each host has a HostIdentity of its own',
  );
  expect(await refusal(cluster, kind, { ...metadata, name: 'host-2' }, { resourceId: '' })).toBe(
    short('spec.resourceId', '', 1),
  );
});
