import { describe, expect, it } from 'vitest';
import type { ManagedObject } from '../api/schema/common.ts';
import { hostIdentityName } from '../reconcilers/hosts/ensure-hosts.ts';
import { Snapshot, type Unread } from './snapshot.ts';
import { treeOf } from './tree.ts';
import { treeLines } from './tree-node.ts';

const SUB = '/subscriptions/11111111-2222-4333-8444-555555555555';
const ID = `${SUB}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
const VM = `${SUB}/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm1`;

function object(kind: string, key: string, spec: object = {}, status: object = {}): ManagedObject {
  const [namespace, name] = key.includes('/') ? key.split('/') : [undefined, key];
  const conditions = [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Ready',
      message: '',
      lastTransitionTime: '2026-11-29T00:00:00Z',
    },
  ];
  return {
    kind,
    metadata: { ...(namespace && { namespace }), name, uid: `${kind} ${key}` },
    spec,
    status: { conditions, ...status },
  } as unknown as ManagedObject;
}

const lines = (
  root: ManagedObject,
  others: readonly ManagedObject[],
  unread: readonly Unread[] = [],
  wide = false,
) =>
  treeLines(
    treeOf(root, { snapshot: new Snapshot([root, ...others], unread), azidNamespace: 'azid-system' }),
    { wide, id: (id) => id.split('/').at(-1) ?? id },
  );

const APP = object('UserAssignedIdentity', 'team/app', {}, { id: ID, principalId: 'p' });
const grant = (name: string, principal: object) =>
  object('RoleGrant', `team/${name}`, { principal, role: { name: 'Reader' }, scope: SUB });
const GRANT = grant('read', { identityRef: { name: 'app' } });

describe('a tree', () => {
  it('of an identity has what refers to it by name or by ARM id, and nothing of others', () => {
    const attach = (name: string, spec: object) =>
      object('IdentityAttachment', `team/${name}`, { target: { resourceId: VM }, ...spec });
    const others = [
      GRANT,
      grant('of-another', { identityRef: { name: 'other' } }),
      grant('of-a-resource', { identityRef: { kind: 'SystemAssignedIdentity', name: 'app' } }),
      attach('by-name', { identityRef: { name: 'app' } }),
      attach('by-id', { identityId: ID.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions') }),
      attach('another', { identityRef: { name: 'other' } }),
      object('FederatedIdentityCredential', 'team/web', {
        identityRef: { name: 'app' },
        kubernetes: { serviceAccount: { name: 'web' } },
      }),
      object('FederatedIdentityCredential', 'other/web', {
        identityRef: { name: 'app' },
        issuer: 'i',
        subject: 's',
      }),
    ];
    expect(lines(APP, others)).toEqual([
      'UserAssignedIdentity team/app (Ready)',
      '├─ in Azure: principal p app',
      '├─ attached by: IdentityAttachment team/by-name (Ready)',
      '│  └─ on: vm1',
      '├─ attached by: IdentityAttachment team/by-id (Ready)',
      '│  └─ on: vm1',
      '├─ federated by: FederatedIdentityCredential team/web (Ready)',
      '│  ├─ trusts: ServiceAccount team/web',
      '│  └─ as: its subject, not written out yet',
      '└─ granted by: RoleGrant team/read (Ready)',
      '   └─ grants: role Reader on 11111111-2222-4333-8444-555555555555',
    ]);
  });

  it('says what is not there, and what could not be read', () => {
    expect(lines(GRANT, [])[1]).toBe('├─ principal: UserAssignedIdentity team/app (does not exist)');
    const unread = [{ plural: 'userassignedidentities', why: 'no' }];
    expect(lines(GRANT, [], unread)[1]).toBe('├─ principal: UserAssignedIdentity team/app (unknown)');
    expect(lines(GRANT, [], unread, true)[1]).toContain('(unknown: could not be read)');
  });

  it('of a principal that azid does not manage ends there', () => {
    expect(lines(grant('g', { id: 'x', type: 'Group' }), [])[1]).toBe('├─ principal: Group x');
  });

  it('has the ledger of a resource where it may be read, with a refusal and whom it is of', () => {
    const ledger = object(
      'HostIdentity',
      `azid-system/${hostIdentityName(VM)}`,
      { resourceId: VM },
      {
        entries: [
          {
            identityId: ID,
            state: 'Refused',
            owned: false,
            owners: [{ kind: 'IdentityAttachment', namespace: 'team', name: 'gone' }],
            problem: { reason: 'MissingWriteRight', message: 'no right' },
          },
        ],
      },
    );
    const system = object('SystemAssignedIdentity', 'team/vm1', { resourceId: VM });
    expect(lines(system, [ledger])).toEqual([
      'SystemAssignedIdentity team/vm1 (Ready)',
      '└─ of: vm1',
      `   └─ ledger: HostIdentity azid-system/${hostIdentityName(VM)} (Ready)`,
    ]);
    expect(lines(ledger, [], [], true)).toEqual([
      expect.stringContaining('HostIdentity azid-system/'),
      '├─ resource: vm1',
      '└─ has: app (Refused, not by azid, MissingWriteRight: no right)',
      '   └─ wanted by: IdentityAttachment team/gone (does not exist)',
    ]);
  });

  it('of what refers to no object has its place in Azure alone', () => {
    const source = object('EventSource', 'queue', { serviceBus: { namespace: 'n', queue: 'q' } });
    expect(lines(source, [])).toEqual(['EventSource queue (Ready)', '└─ receives from: queue q of n']);
    expect(lines(object('OrphanSweep', 'all', { scopes: [SUB] }), [])).toHaveLength(2);
    expect(lines(object('Unknown', 'x'), [])).toEqual(['Unknown x (Ready)']);
  });

  it('shows an object that is not Ready with its reason, and wide with its message', () => {
    const denied = { type: 'Ready', status: 'False', reason: 'PolicyDenied', message: 'no policy' };
    const going = object('UserAssignedIdentity', 'team/app', {}, { conditions: [denied] });
    const root = { ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-11-29T00:00:00Z' } };
    expect(lines(root, [])[0]).toBe('UserAssignedIdentity team/app (not Ready, PolicyDenied, being deleted)');
    expect(lines(root, [], [], true)[0]).toContain('PolicyDenied, being deleted: no policy)');
  });
});
