import { expect, it } from 'vitest';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { Store } from '../kube/store.ts';
import type { Visit } from '../runtime/visit.ts';
import { Frame, type FrameOptions } from './frame.ts';
import type { Kind } from './kind.ts';
import { emptyStores, meta, put } from './stores.fixture.ts';

type AnyKind = Kind<IdentityAttachment, unknown, { type: 'none' }, object>;

function world() {
  const store = emptyStores().attachments;
  const forgotten: (readonly [string, string | undefined])[] = [];
  const kind = { forget: (key: string, uid?: string) => forgotten.push([key, uid]) } as unknown as AnyKind;
  const frame = new Frame(kind, { store } as unknown as FrameOptions<IdentityAttachment>);
  const visit = () => frame.reconcile({ key: 'shop/web' } as Visit);
  // On its way out, and nothing holds it: a visit has nothing to do.
  const leaving = (uid: string) =>
    put(store as Store<IdentityAttachment>, {
      metadata: meta('web', { uid, deletionTimestamp: '2026-11-23T10:00:00Z' }),
      spec: { target: {} },
    });
  const remove = () => {
    const object = store.get('shop/web');
    if (object) store.noteDelete(object);
  };
  return { visit, leaving, remove, forgotten };
}

it('forgets an object that went unseen by its uid, too, and only once', async () => {
  const { visit, leaving, remove, forgotten } = world();
  leaving('uid-1');
  await visit();
  expect(forgotten).toEqual([]);
  remove();
  await visit();
  await visit();
  expect(forgotten).toEqual([
    ['shop/web', 'uid-1'],
    ['shop/web', undefined],
  ]);
});

it('forgets the one before when it meets a namesake', async () => {
  const { visit, leaving, forgotten } = world();
  leaving('uid-1');
  await visit();
  leaving('uid-2');
  await visit();
  await visit();
  expect(forgotten).toEqual([['shop/web', 'uid-1']]);
});
