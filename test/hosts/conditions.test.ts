import { describe, expect, it } from 'vitest';
import type { IdentityAttachmentSpec } from '../../src/api/identity-attachment.ts';
import type { SystemAssignedIdentitySpec } from '../../src/api/system-assigned-identity.ts';
import { HostStage, hostIdOf, identityIdOf, RG1, SUB, VMS, vmId } from '../support/kinds/hosts.ts';
import { sampleOf } from '../support/sample.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * Every reason for which an attachment or a system-assigned identity stalls: provoked, told by name, nothing written
 * meanwhile, and over without an edit when whoever caused it puts it right (docs/guarantees.md G19 and mistake 18).
 */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const VM1 = vmId('vm1');
const RULE = { types: ['*'], scopes: [SUB] };
const azure = () => world.azure.control;
const selector = { subscriptionId: SUBSCRIPTION, type: VMS, all: true };
const ELSEWHERE = [{ types: ['*'], scopes: [`${SUB}/resourceGroups/rg2`] }];
const MINUTE = 60_000;

describe('a spec that is wrong by itself', () => {
  const attachments: readonly (readonly [string, string, Partial<IdentityAttachmentSpec>, string])[] = [
    ['half an id', 'InvalidResourceId', { target: { resourceId: vmId('..') } }, 'spec.target.resourceId'],
    [
      'what hangs on a resource',
      'InvalidResourceId',
      { target: { resourceId: `${VM1}/providers/Microsoft.Insights/diagnosticSettings/x` } },
      'spec.target.resourceId',
    ],
    [
      'an identity as the resource',
      'InvalidResourceId',
      { target: { resourceId: identityIdOf('app') } },
      'spec.target.resourceId',
    ],
    ['a version of a known type', 'InvalidApiVersion', { apiVersion: '2024-07-01' }, 'spec.apiVersion'],
    [
      'an unknown type by selector',
      'UnsupportedType',
      { target: { selector: { ...selector, type: 'Contoso.Cars/engines' } } },
      'spec.target.selector.type',
    ],
  ];
  it.each(attachments)('%s, in an attachment: %s', async (_, reason, spec, field) => {
    stage.createVm('vm1');
    await world.start();
    // It has one, and the bad edit takes nothing away either.
    await stage.attach('vm1');
    await stage.attached('vm1');
    const since = stage.mark;
    await stage.attach('vm1', spec);
    expect(await stage.stalled(() => stage.attachment('vm1'), reason)).toContain(field);
    await world.pass(6 * MINUTE);
    expect(stage.writes(since)).toEqual([]);
    expect(stage.on(VM1)).toEqual(['app']);
    expect(await stage.ledgers()).toHaveLength(1);
    await stage.attach('vm1');
    await stage.attached('vm1');
    expect(stage.writes(since)).toEqual([]);
  });

  const own: readonly (readonly [string, string, Partial<SystemAssignedIdentitySpec>, string])[] = [
    ['half an id', 'InvalidResourceId', { resourceId: vmId('..') }, 'spec.resourceId'],
    ['an identity', 'InvalidResourceId', { resourceId: identityIdOf('app') }, 'spec.resourceId'],
    ['a version of a known type', 'InvalidApiVersion', { apiVersion: '2024-07-01' }, 'spec.apiVersion'],
    [
      'an unknown type',
      'UnsupportedType',
      { resourceId: hostIdOf('Contoso.Cars/engines', 'v8') },
      'spec.resourceId',
    ],
  ];
  it.each(own)('%s, in a system-assigned identity: %s', async (_, reason, spec, field) => {
    stage.createVm('vm1');
    await world.start();
    // Somebody else wants something of the same resource, so that it is written to.
    await stage.attach('vm1');
    await stage.system('vm1', spec);
    expect(await stage.stalled(() => stage.systemIdentity('vm1'), reason)).toContain(field);
    await stage.attached('vm1');
    await world.pass(6 * MINUTE);
    expect(stage.host(VM1).system).toBeNull();
    expect(stage.writes()).toEqual(['PATCH vm1']);
  });
});

interface Row {
  readonly what: string;
  readonly reason: string;
  readonly names: readonly string[];
  readonly spec?: Partial<IdentityAttachmentSpec>;
  /** After the identity and the VM were made. */
  wrong(): unknown;
  right(): unknown;
  /** Azure was asked, and refused. */
  readonly tried?: true;
}

const refuse = (status: number, code: string, message: string) =>
  azure().addFault({ method: 'PATCH', path: '/vm1', effect: { kind: 'status', status, code, message } });
const clear = () => azure().clearFaults({});
const WRITE = `${VMS}/write`;
const ASSIGN = 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action';

