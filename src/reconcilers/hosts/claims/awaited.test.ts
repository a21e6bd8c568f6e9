import { expect, it } from 'vitest';
import { FINALIZER } from '../../../api/schema/common.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { decide } from '../../host-identity/decide.ts';
import {
  attached,
  entry,
  facts,
  host,
  idOf,
  object,
  owner,
  principalOf,
  RG,
  seen,
  VM,
  VMS,
} from '../../host-identity/facts.fixture.ts';
import { MissingReferences } from '../../proof/missing-references.ts';
import { HeldIdentities, identityAt, marksOf } from '../../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../../stores.fixture.ts';
import { claimsOnHost } from './on-host.ts';

const HOUR = 3_600_000;

/** What azid attached stays while somebody who may want it cannot be told. What a host writes by what stands in the stores: attachment and identity as they are put there. */
function world() {
  const stores = emptyStores();
  const held = new HeldIdentities();
  const time = { ms: 0 };
  const references = new MissingReferences({ clock: { monotonic: () => time.ms }, releaseAfterMs: HOUR });
  put(stores.namespaces, { metadata: clusterMeta('shop') });
  put(stores.policies, {
    metadata: clusterMeta('team'),
    spec: {
      namespaces: { names: ['shop'] },
      attachments: [{ types: [VMS], scopes: [RG], identities: { identityRefs: true } }],
    },
  });
  const attachment = (name: string, more: object = {}, status?: object, spec: object = {}) =>
    put(stores.attachments, {
      metadata: meta(name, { finalizers: [FINALIZER], ...more }),
      spec: { identityRef: { name: 'app' }, target: { resourceId: VM }, ...spec },
      ...(status && { status }),
    });
  const identity = (more: object = {}) => {
    const metadata = meta('app', more);
    put(stores.identities, {
      metadata,
      spec: {},
      status: {
        id: idOf('app'),
        principalId: principalOf('app'),
        coordinates: {
          subscriptionId: '00000000-0000-0000-0000-00000000000a',
          resourceGroup: 'rg1',
          location: 'westeurope',
          name: 'app',
        },
      },
    });
    return metadata;
  };
  const ledger = object({
    entries: [entry('app', { owners: [owner('attach', { namespace: 'shop', uid: 'uid-attach' })] })],
  });
  const decided = () => {
    const vm = host([attached('app')]);
    const { claims } = claimsOnHost(ledger, VMS, vm, {
      stores,
      proofs: held.proofs(stores),
      references,
      knowsType: () => true,
      typeOf: () => VMS,
    });
    return decide(ledger, facts({ claims, host: seen(vm) }));
  };
  const written = () =>
    decided().actions.flatMap((each) => (each.type === 'writeIdentity' ? each.event.message : []));
  const summary = () => decided().summary;
  return { stores, held, attachment, identity, written, summary, time };
}

/** As after the first list. */
const sync = (store: { take(event: never): void }, objects: readonly object[]) =>
  store.take({ type: 'replace', objects, resourceVersion: '1000', rewound: false } as never);

it('an attachment that was renamed while azid was away keeps the identity on, though the identities are not listed yet', () => {
  const { attachment, identity, written, stores } = world();
  identity();
  const slots = { rolloutSlots: { generation: 1, detach: [VM] } };
  attachment(
    'attach',
    { generation: 1, deletionTimestamp: '2026-11-23T09:59:00Z', uid: 'uid-attach' },
    slots,
  );
  attachment('attach-anew', { uid: 'uid-anew' });
  expect(stores.attachments.byIndex('host', armKey(VM))).toHaveLength(2);
  expect(written()).toEqual([]);
});

it('a namespace that was restored with other uids keeps the identity on, until its identity is taken back', () => {
  const { attachment, identity, written, stores, held } = world();
  sync(stores.attachments, []);
  const restored = identity({ uid: 'uid-restored' });
  held.put(identityAt(idOf('app'), principalOf('app'), marksOf({ ...restored, uid: 'uid-before' })));
  attachment('attach', { uid: 'uid-attach-restored' });
  expect(written()).toEqual([]);
});

it('control: once the identity shows, nothing is written either', () => {
  const { attachment, identity, written, stores, held } = world();
  sync(stores.attachments, []);
  held.put(identityAt(idOf('app'), principalOf('app'), marksOf(identity())));
  attachment('attach-anew', { uid: 'uid-anew' });
  expect(written()).toEqual([]);
});

const RELEASED = { rolloutSlots: { generation: 1, detach: [VM] } };
const GOING = { generation: 1, deletionTimestamp: '2026-11-23T09:59:00Z', uid: 'uid-attach' };
const DETACHED = [expect.stringContaining('which no object wants any more')];

