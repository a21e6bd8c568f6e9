import { describe, expect, it } from 'vitest';
import type { IdentityAttachment, IdentityAttachmentStatus } from '../../../api/identity-attachment.ts';
import { FINALIZER } from '../../../api/schema/common.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { StoreChange } from '../../../kube/informer/store.ts';
import { isDue, mayAttach, mayDetach, openedBy } from './slots.ts';

const GROUP = '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg1/providers';
const VM = `${GROUP}/Microsoft.Compute/virtualMachines/web`;
const SITE = `${GROUP}/Microsoft.Web/sites/web`;
const selector = { subscriptionId: 'x', type: 'Microsoft.Compute/virtualMachines', all: true };
const KEY = armKey(VM);

function attachment(
  target: IdentityAttachment['spec']['target'],
  status: IdentityAttachmentStatus = {},
  metadata: object = {},
): IdentityAttachment {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityAttachment',
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-11-23T10:00:00Z',
      generation: 2,
      finalizers: [FINALIZER],
      ...metadata,
    },
    spec: { identityRef: { name: 'app' }, target },
    status,
  } as IdentityAttachment;
}
const slots = (change: object) => ({ rolloutSlots: { generation: 2, ...change } });
const listed = (state: string, reason?: string): IdentityAttachmentStatus =>
  ({ observedGeneration: 2, targets: [{ resourceId: VM.toUpperCase(), state, reason }] }) as never;

describe('a host of a selector', () => {
  it('may be changed as the slots in the status say, in any spelling, once the finalizer stands', () => {
    const given = slots({ attach: [VM.toUpperCase()] });
    expect(mayAttach(attachment({ selector }), KEY)).toBe(false);
    expect(mayAttach(attachment({ selector }, given), KEY)).toBe(true);
    expect(mayAttach(attachment({ selector }, given), armKey(SITE))).toBe(false);
    expect(mayAttach(attachment({ selector }, given, { finalizers: [] }), KEY)).toBe(false);
    expect(mayDetach(attachment({ selector }, given), KEY)).toBe(false);
    expect(mayDetach(attachment({ selector }, slots({ detach: [VM] })), KEY)).toBe(true);
  });

  it('may not by slots that were given for another edit', () => {
    const before = { rolloutSlots: { generation: 1, attach: [VM], detach: [VM] } };
    expect(mayAttach(attachment({ selector }, before), KEY)).toBe(false);
    expect(mayDetach(attachment({ selector }, before), KEY)).toBe(false);
  });

  it.each<[string, IdentityAttachmentStatus | undefined, boolean]>([
    ['is awaited before its object was reconciled', undefined, true],
    ['is awaited after an edit', { ...listed('Pending'), observedGeneration: 1 }, true],
    ['is awaited where its object does not tell of it yet', { observedGeneration: 2, targets: [] }, true],
    ['is awaited where it had it, and is made again', listed('Attached'), true],
    ['is awaited where it was gone', listed('Waiting', 'ResourceNotFound'), true],
    ['is awaited where a policy denied it', listed('Failed', 'PolicyDenied'), true],
    ['is not where it waits for its slot', listed('Pending'), false],
    ['is not where it failed, and others go first', listed('Failed', 'ScopeLocked'), false],
    ['is not where it is paused', listed('Attached', 'Contested'), false],
    ['is not where it has its slot', slots({ attach: [VM] }), false],
    [
      'is not where there are more than can be listed',
      {
        observedGeneration: 2,
        targets: Array.from({ length: 100 }, () => ({ resourceId: SITE, state: 'Pending' })),
      },
      false,
    ],
  ])('%s', (_, status, expected) => {
    expect(isDue(attachment({ selector }, status), KEY)).toBe(expected);
  });
});

describe('a host that is named by its id', () => {
  it('needs no slot, only the finalizer', () => {
    expect(mayAttach(attachment({ resourceId: VM.toUpperCase() }), KEY)).toBe(true);
    expect(isDue(attachment({ resourceId: VM }), KEY)).toBe(false);
    const bare = attachment({ resourceId: VM }, {}, { finalizers: [] });
    expect([mayAttach(bare, KEY), isDue(bare, KEY)]).toEqual([false, true]);
    expect(mayAttach(attachment({ resourceId: SITE }), KEY)).toBe(false);
  });

  it('must have been announced where it restarts', () => {
    const site = (state: string, reason?: string) =>
      mayAttach(
        attachment({ resourceId: SITE }, { targets: [{ resourceId: SITE, state, reason }] } as never),
        armKey(SITE),
      );
    expect(mayAttach(attachment({ resourceId: SITE }), armKey(SITE))).toBe(false);
    expect(site('Failed', 'PolicyDenied')).toBe(false);
    expect(site('Waiting', 'ResourceNotFound')).toBe(false);
    expect(site('Pending', 'RestartsOnAttach')).toBe(true);
    expect(site('Failed', 'ScopeLocked')).toBe(true);
    expect(site('Attached')).toBe(true);
  });

  it('is let go of in a slot, too, so that an edit cannot leave the pace', () => {
    expect(mayDetach(attachment({ resourceId: SITE }), KEY)).toBe(false);
    expect(mayDetach(attachment({ resourceId: SITE }, slots({ detach: [VM] })), KEY)).toBe(true);
  });
});

describe('a change', () => {
  const opened = (next: IdentityAttachment, old?: IdentityAttachment) =>
    openedBy({ key: 'shop/web', new: next, ...(old && { old }) } as StoreChange<IdentityAttachment>);

  it('opens the hosts that have their slot from now on, each once', () => {
    const before = attachment({ selector }, slots({ attach: ['/a', '/b'] }));
    const after = attachment({ selector }, slots({ attach: ['/b', '/c'], detach: ['/a'] }));
    expect(opened(before)).toEqual(['/a', '/b']);
    expect(opened(after, before)).toEqual(['/c', '/a']);
    expect(opened(after, after)).toEqual([]);
  });

  it('opens a host that is named when the finalizer comes, or the warning', () => {
    const bare = attachment({ resourceId: VM }, {}, { finalizers: [] });
    expect(opened(attachment({ resourceId: VM }), bare)).toEqual([KEY]);
    const warned = { targets: [{ resourceId: SITE, state: 'Pending', reason: 'RestartsOnAttach' }] } as never;
    const site = attachment({ resourceId: SITE });
    expect(opened(attachment({ resourceId: SITE }, warned), site)).toEqual([armKey(SITE)]);
  });

  it('opens nothing by an id that is none', () => {
    expect(opened(attachment({ resourceId: 'nonsense' }))).toEqual([]);
  });
});