/** All that azid has in this file, but for one right. */
function without(action: string): void {
  const role = azure().defineRole({
    roleName: `without ${action}`,
    actions: [
      '*/read',
      'Microsoft.Compute/*',
      'Microsoft.ManagedIdentity/userAssignedIdentities/write',
      ASSIGN,
    ],
    notActions: [action],
  });
  world.moveRights(SUB, role.id);
}
const forBoth: readonly Row[] = [
  {
    what: 'no right to write',
    reason: 'MissingWriteRight',
    names: [VM1, WRITE],
    wrong: () => without(WRITE),
    right: () => world.giveRights(),
    tried: true,
  },
  {
    what: 'no right to read',
    reason: 'AuthorizationFailed',
    // Of the identity or of the resource: whichever azid reads first, as it believes no status about either.
    names: ['/read', 'give azid’s identity a role'],
    wrong: () => world.moveRights(),
    right: () => world.giveRights(),
  },
  {
    what: 'a lock',
    reason: 'ScopeLocked',
    names: [RG1, 'remove the named lock'],
    wrong: () => azure().lock({ scope: RG1, level: 'ReadOnly' }),
    right: () => azure().unlock({ scope: RG1 }),
    tried: true,
  },
  {
    what: 'an Azure Policy',
    reason: 'DisallowedByAzurePolicy',
    names: ["Resource 'vm1' was disallowed by policy"],
    wrong: () => refuse(403, 'RequestDisallowedByPolicy', "Resource 'vm1' was disallowed by policy."),
    right: clear,
    tried: true,
  },
  {
    what: 'a refusal for reasons of Azure’s own',
    reason: 'RejectedByAzure',
    names: ['OperationNotAllowed', 'The VM is generalized.'],
    wrong: () => refuse(400, 'OperationNotAllowed', 'The VM is generalized.'),
    right: clear,
    tried: true,
  },
  {
    what: 'a policy for another place',
    reason: 'PolicyDenied',
    names: [VM1, 'ask an administrator'],
    wrong: () => stage.policy({ attachments: ELSEWHERE, systemAssigned: ELSEWHERE }),
    right: () => stage.policy(),
  },
];

const forAttachments: readonly Row[] = [
  ...forBoth,
  {
    what: 'no right to attach the identity',
    reason: 'MissingAssignRight',
    names: ['userAssignedIdentities/app', 'Managed Identity Operator'],
    wrong: () => without(ASSIGN),
    right: () => world.giveRights(),
    tried: true,
  },
  {
    what: 'a policy without selectors',
    reason: 'SelectorNotAllowed',
    names: [SUB, 'selectors: true'],
    spec: { target: { selector } },
    wrong: () => stage.policy({ attachments: [RULE] }),
    right: () => stage.policy(),
  },
  {
    what: 'a policy that does not name the identity',
    reason: 'PolicyDenied',
    names: ['userAssignedIdentities/theirs', 'identities.ids'],
    spec: { identityId: identityIdOf('theirs') },
    wrong: () => {},
    right: () => stage.policy({ attachments: [{ ...RULE, identities: { ids: [identityIdOf('theirs')] } }] }),
  },
  {
    what: 'a policy that lets nothing be taken over',
    reason: 'PolicyDenied',
    names: [VM1, '(adopt)'],
    spec: { adoption: 'Adopt' },
    wrong: () => stage.policy({ attachments: [RULE] }),
    right: () => stage.policy(),
  },
  {
    what: 'a dead identity that azid did not attach, where Azure refuses every change for it',
    reason: 'DeadIdentityOnHost',
    names: [VM1, 'theirs', 'remove it from the resource'],
    wrong: () => {
      azure().setKnobs({ hosts: { deadEntriesFail: 'held' } });
      azure().setHostIdentity({
        id: VM1,
        identity: { type: 'UserAssigned', userAssignedIdentities: { [identityIdOf('theirs')]: {} } },
      });
      azure().deleteIdentity({ id: identityIdOf('theirs') });
    },
    right: () => azure().setHostIdentity({ id: VM1, identity: { type: 'None' } }),
    tried: true,
  },
];

const kinds = [
  ...forAttachments.map((row) => ({ ...row, kind: 'an attachment' as const })),
  // What is wrong is found and told in one place for both kinds.
  ...sampleOf(forBoth, 2, 'system-assigned').map((row) => ({
    ...row,
    kind: 'a system-assigned identity' as const,
  })),
];

describe('mistake 18', () => {
  it.each(kinds)('$what: $kind is $reason, and is not when it is put right, without an edit', async (row) => {
    const { kind, reason, names, spec = {}, wrong, right, tried } = row;
    stage.createVm('vm1');
    azure().createIdentity({ name: 'theirs', resourceGroup: 'rg1' });
    const operator = await world.start();
    await stage.reach(
      () => stage.userIdentity('app'),
      'app to be made',
      ({ status }) => status?.id !== undefined,
    );
    await world.stop(operator);
    await wrong();
    const before = stage.host(VM1);
    await world.start();
    const attaches = kind === 'an attachment';
    if (attaches) await stage.attach('vm1', spec);
    else await stage.system('vm1');
    const get = attaches ? () => stage.attachment('vm1') : () => stage.systemIdentity('vm1');
    const message = await stage.stalled(get, reason);
    for (const name of names) expect(message).toContain(name);
    const since = stage.mark;
    await world.pass(6 * MINUTE);
    expect(stage.host(VM1)).toEqual(before);
    // After 1 and 3 min, or 5: no loop.
    expect(stage.writes(since).length).toBeLessThanOrEqual(tried ? 3 : 0);
    await right();
    if (attaches) await stage.attached('vm1');
    else await stage.systemReady('vm1');
    const { system, attached } = stage.host(VM1);
    expect(attaches ? attached.length : Number(system !== null)).toBe(1);
  });
});
