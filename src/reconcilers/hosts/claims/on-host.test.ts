import { describe, expect, it } from 'vitest';
import type { IdentityAttachmentSpec } from '../../../api/identity-attachment.ts';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { entry, host, idOf, object, owner, RG, VM, VMS } from '../../host-identity/facts.fixture.ts';
import { awaitingAll, HeldIdentities } from '../../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../../stores.fixture.ts';
import { claimsOnHost } from './on-host.ts';

const selector = {
  subscriptionId: '00000000-0000-0000-0000-00000000000a',
  type: VMS,
  tags: { app: 'shop' },
};
const shop = host([], { tags: { app: 'shop' } });

function world() {
  const stores = emptyStores();
  put(stores.namespaces, { metadata: clusterMeta('shop') });
  put(stores.policies, {
    metadata: clusterMeta('team'),
    spec: {
      namespaces: { names: ['shop'] },
      attachments: [{ types: [VMS], scopes: [RG], selectors: true, identities: { ids: [idOf('app')] } }],
    },
  });
  const attach = (name: string, target: IdentityAttachmentSpec['target'], spec = {}) =>
    put(stores.attachments, {
      metadata: meta(name),
      spec: { identityId: idOf('app'), target, ...spec },
    });
  const claims = (seen: AzureHost | 'absent' | undefined, ledger = object({ entries: [] })) =>
    claimsOnHost(ledger, VMS, seen, {
      stores,
      proofs: new HeldIdentities().proofs(stores),
      references: awaitingAll,
      knowsType: () => true,
      typeOf: () => VMS,
    }).claims.map(({ state, owner: { name } }) => `${name} ${state}`);
  return { stores, attach, claims };
}

/** As after the first list. */
const sync = (store: { take(event: never): void }, objects: readonly object[]) =>
  store.take({ type: 'replace', objects, resourceVersion: '1000', rewound: false } as never);

describe('a claim on a host', () => {
  it('is of the objects that name it, in any spelling, and that select it; the older first', () => {
    const { stores, attach, claims } = world();
    attach('by-selector', { selector });
    attach('of-another', { selector: { ...selector, tags: { app: 'bank' } } });
    attach('elsewhere', { resourceId: `${VM}-2` });
    put(stores.attachments, {
      metadata: meta('by-id', { creationTimestamp: '2026-11-01T00:00:00Z' }),
      spec: { identityId: idOf('app'), target: { resourceId: VM.toUpperCase() } },
    });
    expect(claims(shop)).toEqual(['by-id wants', 'by-selector wants']);
  });

  it('may be of any selector that covers its place, as long as the host was not read', () => {
    const { attach, claims } = world();
    attach('by-selector', { selector });
    expect(claims(undefined)).toEqual(['by-selector unclear']);
    expect(claims('absent')).toEqual([]);
  });

  it('is of the owners in its ledger, though they name another by now', () => {
    const { attach, claims } = world();
    attach('attach-app', { resourceId: `${VM}-2` });
    const ledger = object({
      entries: [
        entry('app', { owners: [owner('attach-app', { namespace: 'shop', uid: 'uid-attach-app' })] }),
      ],
    });
    expect(claims(shop, ledger)).toEqual(['attach-app releases']);
  });

  it('is missed, and releases what it had, only once its kind was listed', () => {
    const { stores, claims } = world();
    expect(claims(shop, object())).toEqual(['attach-app unclear']);
    sync(stores.attachments, []);
    expect(claims(shop, object())).toEqual(['attach-app releases']);
  });

  it('is not a namesake that was made later', () => {
    const { stores, attach, claims } = world();
    sync(stores.attachments, []);
    attach('attach-app', { resourceId: VM });
    const ledger = object({
      entries: [entry('app', { owners: [owner('attach-app', { namespace: 'shop', uid: 'uid-before' })] })],
    });
    expect(claims(shop, ledger)).toEqual(['attach-app wants', 'attach-app releases']);
  });
});
