import { beforeEach, describe, expect, it } from 'vitest';
import { type IdentityAttachment, identityAttachment } from '../../../api/identity-attachment.ts';
import type { ManagedObject } from '../../../api/schema/common.ts';
import type { KindSchema } from '../../../api/schema/kind.ts';
import {
  type SystemAssignedIdentity,
  systemAssignedIdentity,
} from '../../../api/system-assigned-identity.ts';
import type { Store } from '../../../kube/informer/store.ts';
import { awaitingAll, HeldIdentities } from '../../proof/proofs.fixture.ts';
import { statusReader } from '../../status/remembered.ts';
import { StatusMemory } from '../../status/status-memory.ts';
import { emptyStores, meta, put } from '../../stores.fixture.ts';
import type { Stores } from '../../stores.ts';
import { watchWorld } from '../../watches/watches.fixture.ts';
import { type Claim, claimOfAttachment, claimOfSystemIdentity } from './claim.ts';

/**
 * A host takes something away, and changes something for a selector, by the leave that an object's status gives. A process
 * believes only what it gave itself: what stands there at its start may be anybody's (docs/guarantees.md G25).
 */

const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
const RG = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1`;
const VMS = 'Microsoft.Compute/virtualMachines';
const VM = `${RG}/providers/${VMS}/web`;
const IDENTITY = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
const GOING = { deletionTimestamp: '2026-11-29T10:00:00Z', finalizers: ['azid.dev/finalizer'] };

let stores: Stores;
beforeEach(() => {
  stores = emptyStores();
  put(stores.hosts, {
    metadata: meta('vm', { namespace: 'azid-system' }),
    spec: { resourceId: VM },
    status: {},
  });
});

/** As a process begins: what stands in the API server is met, and what it writes itself is believed. */
function begin<T extends ManagedObject>(store: Store<T>, { status: schema }: KindSchema<T>) {
  const read = statusReader(schema);
  const memory = new StatusMemory<T>(
    () => {},
    (status) => read(status, Date.parse('2026-11-29T10:00:00Z')),
  );
  store.showAs((object) => memory.shown(object));
  return {
    says(object: T): void {
      memory.begin(object, object.status ?? {});
      memory.wrote(object);
      store.recordWrite(object);
    },
  };
}

const deps = () => ({
  stores,
  proofs: new HeldIdentities().proofs(stores),
  references: awaitingAll,
  knowsType: () => true,
  typeOf: () => VMS,
});

describe('a resource’s own identity', () => {
  const going = (status: object) =>
    ({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'SystemAssignedIdentity',
      metadata: meta('own', GOING),
      spec: { resourceId: VM, deletionPolicy: 'Delete' },
      status,
    }) as SystemAssignedIdentity;
  const claim = (): Claim | undefined => {
    const object = stores.systemIdentities.get('shop/own');
    return object && claimOfSystemIdentity(object, deps());
  };

  it('stays on though a status says that it may go, until this process says so; then its host is enqueued', () => {
    put(stores.systemIdentities, going({ released: true }));
    const process = begin(stores.systemIdentities, systemAssignedIdentity);
    expect(claim()).toMatchObject({ state: 'releases', hasSlot: false });
    const enqueued = watchWorld(stores).enqueuedBy(() => process.says(going({ released: true })), ['host']);
    expect(enqueued).toEqual(['host azid-system/vm']);
    expect(claim()).toMatchObject({ state: 'releases', hasSlot: true });
  });
});

describe('a selector’s attachment', () => {
  const fleet = (rolloutSlots: object, more: object = {}, spec: object = {}) =>
    ({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'IdentityAttachment',
      metadata: meta('fleet', { finalizers: ['azid.dev/finalizer'], ...more }),
      spec: {
        identityId: IDENTITY,
        target: { selector: { subscriptionId: SUBSCRIPTION, type: VMS, tags: { app: 'shop' } } },
        ...spec,
      },
      status: { matched: 1, rolloutSlots: { generation: 1, ...rolloutSlots } },
    }) as IdentityAttachment;
  const shown = { id: VM, key: VM.toLowerCase(), type: VMS, identity: { system: false, userAssigned: [] } };
  const claim = (tags: Readonly<Record<string, string>>): Claim | undefined => {
    const object = stores.attachments.get('shop/fleet');
    return object && claimOfAttachment(object, VM, { ...shown, tags }, deps());
  };

  it.each([
    ['lets a resource be given the identity', { attach: [VM] }, { app: 'shop' }, {}],
    ['lets it be taken away from one that is not selected any more', { detach: [VM] }, {}, {}],
    ['lets it be taken away as the object goes', { detach: [VM] }, {}, GOING],
  ])('%s once this process says so', (_, slots, tags, more) => {
    put(stores.attachments, fleet(slots, more));
    const process = begin(stores.attachments, identityAttachment);
    expect(claim(tags)).toMatchObject({ hasSlot: false });
    // All else that it remembers stays.
    expect(stores.attachments.get('shop/fleet')?.status).toEqual({ matched: 1 });
    const enqueued = watchWorld(stores).enqueuedBy(() => process.says(fleet(slots, more)), ['host']);
    expect(enqueued).toEqual(['host azid-system/vm']);
    expect(claim(tags)).toMatchObject({ hasSlot: true });
  });
});
