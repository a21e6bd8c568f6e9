import { describe, expect, it } from 'vitest';
import { KINDS, kindNamed } from '../api/index.ts';
import type { KubeObject } from '../kube/types.ts';
import { inAzure, split } from './left-behind.ts';
import { wavesOf } from './objects.ts';
import { reappliedBy } from './uninstall/listing.ts';

describe('the order', () => {
  it('has every kind, once', () => {
    const kinds = wavesOf().flatMap((wave) => wave.kinds.map(({ resource }) => resource.kind));
    expect(kinds.toSorted()).toEqual(KINDS.map(({ resource }) => resource.kind).toSorted());
  });

  it('ends what hangs on an identity before it, and what allows things after all that may need it', () => {
    const kinds = wavesOf().flatMap((wave) => wave.kinds.map(({ resource }) => resource.kind));
    const isBefore = (a: string, b: string) => kinds.indexOf(a) < kinds.indexOf(b);
    for (const kind of ['RoleGrant', 'FederatedIdentityCredential', 'IdentityAttachment'])
      for (const identity of ['UserAssignedIdentity', 'SystemAssignedIdentity'])
        expect(isBefore(kind, identity)).toBe(true);
    expect(isBefore('HostIdentity', 'UserAssignedIdentity')).toBe(true);
    expect(isBefore('UserAssignedIdentity', 'IdentityPolicy')).toBe(true);
    expect(isBefore('IdentityPolicy', 'AssignmentExpiry')).toBe(true);
    expect(isBefore('EventSource', 'RoleGrant')).toBe(true);
  });
});

describe('who applies an object again', () => {
  const by = (labels: object, annotations: object = {}) =>
    reappliedBy({ metadata: { labels, annotations } } as unknown as KubeObject);
  it.each([
    [
      'Flux Kustomization flux-system/shop',
      { 'kustomize.toolkit.fluxcd.io/name': 'shop', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
      {},
    ],
    [
      'Flux HelmRelease apps/shop',
      { 'helm.toolkit.fluxcd.io/name': 'shop', 'helm.toolkit.fluxcd.io/namespace': 'apps' },
      {},
    ],
    [
      'Argo CD application shop',
      {},
      { 'argocd.argoproj.io/tracking-id': 'shop:azid.dev/RoleGrant:team/read' },
    ],
    ['Argo CD application shop', { 'argocd.argoproj.io/instance': 'shop' }, {}],
    [
      'Config Sync :root',
      {},
      { 'configmanagement.gke.io/managed': 'enabled', 'configsync.gke.io/manager': ':root' },
    ],
    [undefined, { 'app.kubernetes.io/managed-by': 'Helm' }, { 'meta.helm.sh/release-name': 'shop' }],
    [undefined, {}, {}],
  ])('%s', (who, labels, annotations) => {
    expect(by(labels, annotations)).toBe(who);
  });
});

it('a kind is found as people name it', () => {
  for (const name of ['RoleGrant', 'rolegrant', 'rolegrants', 'grant', 'GRANT'])
    expect(kindNamed(name)?.resource.kind).toBe('RoleGrant');
  expect(kindNamed('pods')).toBeUndefined();
});

describe('what an object has in Azure, by its own word,', () => {
  const told = (kindName: string, object: object) => {
    const kind = kindNamed(kindName);
    if (!kind) throw new Error(`expected ${kindName} to be a kind`);
    return inAzure({ kind, object: object as never });
  };
  it('is each thing once, however it is spelt', () => {
    const ledger = ['/subscriptions/s/A', '/subscriptions/s/b'];
    expect(told('grant', { status: { assignmentId: '/subscriptions/s/a', ledger } })).toEqual([
      '/subscriptions/s/A',
      '/subscriptions/s/b',
    ]);
  });
  it('is of a resource only what azid attached', () => {
    const entries = [
      { identityId: '/i/1', owned: true },
      { identityId: '/i/2', owned: false },
    ];
    expect(told('hostid', { spec: { resourceId: '/vm' }, status: { entries } })).toEqual(['/i/1 on /vm']);
  });
  it('is nothing where it has no status yet', () => {
    for (const kind of KINDS) expect(told(kind.singular, { spec: {} }).filter(Boolean)).toEqual([]);
  });
});

describe('a full record', () => {
  const big = 'x'.repeat(400_000);
  it('takes what has room, and the rest goes into the next one', () => {
    expect(split({}, { a: big, b: big, c: 'c' })).toEqual({ fits: { a: big, c: 'c' }, rest: { b: big } });
  });
  it('has what is there already', () => {
    expect(split({ a: big, b: big }, { a: 'again' })).toEqual({ fits: {}, rest: {} });
  });
});
