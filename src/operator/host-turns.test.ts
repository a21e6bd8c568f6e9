import { expect, it } from 'vitest';
import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import { emptyStores, meta, put } from '../reconcilers/stores.fixture.ts';
import { hostTurns } from './host-turns.ts';

const VM = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1';

it('are those of all who name the host, in any spelling, and of those in its ledger; else azid’s own', () => {
  const stores = emptyStores();
  expect(hostTurns('azid-system/h', stores)).toEqual(['']);
  const host = (status: object) =>
    put(stores.hosts, {
      metadata: meta('h', { namespace: 'azid-system' }),
      spec: { resourceId: VM },
      status,
    } as unknown as HostIdentity);
  host({});
  expect(hostTurns('azid-system/h', stores)).toEqual(['']);
  put(stores.attachments, {
    metadata: meta('a', { namespace: 'names-it' }),
    spec: { target: { resourceId: VM.toUpperCase() } },
  } as unknown as IdentityAttachment);
  put(stores.systemIdentities, {
    metadata: meta('b', { namespace: 'has-its-own' }),
    spec: { resourceId: VM },
  } as unknown as SystemAssignedIdentity);
  put(stores.attachments, {
    metadata: meta('c', { namespace: 'another-vm' }),
    spec: { target: { resourceId: `${VM}0` } },
  } as unknown as IdentityAttachment);
  const owner = (namespace: string) => ({ kind: 'IdentityAttachment', namespace, name: 'x', uid: 'u' });
  host({
    entries: [{ identityId: '/x', owners: [owner('selects-it'), owner('names-it')] }],
    systemAssigned: { owners: [owner('had-its-own')] },
  });
  expect(hostTurns('azid-system/h', stores).toSorted()).toEqual([
    'had-its-own',
    'has-its-own',
    'names-it',
    'selects-it',
  ]);
});
