import { beforeEach, describe, expect, it } from 'vitest';
import { FINALIZER } from '../../../api/schema/common.ts';
import { credentialName } from '../../../azure/names/credential-name.ts';
import type { ObjectMeta } from '../../../kube/types.ts';
import { clusterMeta, emptyStores, meta, put } from '../../stores.fixture.ts';
import type { Stores } from '../../stores.ts';
import { decide } from '../decide.ts';
import { facts, fic, IDENTITY, INSTALLATION, known, policy, seen, TRUST } from '../facts.fixture.ts';
import type { FederatedIdentityCredential } from '../facts.ts';
import { siblingsOf } from './siblings.ts';

let stores: Stores;
beforeEach(() => {
  stores = emptyStores();
  for (const name of ['team-a', 'team-b']) put(stores.namespaces, { metadata: clusterMeta(name) });
  put(stores.policies, policy());
});

const common = facts();
const here = { key: 'team-a/web', id: IDENTITY };
const deps = () => ({
  stores,
  installationId: INSTALLATION,
});
const held = (owner: { namespace: string; name: string }) =>
  seen({ name: credentialName(INSTALLATION, owner), ...TRUST });

function declare(
  name: string,
  spec: Partial<FederatedIdentityCredential['spec']> = {},
  metadata: Partial<ObjectMeta> = {},
  ledger = [held({ namespace: 'team-a', ...metadata, name }).id],
) {
  const object = fic({ spec, metadata: { name, uid: `uid-${name}`, ...metadata } });
  const { resourceVersion } = meta(name);
  put(stores.credentials, {
    metadata: { ...object.metadata, resourceVersion },
    spec: object.spec,
    status: { ledger },
  });
  return object;
}

/** What `ci` says while Azure shows this object's credential with the pair that it wants. */
function said(owner: { namespace: string; name: string }) {
  const object = declare('ci');
  const credentials = [held(owner)];
  const siblings = siblingsOf(object, here, credentials, deps(), common);
  return decide(object, facts({ credentials: known(...credentials), siblings })).summary;
}
const first = { namespace: 'team-a', name: 'first' };
const moving = { identityRef: { name: 'other' } };

describe('a credential whose name proves that azid made it for another object', () => {
  it('is that object’s as long as it lives, though it refers to another identity by now', () => {
    declare('first', moving);
    expect(said(first)).toMatchObject({
      state: 'waiting',
      for: 'FederatedIdentityCredential team-a/first',
      message: expect.stringContaining('gives them up as soon as it has what it is declared to have now'),
    });
  });

  it('of another namespace, too, whose policies then decide whether it goes on', () => {
    declare('first', moving, { namespace: 'team-b' });
    expect(said({ namespace: 'team-b', name: 'first' })).toMatchObject({
      state: 'stalled',
      reason: 'OwnedByAnother',
      message: expect.stringContaining('team-b/first, which keeps what it has'),
    });
  });

  it('and that is suspended is not about to be given up', () => {
    declare('first', { ...moving, suspend: true });
    expect(said(first)).toMatchObject({ state: 'stalled', reason: 'OwnedByAnother' });
  });

  it('belongs to no object once its own is gone, or azid has finalized that; the message says whose it was', () => {
    const unmanaged = {
      state: 'ready',
      reason: 'ExistsUnmanaged',
      message: expect.stringContaining('which azid made for an object that has let it go'),
    };
    expect(said(first)).toMatchObject(unmanaged);
    const going = { deletionTimestamp: '2026-11-23T09:00:00Z', finalizers: ['backup.example/hold'] };
    declare('first', moving, going);
    expect(said(first)).toMatchObject(unmanaged);
    declare('first', moving, { ...going, finalizers: [FINALIZER] });
    expect(said(first)).toMatchObject({ state: 'waiting' });
  });

  it('belongs to no object, too, where its own has given it up, as one that was made anew after Retain never had it', () => {
    declare('first', moving, {}, []);
    expect(said(first)).toMatchObject({ state: 'ready', reason: 'ExistsUnmanaged' });
  });

  it('is proven by the name: a ledger alone gives it no owner', () => {
    declare('forger', moving, {}, [held(first).id]);
    expect(siblingsOf(fic(), here, [held(first)], deps(), common)).toEqual([]);
    expect(said(first)).toMatchObject({ state: 'ready', reason: 'ExistsUnmanaged' });
  });
});
