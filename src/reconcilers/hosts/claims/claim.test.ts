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
import { awaitingAll, HeldIdentities, identityAt, marksOf } from '../../proof/proofs.fixture.ts';
import { type ClaimDeps, claimOfAttachment, claimOfSystemIdentity } from './claim.ts';
import { selectsHost } from './spec.ts';

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
  change: { identity?: object | null; shown?: AzureIdentity; rule?: object; unseen?: boolean } = {},
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
    references: awaitingAll,
    knowsType: () => true,
    typeOf: () => VMS,
  };
}

const attachment = (spec: Partial<IdentityAttachmentSpec> = {}, more = {}) =>
  ({
    metadata: metadata('web-app', more),
    spec: { identityRef: { name: 'app' }, target: { resourceId: VM.toUpperCase() }, ...spec },
  }) as IdentityAttachment;
const held = { finalizers: ['azid.dev/finalizer'] };
const deleted = { deletionTimestamp: '2026-11-23T10:01:00Z', ...held };
/** azid's finalizer was taken off, and another one keeps it. */
const finalized = { ...deleted, finalizers: ['example.com/hold'] };
const given = (object: IdentityAttachment, slots: { attach?: string[]; detach?: string[] }) =>
  ({ ...object, status: { rolloutSlots: { generation: 1, ...slots } } }) as IdentityAttachment;

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
  it('wants it, with the principal its identity has, once its finalizer stands', () => {
    expect(claimOfAttachment(attachment(), VM, undefined, deps())).toMatchObject({
      hasSlot: false,
      isDue: true,
    });
    expect(claimOfAttachment(attachment({}, held), VM, undefined, deps())).toMatchObject({
      state: 'wants',
      what: { identityId: IDENTITY, principalId: 'p1' },
      verdict: { allowed: true, policy: 'team' },
      hasSlot: true,
      isDue: false,
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

  it('releases what it no longer names, and everything when it is deleted, in its slot', () => {
    const elsewhere = attachment({ target: { resourceId: `${VM}2` } });
    const claim = (object: IdentityAttachment) => claimOfAttachment(object, VM, undefined, deps());
    expect(claim(elsewhere)).toMatchObject({ state: 'releases', hasSlot: false });
    const slots = { detach: [VM] };
    expect(claim(given(elsewhere, slots))).toMatchObject({ state: 'releases', hasSlot: true });
    const gone = given(attachment({}, deleted), slots);
    expect(claim(gone)).toMatchObject({ state: 'releases', retain: false, hasSlot: true });
    const kept = attachment({ deletionPolicy: 'Retain' }, deleted);
    expect(claim(kept)).toMatchObject({ state: 'releases', retain: true });
  });

  it('needs no slot to release what it has when azid’s finalizer was taken off: its own reconcile never gives one', () => {
    const claim = (object: IdentityAttachment) => claimOfAttachment(object, VM, undefined, deps());
    expect(claim(attachment({}, deleted))).toMatchObject({ hasSlot: false });
    expect(claim(attachment({}, finalized))).toMatchObject({
      state: 'releases',
      retain: false,
      hasSlot: true,
    });
  });

  it('releases nothing by an edit while it is suspended', () => {
    const elsewhere = attachment({ target: { resourceId: `${VM}2` }, suspend: true });
    expect(claimOfAttachment(elsewhere, VM, undefined, deps())).toMatchObject({ state: 'unclear' });
  });
});

describe('an attachment by selector', () => {
  const fleet = (spec: Partial<IdentityAttachmentSpec> = {}, more = {}) =>
    attachment({ target: { selector }, ...spec }, more);

  it('wants what matches, in the slot that its rollout gives', () => {
    const claim = (object: IdentityAttachment) => claimOfAttachment(object, VM, host, deps());
    expect(claim(fleet({}, held))).toMatchObject({ state: 'wants', hasSlot: false, isDue: true });
    expect(claim(given(fleet({}, held), { attach: [VM] }))).toMatchObject({
      state: 'wants',
      hasSlot: true,
      isDue: false,
    });
  });

  it('releases what no longer matches, but in its slot', () => {
    const other = { ...host, tags: { app: 'lab' } };
    expect(claimOfAttachment(fleet(), VM, other, deps())).toMatchObject({
      state: 'releases',
      hasSlot: false,
    });
    expect(claimOfAttachment(given(fleet(), { detach: [VM] }), VM, other, deps())).toMatchObject({
      state: 'releases',
      hasSlot: true,
    });
    expect(claimOfAttachment(fleet({}, deleted), VM, host, deps())).toMatchObject({
      state: 'releases',
      hasSlot: false,
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

describe('a system-assigned identity', () => {
  const own = (spec = {}, more = {}) =>
    ({ metadata: metadata('own', more), spec: { resourceId: VM, ...spec } }) as SystemAssignedIdentity;

  it('is wanted while its object lives and its finalizer stands, and kept when it goes unless declared otherwise', () => {
    expect(claimOfSystemIdentity(own(), deps())).toMatchObject({
      state: 'wants',
      what: 'system',
      hasSlot: false,
    });
    expect(claimOfSystemIdentity(own({}, held), deps())).toMatchObject({ state: 'wants', hasSlot: true });
    expect(claimOfSystemIdentity(own({}, deleted), deps())).toMatchObject({
      state: 'releases',
      retain: true,
    });
    expect(claimOfSystemIdentity(own({ deletionPolicy: 'Delete' }, deleted), deps())).toMatchObject({
      state: 'releases',
      retain: false,
    });
  });

  it('is taken away only once its object says that it may be', () => {
    const going = own({ deletionPolicy: 'Delete' }, deleted);
    expect(claimOfSystemIdentity(going, deps())).toMatchObject({ state: 'releases', hasSlot: false });
    const released = { ...going, status: { released: true } };
    expect(claimOfSystemIdentity(released, deps())).toMatchObject({ state: 'releases', hasSlot: true });
    const unattended = own({ deletionPolicy: 'Delete' }, finalized);
    expect(claimOfSystemIdentity(unattended, deps())).toMatchObject({ state: 'releases', hasSlot: true });
  });

  it('that is wrong by itself gives nothing, and its deletion is heard all the same', () => {
    const bad = { apiVersion: '2024-07-01' };
    expect(claimOfSystemIdentity(own(bad), deps())).toMatchObject({ state: 'unclear' });
    expect(claimOfSystemIdentity(own(bad, deleted), deps())).toMatchObject({ state: 'releases' });
  });
});
