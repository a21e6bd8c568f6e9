import { describe, expect, it } from 'vitest';
import type { IdentityAttachmentSpec } from '../../api/identity-attachment.ts';
import { hostId } from '../../api/schema/host-fields.ts';
import { idOf, object, RG } from '../host-identity/facts.fixture.ts';
import { awaitingAll, HeldIdentities } from '../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../stores.fixture.ts';
import { apiVersionOf } from './api-version.ts';
import { claimsOnHost } from './claims/on-host.ts';

const TYPE = 'Contoso.Widgets/gears';
const GEAR = `${RG}/providers/${TYPE}/g1`;

function world() {
  const stores = emptyStores();
  for (const name of ['shop', 'stranger']) put(stores.namespaces, { metadata: clusterMeta(name) });
  put(stores.policies, {
    metadata: clusterMeta('team'),
    spec: {
      namespaces: { names: ['shop'] },
      attachments: [{ types: [TYPE], scopes: [RG], identities: { ids: [idOf('app')] } }],
    },
  });
  const attach = (namespace: string, day: string, spec: Partial<IdentityAttachmentSpec>) =>
    put(stores.attachments, {
      metadata: meta(`${namespace}-${day}`, { namespace, creationTimestamp: `2026-11-${day}T00:00:00Z` }),
      spec: { identityId: idOf('app'), target: { resourceId: GEAR }, ...spec },
    });
  const ofHost = () =>
    claimsOnHost({ ...object({ entries: [] }), spec: { resourceId: GEAR } }, TYPE, undefined, {
      stores,
      proofs: new HeldIdentities().proofs(stores),
      references: awaitingAll,
      knowsType: () => false,
      typeOf: () => TYPE,
    }).apiVersion;
  return { stores, attach, ofHost };
}

describe('the API version of a type that azid does not know', () => {
  it('is never that of somebody whom no policy lets have anything there', () => {
    const { stores, attach } = world();
    attach('stranger', '01', { apiVersion: '1999-01-01' });
    expect(apiVersionOf(TYPE, stores)).toBeUndefined();
    attach('shop', '03', { apiVersion: '2026-01-01' });
    expect(apiVersionOf(TYPE, stores)).toBe('2026-01-01');
    attach('shop', '02', { apiVersion: '2025-01-01' });
    expect(apiVersionOf(TYPE.toUpperCase(), stores)).toBe('2025-01-01');
  });

  it('is never that of somebody whose namespace was not seen yet', () => {
    const { stores, attach } = world();
    attach('late', '01', { apiVersion: '1999-01-01' });
    put(stores.policies, {
      metadata: clusterMeta('unlabelled'),
      spec: {
        namespaces: { selector: { matchExpressions: [{ key: 'restricted', operator: 'DoesNotExist' }] } },
        attachments: [{ types: [TYPE], scopes: [RG], identities: { ids: [idOf('app')] } }],
      },
    });
    expect(apiVersionOf(TYPE, stores)).toBeUndefined();
    put(stores.namespaces, { metadata: clusterMeta('late') });
    expect(apiVersionOf(TYPE, stores)).toBe('1999-01-01');
  });

  it('of a resource is given by an object that may have it, however old others are', () => {
    const { attach, ofHost } = world();
    attach('stranger', '01', { apiVersion: '1999-01-01' });
    expect(ofHost()).toBeUndefined();
    attach('shop', '03', { apiVersion: '2026-01-01' });
    expect(ofHost()).toBe('2026-01-01');
  });

  it('is known though somebody gives an id that is none', () => {
    const { stores, attach } = world();
    const extension = `${GEAR}/providers/Microsoft.Insights/rules/r1`;
    expect(hostId().safeParse(extension).success).toBe(true);
    attach('stranger', '01', { apiVersion: '1999-01-01', target: { resourceId: extension } });
    attach('shop', '03', { apiVersion: '2026-01-01' });
    expect(apiVersionOf(TYPE, stores)).toBe('2026-01-01');
  });
});
