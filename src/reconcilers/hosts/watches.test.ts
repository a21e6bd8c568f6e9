import { beforeEach, describe, expect, it } from 'vitest';
import { CONFIRM_DETACH_ANNOTATION, type IdentityAttachment } from '../../api/identity-attachment.ts';
import { DETACH_IN_USE_ANNOTATION } from '../../api/schema/host-fields.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import type { Stores } from '../stores.ts';
import { watchWorld } from '../watches/watches.fixture.ts';

const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1/providers`;
const VM = `${GROUP}/Microsoft.Compute/virtualMachines/web`;
const VMS = 'Microsoft.Compute/virtualMachines';
const IDENTITY = `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/app`;

let stores: Stores;
const named = (name: string, metadata: Partial<ObjectMeta> = {}) =>
  put(stores.attachments, {
    metadata: meta(name, metadata),
    spec: { identityRef: { name: 'app' }, target: { resourceId: VM } },
  });
const fleet = (metadata: Partial<ObjectMeta> = {}) =>
  put(stores.attachments, {
    metadata: meta('fleet', metadata),
    spec: {
      identityId: IDENTITY,
      target: {
        selector: { subscriptionId: SUBSCRIPTION.toUpperCase(), type: VMS.toUpperCase(), all: true },
      },
    },
  });
const system = (metadata: Partial<ObjectMeta> = {}) =>
  put(stores.systemIdentities, { metadata: meta('own', metadata), spec: { resourceId: VM.toUpperCase() } });
const owner = (name: string) =>
  ({ kind: 'IdentityAttachment', namespace: 'shop', name, uid: `uid-${name}` }) as const;
const host = (name: string, owners: readonly string[] = [], resourceId = VM, status = {}) =>
  put(stores.hosts, {
    metadata: meta(name, { namespace: 'azid-system' }),
    spec: { resourceId },
    status: {
      entries: [
        {
          identityId: IDENTITY,
          state: 'Attached',
          owned: true,
          owners: owners.map(owner),
          credential: 'azid',
          since: '2026-11-23T10:00:00Z',
        },
      ],
      ...status,
    },
  });

beforeEach(() => {
  stores = emptyStores();
});

const KINDS = ['attachment', 'systemIdentity', 'host'] as const;

/** What a change enqueues, the rest being there before. */
const enqueuedBy = (change: () => void) => watchWorld(stores).enqueuedBy(change, KINDS);

describe('what enqueues hosts and those who read their ledgers', () => {
  it('an attachment enqueues itself, the host it names, and the hosts whose ledgers name it', () => {
    named('one');
    host('vm', []);
    host('other', ['one'], `${GROUP}/${VMS}/other`);
    expect(enqueuedBy(() => void named('one', { generation: 2 }))).toEqual([
      'attachment shop/one',
      'host azid-system/other',
      'host azid-system/vm',
    ]);
  });

  it('its own status writes enqueue nobody; the annotation that confirms a detachment does', () => {
    named('one');
    host('vm');
    expect(enqueuedBy(() => void named('one'))).toEqual([]);
    const annotations = { [CONFIRM_DETACH_ANNOTATION]: '40' };
    expect(enqueuedBy(() => void named('one', { annotations }))).toContain('attachment shop/one');
  });

  it('the annotation that lets an identity go that is in use enqueues the host, which takes it off', () => {
    named('one');
    host('vm');
    const annotations = { [DETACH_IN_USE_ANNOTATION]: 'properties.a' };
    expect(enqueuedBy(() => void named('one', { annotations }))).toContain('host azid-system/vm');
  });

  it('an attachment enqueues the hosts that have their slot from now on, and nobody while it keeps them', () => {
    const slots = (attach: string[], generation = 1) =>
      put(stores.attachments, {
        metadata: meta('fleet', { finalizers: ['azid.dev/finalizer'] }),
        spec: {
          identityId: IDENTITY,
          target: { selector: { subscriptionId: SUBSCRIPTION, type: VMS, all: true } },
        },
        status: { rolloutSlots: { generation, attach } },
      });
    slots([]);
    host('vm');
    expect(enqueuedBy(() => void slots([VM.toUpperCase()], 7))).toEqual([]);
    expect(enqueuedBy(() => void slots([VM.toUpperCase()]))).toEqual(['host azid-system/vm']);
    expect(enqueuedBy(() => void slots([VM.toUpperCase()]))).toEqual([]);
  });

  it('a system-assigned identity that is being deleted enqueues its host when that may take it away', () => {
    system();
    host('vm');
    const released = () =>
      put(stores.systemIdentities, {
        metadata: meta('own', {}),
        spec: { resourceId: VM.toUpperCase() },
        status: { released: true },
      });
    expect(enqueuedBy(() => void released())).toEqual(['host azid-system/vm']);
    expect(enqueuedBy(() => void released())).toEqual([]);
  });

  it('a system-assigned identity whose finalizer stands enqueues its host', () => {
    system();
    host('vm');
    expect(enqueuedBy(() => void system({ finalizers: ['azid.dev/finalizer'] }))).toEqual([
      'host azid-system/vm',
    ]);
  });

  it('a system-assigned identity that is deleted enqueues the others of its resource that go: the last has it switched off', () => {
    const going = { deletionTimestamp: '2026-11-23T11:00:00Z' };
    const other = (name: string, metadata: Partial<ObjectMeta>) =>
      put(stores.systemIdentities, {
        metadata: meta(name, { namespace: 'other', ...metadata }),
        spec: { resourceId: VM },
      });
    other('going', going);
    other('living', {});
    system();
    expect(enqueuedBy(() => void system(going))).toEqual([
      'systemIdentity other/going',
      'systemIdentity shop/own',
    ]);
  });

  it('and those that name the resource by the id that it had before it was moved', () => {
    const going = { deletionTimestamp: '2026-11-23T11:00:00Z' };
    put(stores.systemIdentities, {
      metadata: meta('before', { namespace: 'other', ...going }),
      spec: { resourceId: `${VM}-before` },
    });
    system();
    const owners = [
      { kind: 'SystemAssignedIdentity', namespace: 'other', name: 'before', uid: 'uid-before' },
      { kind: 'SystemAssignedIdentity', namespace: 'shop', name: 'own', uid: 'uid-own' },
    ];
    host('vm', [], VM, { systemAssigned: { state: 'Attached', owned: true, owners } });
    expect(enqueuedBy(() => void system(going))).toContain('systemIdentity other/before');
  });

  it('an attachment that vanished enqueues the hosts it leaves behind', () => {
    named('one');
    host('vm', ['one']);
    const gone = enqueuedBy(
      () =>
        void stores.attachments.take({
          type: 'delete',
          object: stores.attachments.get('shop/one') as IdentityAttachment,
        }),
    );
    expect(gone).toEqual(['attachment shop/one', 'host azid-system/vm']);
  });

  it("a host's ledger enqueues the owners of what changed in it, before and now, and no others", () => {
    named('one');
    fleet();
    system();
    host('vm', ['fleet']);
    expect(enqueuedBy(() => void host('vm', []))).toEqual(['attachment shop/fleet']);
    expect(enqueuedBy(() => void host('vm', []))).toEqual([]);
  });

  it('a host whose status changes as a whole enqueues its owners and the objects that name it', () => {
    named('one');
    fleet();
    system();
    host('vm', ['fleet']);
    const stalled = {
      type: 'Stalled',
      status: 'True',
      reason: 'MissingWriteRight',
      message: 'no right',
      lastTransitionTime: '2026-11-23T10:00:00Z',
    } as const;
    expect(enqueuedBy(() => void host('vm', ['fleet'], VM, { conditions: [stalled] }))).toEqual([
      'attachment shop/fleet',
      'attachment shop/one',
      'systemIdentity shop/own',
    ]);
  });

  it('a recycled identity enqueues those who attach it and the hosts that have it', () => {
    const app = (principalId: string) =>
      put(stores.identities, { metadata: meta('app', {}), spec: {}, status: { id: IDENTITY, principalId } });
    app('p1');
    named('one');
    host('vm', []);
    host('other', [], `${GROUP}/${VMS}/other`);
    expect(enqueuedBy(() => void app('p2'))).toEqual([
      'attachment shop/one',
      'host azid-system/other',
      'host azid-system/vm',
    ]);
    expect(enqueuedBy(() => void app('p2'))).toEqual([]);
  });

  it('a policy enqueues all of the namespaces it selects, their hosts included', () => {
    put(stores.namespaces, { metadata: meta('shop', { namespace: '' }) });
    const policy = (generation: number) =>
      put(stores.policies, {
        metadata: meta('team', { namespace: '', generation }),
        spec: { namespaces: { names: ['shop'] } },
      });
    policy(1);
    named('one');
    system();
    host('vm', ['one']);
    expect(enqueuedBy(() => void policy(2))).toEqual([
      'attachment shop/one',
      'host azid-system/vm',
      'systemIdentity shop/own',
    ]);
  });

  it('a resource that changed in Azure enqueues its ledger, those who name it, and selectors of its area', () => {
    named('one');
    fleet();
    system();
    host('vm');
    const { caches, enqueuedBy: by } = watchWorld(stores);
    const enqueued = (how: 'get' | 'write') => by(() => caches.hostCache.tell(armKey(VM), how), KINDS);
    expect(enqueued('write')).toEqual([]);
    expect(enqueued('get')).toEqual([
      'attachment shop/fleet',
      'attachment shop/one',
      'host azid-system/vm',
      'systemIdentity shop/own',
    ]);
  });

  it('a resource that changed in Azure enqueues the selectors of its own group, and no other group’s', () => {
    for (const resourceGroup of ['RG1', 'rg2'])
      put(stores.attachments, {
        metadata: meta(`of-${resourceGroup.toLowerCase()}`),
        spec: {
          identityId: IDENTITY,
          target: { selector: { subscriptionId: SUBSCRIPTION, resourceGroup, type: VMS, all: true } },
        },
      });
    const { caches, enqueuedBy: by } = watchWorld(stores);
    const enqueued = by(() => caches.hostCache.tell(armKey(VM), 'get'), KINDS);
    expect(enqueued).toEqual(['attachment shop/of-rg1']);
  });

  it('an identity that changed in Azure enqueues those who name it by its ARM id', () => {
    fleet();
    host('vm');
    const { caches, enqueuedBy: by } = watchWorld(stores);
    const enqueued = by(() => caches.identityCache.tell(IDENTITY.toUpperCase(), 'get'), KINDS);
    expect(enqueued).toEqual(['attachment shop/fleet', 'host azid-system/vm']);
  });
});

describe('a host that keeps something until it is known whether an attachment by selector wants it', () => {
  const ready = (reason: string) => ({
    conditions: [{ type: 'Ready', status: 'False' as const, reason, message: '', lastTransitionTime: '' }],
  });
  const fleetBy = (metadata: Partial<ObjectMeta> = {}) =>
    put(stores.attachments, {
      metadata: meta('fleet', metadata),
      spec: {
        identityRef: { name: 'app' },
        target: { selector: { subscriptionId: SUBSCRIPTION, type: VMS, all: true } },
      },
    });
  const hosts = (change: () => void) => watchWorld(stores).enqueuedBy(change, ['host']);

  beforeEach(() => {
    fleetBy();
    host('awaits', [], VM, ready('ClaimantNotTold'));
    host('mixed', [], `${GROUP}/${VMS}/mixed`, ready('SomeRefused'));
    host('in-sync', [], `${GROUP}/${VMS}/in-sync`, ready('InSync'));
    host('elsewhere', [], VM.replace(SUBSCRIPTION, '22222222-2222-4333-8444-555555555555'), {
      ...ready('ClaimantNotTold'),
    });
  });

  it('is enqueued when its identity comes', () => {
    const identity = () => put(stores.identities, { metadata: meta('app'), spec: {} });
    expect(hosts(identity)).toEqual(['host azid-system/awaits', 'host azid-system/mixed']);
  });

  it('when that is placed, though nothing is there yet; a grant of it has nothing to do then', () => {
    const place = (resourceGroup: string) => () =>
      put(stores.identities, {
        metadata: meta('app'),
        spec: {},
        status: {
          coordinates: { subscriptionId: SUBSCRIPTION, resourceGroup, location: 'x', name: 'app' },
        },
      });
    put(stores.identities, { metadata: meta('app'), spec: {} });
    const waiting = ['host azid-system/awaits', 'host azid-system/mixed'];
    expect(hosts(place('rg1'))).toEqual(waiting);
    expect(hosts(place('rg1'))).toEqual([]);
    expect(watchWorld(stores).enqueuedBy(place('rg2'), ['grant', 'credential', 'host'])).toEqual(waiting);
  });

  it('when it is edited, or goes, and when its policies change', () => {
    const waiting = ['host azid-system/awaits', 'host azid-system/mixed'];
    expect(hosts(() => fleetBy({ generation: 2 }))).toEqual(waiting);
    const label = () =>
      put(stores.namespaces, { metadata: { ...meta('shop'), namespace: undefined as never } });
    expect(hosts(label)).toEqual(waiting);
    const gone = () => stores.attachments.recordDelete(stores.attachments.get('shop/fleet') as never);
    expect(hosts(gone)).toEqual(waiting);
  });
});
