import { expect, it } from 'vitest';
import { type IdentityAttachment, identityAttachment } from '../../api/identity-attachment.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Store } from '../../kube/informer/store.ts';
import type { ReconcileRequest } from '../../runtime/controller/reconcile-request.ts';
import { silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import type { CommonAction } from '../decision.ts';
import type { Kind } from '../kind.ts';
import { StatusMemory } from '../status/status-memory.ts';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import { doing, ReconcilerWorld } from './reconciler.fixture.ts';
import { Reconciler, type ReconcilerOptions } from './reconciler.ts';

type AnyKind = Kind<IdentityAttachment, unknown, { type: 'none' }, object>;

function world() {
  const store = emptyStores().attachments;
  const forgotten: (readonly [string, string | undefined])[] = [];
  const kind = { forget: (key: string, uid?: string) => forgotten.push([key, uid]) } as unknown as AnyKind;
  const reconciler = new Reconciler(kind, { store } as unknown as ReconcilerOptions<IdentityAttachment>);
  const request = () => reconciler.reconcile({ key: 'shop/web' } as ReconcileRequest);
  // On its way out, and nothing holds it: a reconcile has nothing to do.
  const leaving = (uid: string) =>
    put(store as Store<IdentityAttachment>, {
      metadata: meta('web', { uid, deletionTimestamp: '2026-11-23T10:00:00Z' }),
      spec: { target: {} },
    });
  const remove = () => {
    const object = store.get('shop/web');
    if (object) store.recordDelete(object);
  };
  return { request, leaving, remove, forgotten };
}

it('forgets an object that went unseen by its uid, too, and only once', async () => {
  const { request, leaving, remove, forgotten } = world();
  leaving('uid-1');
  await request();
  expect(forgotten).toEqual([]);
  remove();
  await request();
  await request();
  expect(forgotten).toEqual([
    ['shop/web', 'uid-1'],
    ['shop/web', undefined],
  ]);
});

it('forgets the one before when it meets a namesake', async () => {
  const { request, leaving, forgotten } = world();
  leaving('uid-1');
  await request();
  leaving('uid-2');
  await request();
  await request();
  expect(forgotten).toEqual([['shop/web', 'uid-1']]);
});

it('does not believe a status that is altered between the start and the first reconcile', () => {
  const store = emptyStores().attachments as Store<IdentityAttachment>;
  const seen = (status: IdentityAttachment['status']) =>
    put(store, { metadata: meta('web'), spec: { target: {} }, ...(status && { status }) });
  seen(initialized);
  const memory = new StatusMemory<IdentityAttachment>();
  new Reconciler({} as AnyKind, { store, memory } as unknown as ReconcilerOptions<IdentityAttachment>);
  store.showAs((object) => memory.shown(object));
  seen({ ...initialized, summary: 'forged' });
  expect(store.get('shop/web')?.status).toEqual(initialized);
});

it('writes nothing for a namesake that takes the place of the object in the middle of a reconcile', async () => {
  type WriteKind = Kind<IdentityAttachment, object, { type: 'write' } | CommonAction<object>, object>;
  const store = emptyStores().attachments as Store<IdentityAttachment>;
  const spec = { target: {} };
  const seen = (uid: string) => ({
    metadata: meta('web', { uid, finalizers: [FINALIZER] }),
    spec,
    status: initialized,
  });
  put(store, seen('uid-1'));
  const first = store.get('shop/web');
  let performed = 0;
  const kind = {
    resource: identityAttachment.resource,
    observe: async () => ({}),
    decide: () => ({
      actions: [{ type: 'saveStatus', status: { summary: 'intent' }, why: '' }, { type: 'write' }],
      status: {},
      summary: { state: 'progressing', reason: 'Writing', message: '', againMs: 0 },
    }),
    perform: async () => {
      performed += 1;
      return {};
    },
  } as unknown as WriteKind;
  // Deleted and made again while the status of the one before was being written.
  const client = {
    apply: async () => {
      if (first) store.recordDelete(first);
      put(store, seen('uid-2'));
      return first;
    },
  } as unknown as KubeClient;
  const events = { record: () => {} };
  const reconciler = new Reconciler(kind, { store, client, events, clock: new FakeClock() });
  const request = {
    key: 'shop/web',
    signal: new AbortController().signal,
    log: silentLog,
  } as unknown as ReconcileRequest;
  expect(await reconciler.reconcile(request)).toMatchObject({ type: 'retry', reason: 'ObjectChanged' });
  expect(performed).toBe(0);
});

const initialized: NonNullable<IdentityAttachment['status']> = {
  conditions: [
    { type: 'Ready', status: 'Unknown', reason: 'Progressing', message: '', lastTransitionTime: '' },
  ],
};

it('is done with an object once its finalizer is removed, though another finalizer keeps it', async () => {
  const world = new ReconcilerWorld();
  const deletionTimestamp = '2026-11-23T10:00:00Z';
  world.put({ deletionTimestamp, finalizers: ['example.com/hold', FINALIZER] });
  world.decide = () => doing({ type: 'removeFinalizer' });
  expect(await world.reconciler.reconcile(world.request())).toEqual({ type: 'done' });
  expect(world.observed).toHaveLength(1);
  const object = world.store.get('shop/web');
  expect(object?.metadata.finalizers).toEqual(['example.com/hold']);
  expect(object?.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    reason: 'Deleting',
    message: expect.stringContaining('kept by finalizers of others: example.com/hold'),
  });
  expect(await world.reconciler.reconcile(world.request())).toEqual({ type: 'done' });
  expect(world.observed).toHaveLength(1);
});

it('goes on with an object that lives when its finalizer is removed: azid deletes it next', async () => {
  const world = new ReconcilerWorld();
  world.put({ finalizers: ['example.com/hold', FINALIZER] });
  let decided = 0;
  world.decide = () => (decided++ === 0 ? doing({ type: 'removeFinalizer' }) : doing());
  await world.reconciler.reconcile(world.request());
  expect(decided).toBe(2);
  const { conditions = [] } = world.store.get('shop/web')?.status ?? {};
  expect(conditions.find(({ type }) => type === 'Ready')?.reason).not.toBe('Deleting');
});

it('remembers nothing of a namespace that another process has from now on: its records are that one’s', async () => {
  const world = new ReconcilerWorld();
  world.put({ uid: 'uid-1' });
  await world.reconciler.reconcile(world.request());
  expect(world.memory.size).toBe(1);
  world.reconciler.forgetNamespace('elsewhere');
  expect([world.forgotten, world.memory.size]).toEqual([[], 1]);
  world.reconciler.forgetNamespace('shop');
  expect([world.forgotten, world.memory.size]).toEqual([['shop/web uid-1 true'], 0]);
});