it.each([
  ['that is suspended', { suspend: true }],
  ['of another identity that is not told', { identityRef: { name: 'web' } }],
  ['of an identity by its ARM id that is another', { identityId: idOf('web'), identityRef: undefined }],
])('an attachment %s keeps nothing', (_, spec) => {
  const { attachment, identity, written, stores } = world();
  sync(stores.identities, []);
  identity();
  attachment('attach', GOING, RELEASED);
  attachment('attach-anew', { uid: 'uid-anew' }, undefined, spec);
  expect(written()).toEqual(DETACHED);
});

it('an attachment whose namespace no policy allows it keeps nothing by an identity that is not known', () => {
  const { attachment, identity, written, stores } = world();
  put(stores.namespaces, { metadata: clusterMeta('other') });
  identity({ namespace: 'other' });
  attachment('attach', GOING, RELEASED);
  attachment('attach-anew', { namespace: 'other', uid: 'uid-anew' });
  expect(written()).toEqual(DETACHED);
});

it('of an identity on its way out, or not this object’s to take back, nothing is kept', () => {
  const going = world();
  going.identity({ deletionTimestamp: '2026-11-23T09:59:00Z' });
  going.attachment('attach', GOING, RELEASED);
  going.attachment('attach-anew', { uid: 'uid-anew' });
  expect(going.written()).toEqual(DETACHED);
  const others = world();
  const metadata = others.identity();
  others.held.put(
    identityAt(idOf('app'), principalOf('app'), marksOf({ ...metadata, name: 'web', uid: 'uid-web' })),
  );
  others.attachment('attach', GOING, RELEASED);
  others.attachment('attach-anew', { uid: 'uid-anew' });
  expect(others.written()).toEqual(DETACHED);
});

it('an identity that its own reconcile has not placed yet may be any of its name', () => {
  const { attachment, written, stores } = world();
  put(stores.identities, { metadata: meta('app'), spec: {} });
  attachment('attach', GOING, RELEASED);
  attachment('attach-anew', { uid: 'uid-anew' });
  expect(written()).toEqual([]);
});

/** A restore brings attachments before the identities that they refer to. */
function restored() {
  const all = world();
  sync(all.stores.identities, []);
  sync(all.stores.attachments, []);
  all.attachment('attach', { uid: 'uid-restored' });
  return all;
}

const BEFORE = { namespace: 'shop', name: 'app', uid: 'uid-before' };

it('of an attachment that came back before its identity: what stands stays, and the host says for whom', () => {
  const { written, summary } = restored();
  expect(written()).toEqual([]);
  expect(summary()).toMatchObject({
    state: 'progressing',
    reason: 'ClaimantNotTold',
    message: expect.stringContaining(
      'app stays while it is not known whether IdentityAttachment shop/attach',
    ),
  });
});

it('the same where Azure shows the identity with the marks of the object that was there before', () => {
  const { written, held } = restored();
  held.put(identityAt(idOf('app'), principalOf('app'), marksOf(BEFORE)));
  expect(written()).toEqual([]);
});

it('not for ever: an identity that never comes keeps nothing', () => {
  const { written, time } = restored();
  expect(written()).toEqual([]);
  time.ms += HOUR - 1;
  expect(written()).toEqual([]);
  time.ms += 1;
  expect(written()).toEqual(DETACHED);
});

it('and not what Azure shows to be another’s, or gone', () => {
  const others = restored();
  others.held.put(identityAt(idOf('app'), principalOf('app'), marksOf({ ...BEFORE, name: 'web' })));
  expect(others.written()).toEqual(DETACHED);
  const gone = restored();
  gone.held.hold(idOf('app'), { state: 'absent', provenBy: 'get', ageMs: 0 });
  expect(gone.written()).toEqual(DETACHED);
});

it('nor what no one of its namespace had', () => {
  const { attachment, written, stores } = world();
  put(stores.namespaces, { metadata: clusterMeta('other') });
  put(stores.policies, {
    metadata: clusterMeta('others'),
    spec: {
      namespaces: { names: ['other'] },
      attachments: [{ types: [VMS], scopes: [RG], identities: { identityRefs: true } }],
    },
  });
  sync(stores.identities, []);
  sync(stores.attachments, []);
  attachment('attach', { namespace: 'other', uid: 'uid-other' });
  expect(written()).toEqual(DETACHED);
});

it('nor for whom no policy allows it, or who is suspended', () => {
  const denied = restored();
  put(denied.stores.policies, { metadata: clusterMeta('team'), spec: { namespaces: { names: ['shop'] } } });
  expect(denied.written()).toEqual(DETACHED);
  const suspended = restored();
  suspended.attachment('attach', { uid: 'uid-restored' }, undefined, { suspend: true });
  expect(suspended.written()).toEqual(DETACHED);
});
