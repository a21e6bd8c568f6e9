import { describe, expect, it } from 'vitest';
import type { AzureRoleAssignment } from '../../../azure/azure-role-assignment.ts';
import type { Observation } from '../../../cache/store/entry.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import type { ReconcileContext } from '../../kind.ts';
import { lateWritesOn, ownWritesOf } from '../../own-writes.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { cachedAssignment, type ObservedDeps } from './assignment.ts';

const SCOPE = '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg1';
const ID = `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/11111111-2222-4333-8444-555555555555`;
const LAG = 120_000;

/** What a reconcile that began a minute ago takes from memory. */
function observedOf(seen: Observation<AzureRoleAssignment>, status: RoleGrant['status'] = {}) {
  const clock = new FakeClock();
  const object = { metadata: { uid: 'u' }, status } as RoleGrant;
  const context = { priority: 'edit', startedAt: clock.monotonic() } as ReconcileContext;
  clock.advance(60_000);
  return cachedAssignment(object, ID, context, {
    assignmentCache: { observe: () => seen, loading: () => true },
    clock,
    ownWrites: ownWritesOf(),
    azureLagMs: LAG,
    lateWrites: lateWritesOn(clock, { azureLagMs: LAG }),
  } as unknown as ObservedDeps);
}

describe('soon after the last write to an assignment', () => {
  const written = { assignmentId: ID, lastWriteTime: new Date(new FakeClock().now()).toISOString() };

  it('a 404 may be older than the write, and proves nothing', () => {
    const observed = observedOf({ state: 'absent', provenBy: 'get', ageMs: 0 }, written);
    expect(observed).toEqual({
      state: 'absent',
      missing: 'assignment',
      conclusive: false,
      conclusiveInMs: LAG - 60_000,
    });
  });

  it('our own DELETE proves it: it was answered with what it deleted', () => {
    const observed = observedOf({ state: 'absent', provenBy: 'delete', ageMs: 0 }, written);
    expect(observed).toEqual({ state: 'absent', missing: 'assignment', conclusive: true, conclusiveInMs: 0 });
  });
});
