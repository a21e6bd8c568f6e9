import { expect, it } from 'vitest';
import { armKey } from '../../azure/names/resource-id.ts';
import { partOf } from '../../hints/activity/call.ts';
import { ActivityJournal } from '../../hints/activity/journal.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { ObjectActivity } from '../activity/object-activity.ts';
import { meta } from '../stores.fixture.ts';
import type { IdentityAttachment } from './facts.ts';
import { ownedInAzure } from './index.ts';

const GROUP = '/subscriptions/00000000-0000-4000-8000-00000000000a/resourceGroups/rg1/providers';
const ID = `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const vm = (n: number) => `${GROUP}/Microsoft.Compute/virtualMachines/vm${n}`;

it('one that selects more machines than it shows calls, attached within seconds, shows the same at each reconcile', () => {
  const clock = new FakeClock();
  const journal = new ActivityJournal({ clock, isOwned: () => true });
  // As the reconciles of the machines tell of their PATCHes.
  for (let n = 0; n < 15; n++) {
    clock.advance(330);
    const call = { id: vm(n), change: 'write', isAccepted: true, correlationId: `c${n}` } as const;
    journal.wrote(call, [{ key: partOf(vm(n), armKey(ID)), repaired: undefined }]);
  }
  const activity = new ObjectActivity<IdentityAttachment>(journal, ownedInAzure, clock);
  let object = {
    metadata: meta('web'),
    spec: { identityId: ID, target: { selector: {} } },
    status: { identityId: ID, targets: Array.from({ length: 15 }, (_, n) => ({ resourceId: vm(n) })) },
  } as unknown as IdentityAttachment;
  const shown = () => {
    const entries = activity.entries(object, object.status);
    object = { ...object, status: { ...object.status, activity: entries } } as IdentityAttachment;
    return entries;
  };
  const first = shown();
  expect(first?.map(({ correlationId }) => correlationId)).toEqual(
    Array.from({ length: 10 }, (_, n) => `c${14 - n}`),
  );
  for (let reconcile = 0; reconcile < 3; reconcile++) expect(shown()).toEqual(first);
});
