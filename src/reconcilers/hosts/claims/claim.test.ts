import { describe, expect, it } from 'vitest';
import type { IdentityAttachment, IdentityAttachmentSpec } from '../../../api/identity-attachment.ts';
import type { IdentityPolicy } from '../../../api/identity-policy.ts';
import type { SystemAssignedIdentity } from '../../../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../../azure/azure-identity.ts';
import type { AzureHost } from '../../../azure/hosts/host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Namespace } from '../../../kube/builtin.ts';
import { Store } from '../../../kube/informer/store.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { HeldIdentities, identityAt, marksOf } from '../../proof/proofs.fixture.ts';
import { type ClaimDeps, claimOfAttachment, claimOfSystemIdentity } from './claim.ts';
import { selectsHost } from './selector.ts';
import { Turns } from './turns.ts';

const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
const RG = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1`;
const VMS = 'Microsoft.Compute/virtualMachines';
const VM = `${RG}/providers/${VMS}/web`;
const IDENTITY = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
const selector = { subscriptionId: SUBSCRIPTION, type: VMS, tags: { App: 'shop' } };

const host: AzureHost = {
  id: VM,
  key: armKey(VM),
  type: VMS,
  tags: { app: 'shop' },
  identity: { system: false, userAssigned: [] },
};

function storeOf<T extends KubeObject>(...objects: object[]): Store<T> {
  const store = new Store<T>({
    onListenerError: (error) => {
      throw error;
    },
  });
  for (const object of objects) store.take({ type: 'apply', object: object as T });
  return store;
}

const metadata = (name: string, more = {}) => ({
  namespace: 'shop',
  name,
  uid: `uid-${name}`,
  creationTimestamp: '2026-11-23T10:00:00Z',
  resourceVersion: '1',
  generation: 1,
  ...more,
});

function deps(
  change: {
    identity?: object | null;
    shown?: AzureIdentity;
    rule?: object;
    turns?: Turns;
    unseen?: boolean;
  } = {},
): ClaimDeps {
  const identity =
    change.identity === null
      ? []
      : [
          {
            metadata: metadata('app', change.identity),
            spec: {},
            // Somebody else wrote the principal: nobody reads it there.
            status: { id: IDENTITY, principalId: 'forged' },
          },
        ];
  const rule = { types: [VMS], scopes: [RG], selectors: true, ...change.rule };
  const identities = storeOf<UserAssignedIdentity>(...identity);
  const held = new HeldIdentities();
  held.put(change.shown ?? identityAt(IDENTITY, 'p1', marksOf(metadata('app'))));
  return {
    proofs: held.proofs({ identities }),
    stores: {
      identities,
      namespaces: storeOf<Namespace>(
        ...(change.unseen ? [] : [{ metadata: metadata('shop', { namespace: undefined }) }]),
      ),
      policies: storeOf<IdentityPolicy>({
        metadata: metadata('team', { namespace: undefined }),
        spec: { namespaces: { names: ['shop'] }, attachments: [rule], systemAssigned: [rule] },
      }),
    },
    turns: change.turns ?? new Turns(() => {}),
    knowsType: () => true,
    typeOf: () => VMS,
  };
}

const attachment = (spec: Partial<IdentityAttachmentSpec> = {}, more = {}) =>
  ({
    metadata: metadata('web-app', more),
    spec: { identityRef: { name: 'app' }, target: { resourceId: VM.toUpperCase() }, ...spec },
  }) as IdentityAttachment;
const deleted = { deletionTimestamp: '2026-11-23T10:01:00Z' };

describe('a spec that is wrong by itself', () => {
  it.each<[string, Partial<IdentityAttachmentSpec>]>([
    ['another resource, by half an id', { target: { resourceId: `${RG}/providers/${VMS}/..` } }],
    ['an API version of a type that azid knows', { apiVersion: '2024-07-01' }],
    ['a type that azid does not know', { target: { selector: { ...selector, type: 'Contoso.X/y' } } }],
    ['a selector that would choose everything', { target: { selector: { ...selector, tags: {} } } }],
    ['half an identity', { identityId: IDENTITY.replace('rg1', '..') }],
  ])('%s: neither gives nor takes away', (_, spec) => {
    expect(claimOfAttachment(attachment(spec), VM, host, deps())).toMatchObject({ state: 'unclear' });
  });
});

describe('an attachment that names its resource', () => {
  it('wants it, with the principal its identity has, once its own reconcile gave the word', () => {
    expect(claimOfAttachment(attachment(), VM, undefined, deps())).toMatchObject({ turn: false });
    const turns = new Turns(() => {});
    turns.set('uid-web-app', { attach: new Set([host.key]), detach: new Set() });
    expect(claimOfAttachment(attachment(), VM, undefined, deps({ turns }))).toMatchObject({
      state: 'wants',
      what: { identityId: IDENTITY, principalId: 'p1' },
      verdict: { allowed: true, policy: 'team' },
      turn: true,
      paused: false,
    });
  });

  it('is denied, not silent, where no policy allows it', () => {
    const claim = claimOfAttachment(attachment(), VM, undefined, deps({ rule: { types: ['A.B/c'] } }));
    expect(claim).toMatchObject({ state: 'wants', verdict: { allowed: false } });
  });

  it('gives nothing new while its namespace was not seen, and keeps what stands', () => {
    const unseen = { state: 'wants', verdict: { allowed: false, unseen: true } };
    expect(claimOfAttachment(attachment(), VM, undefined, deps({ unseen: true }))).toMatchObject(unseen);
    const own = { metadata: metadata('own'), spec: { resourceId: VM } } as SystemAssignedIdentity;
    expect(claimOfSystemIdentity(own, deps({ unseen: true }))).toMatchObject(unseen);
  });

  it('gives nothing new while suspended, or while its identity goes', () => {
    expect(claimOfAttachment(attachment({ suspend: true }), VM, undefined, deps())).toMatchObject({
      paused: true,
    });
    expect(claimOfAttachment(attachment(), VM, undefined, deps({ identity: deleted }))).toMatchObject({
      paused: true,
    });
  });

  it('keeps what stands while its identity is not known', () => {
    expect(claimOfAttachment(attachment(), VM, undefined, deps({ identity: null }))).toMatchObject({
      state: 'unclear',
      why: expect.stringContaining('UserAssignedIdentity shop/app, which does not exist'),
    });
  });

  it('keeps what stands, and gives nothing, while Azure shows an identity without its marks', () => {
    const shown = identityAt(IDENTITY, 'p2', { by: 'hand' });
    expect(claimOfAttachment(attachment(), VM, undefined, deps({ shown }))).toMatchObject({
      state: 'unclear',
      why: expect.stringContaining('is not the owner of identity'),
    });
  });

  it('releases what it no longer names, and everything when it is deleted, when it gave the word', () => {
    const turns = new Turns(() => {});
    const elsewhere = attachment({ target: { resourceId: `${VM}2` } });
    expect(claimOfAttachment(elsewhere, VM, undefined, deps({ turns }))).toMatchObject({
      state: 'releases',
      turn: false,
    });
    turns.set('uid-web-app', { attach: new Set(), detach: new Set([host.key]) });
    const claim = (object: IdentityAttachment) => claimOfAttachment(object, VM, undefined, deps({ turns }));
    expect(claim(elsewhere)).toMatchObject({ state: 'releases', turn: true });
    expect(claim(attachment({}, deleted))).toMatchObject({ state: 'releases', retain: false, turn: true });
    const kept = attachment({ deletionPolicy: 'Retain' }, deleted);
    expect(claim(kept)).toMatchObject({ state: 'releases', retain: true });
  });

  it('releases nothing by an edit while it is suspended', () => {
    const elsewhere = attachment({ target: { resourceId: `${VM}2` }, suspend: true });
    expect(claimOfAttachment(elsewhere, VM, undefined, deps())).toMatchObject({ state: 'unclear' });
  });
});

describe('an attachment by selector', () => {
  const fleet = (spec: Partial<IdentityAttachmentSpec> = {}, more = {}) =>
    attachment({ target: { selector }, ...spec }, more);

  it('wants what matches, when its rollout says so', () => {
    const turns = new Turns(() => {});
    expect(claimOfAttachment(fleet(), VM, host, deps({ turns }))).toMatchObject({
      state: 'wants',
      turn: false,
      wordDue: true,
    });
    const wordDue = () => claimOfAttachment(fleet(), VM, host, deps({ turns }));
    turns.set('uid-web-app', { attach: new Set(), detach: new Set(), held: new Set([host.key]) });
    expect(wordDue()).toMatchObject({ turn: false, wordDue: false });
    // Its last word was about others: this one appeared since, or was made again.
    turns.set('uid-web-app', { attach: new Set(), detach: new Set(), held: new Set(['other']) });
    expect(wordDue()).toMatchObject({ turn: false, wordDue: true });
    turns.set('uid-web-app', { attach: new Set([host.key]), detach: new Set() });
    expect(claimOfAttachment(fleet(), VM, host, deps({ turns }))).toMatchObject({
      state: 'wants',
      turn: true,
    });
  });

  it('releases what no longer matches, but in turn', () => {
    const turns = new Turns(() => {});
    const other = { ...host, tags: { app: 'lab' } };
    expect(claimOfAttachment(fleet(), VM, other, deps({ turns }))).toMatchObject({
      state: 'releases',
      turn: false,
    });
    turns.set('uid-web-app', { attach: new Set(), detach: new Set([host.key]) });
    expect(claimOfAttachment(fleet(), VM, other, deps({ turns }))).toMatchObject({
      state: 'releases',
      turn: true,
    });
    expect(claimOfAttachment(fleet({}, deleted), VM, host, deps())).toMatchObject({
      state: 'releases',
      turn: false,
    });
  });

  it('says nothing about a resource that was not read', () => {
    expect(claimOfAttachment(fleet(), VM, undefined, deps())).toMatchObject({ state: 'unclear' });
  });

  it('is denied where selectors are not allowed', () => {
    const claim = claimOfAttachment(fleet(), VM, host, deps({ rule: { selectors: false } }));
    expect(claim).toMatchObject({ verdict: { allowed: false } });
  });
});

describe('selectors', () => {
  it.each([
    ['tag names in any case', {}, true],
    ['values exactly', { tags: { app: 'SHOP' } }, false],
    ['all tags', { tags: { app: 'shop', tier: 'web' } }, false],
    ['no tags, which says nothing', { tags: {} }, false],
    ['all, in words', { tags: {}, all: true }, true],
    ['both at once', { all: true }, false],
    ['the group', { resourceGroup: 'RG1' }, true],
    ['another group', { resourceGroup: 'rg' }, false],
    ['another type', { type: 'Microsoft.Web/sites' }, false],
    ['another subscription', { subscriptionId: SUBSCRIPTION.replace('1', '2') }, false],
  ])('%s', (_, change, expected) => {
    expect(selectsHost({ ...selector, ...change }, host)).toBe(expected);
  });
});

describe('turns', () => {
  it('enqueue each resource once that has its turn from now on', () => {
    const enqueued: string[] = [];
    const turns = new Turns((key) => void enqueued.push(key));
    turns.set('u', { attach: new Set(['a', 'b']), detach: new Set() });
    turns.set('u', { attach: new Set(['b', 'c']), detach: new Set(['a']) });
    expect(enqueued).toEqual(['a', 'b', 'c', 'a']);
    expect([turns.mayAttach('u', 'a'), turns.mayDetach('u', 'a'), turns.mayAttach('x', 'a')]).toEqual([
      false,
      true,
      false,
    ]);
  });
});

describe('a system-assigned identity', () => {
  const own = (spec = {}, more = {}) =>
    ({ metadata: metadata('own', more), spec: { resourceId: VM, ...spec } }) as SystemAssignedIdentity;

  it('is wanted while its object lives and its finalizer stands, and kept when it goes unless told otherwise', () => {
    expect(claimOfSystemIdentity(own(), deps())).toMatchObject({
      state: 'wants',
      what: 'system',
      turn: false,
    });
    const held = own({}, { finalizers: ['azid.dev/finalizer'] });
    expect(claimOfSystemIdentity(held, deps())).toMatchObject({ state: 'wants', turn: true });
    expect(claimOfSystemIdentity(own({}, deleted), deps())).toMatchObject({
      state: 'releases',
      retain: true,
    });
    expect(claimOfSystemIdentity(own({ deletionPolicy: 'Delete' }, deleted), deps())).toMatchObject({
      state: 'releases',
      retain: false,
    });
  });

  it('that is wrong by itself gives nothing, and its deletion is heard all the same', () => {
    const bad = { apiVersion: '2024-07-01' };
    expect(claimOfSystemIdentity(own(bad), deps())).toMatchObject({ state: 'unclear' });
    expect(claimOfSystemIdentity(own(bad, deleted), deps())).toMatchObject({ state: 'releases' });
  });
});
