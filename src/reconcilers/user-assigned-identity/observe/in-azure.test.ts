import { beforeEach, describe, expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import type { ReconcileContext } from '../../kind.ts';
import { lateWritesOn, ownWritesOf } from '../../own-writes.fixture.ts';
import { HeldIdentities, identityAt } from '../../proof/proofs.fixture.ts';
import { meta } from '../../stores.fixture.ts';
import type { Target } from '../object.ts';
import { type ObserveDeps, readLive } from './in-azure.ts';

/** What a GET proves of an identity that Azure does not show. */

const ID =
  '/subscriptions/00000000-0000-4000-8000-00000000000a/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web';
const NOW = Date.parse('2026-11-23T10:00:00Z');
const MINUTE = 60_000;
const [LAG_MS, CALL_LIMIT_MS] = [2 * MINUTE, MINUTE];
const begun = '2026-11-23T10:00:00Z';
const target = { id: ID } as Target;

let clock: FakeClock;
let held: HeldIdentities;
let ownWrites: ReturnType<typeof ownWritesOf>;
let lateWrites: ObserveDeps['lateWrites'];
beforeEach(() => {
  clock = new FakeClock(NOW);
  held = new HeldIdentities();
  ownWrites = ownWritesOf();
  lateWrites = lateWritesOn(clock, { azureLagMs: LAG_MS, callLimitMs: CALL_LIMIT_MS });
});

function read(status: UserAssignedIdentity['status']) {
  const object = { metadata: meta('web'), spec: {}, status } as UserAssignedIdentity;
  const deps = { identities: held, identityCache: held, ownWrites, azureLagMs: LAG_MS, lateWrites };
  return readLive(object, target, {} as ReconcileContext, deps as unknown as ObserveDeps);
}

it('what Azure shows is live', async () => {
  held.inAzure(ID, identityAt(ID, 'p'));
  expect(await read({})).toMatchObject({ state: 'present', live: true });
});

it('what this process wrote a moment ago is there, whatever a GET says', async () => {
  held.put(identityAt(ID, 'p'));
  held.inAzure(ID, undefined);
  expect(await read({})).toMatchObject({ state: 'present', live: true });
});

it('what no list and no write showed may be younger than Azure’s lag', async () => {
  expect(await read({})).toMatchObject({ state: 'absent', conclusive: false, conclusiveInMs: LAG_MS });
});

describe('an identity that the cache, too, knows to be absent', () => {
  beforeEach(() => held.hold(ID, { state: 'absent', provenBy: 'get', ageMs: 0 } as never));

  it('is gone', async () => {
    expect(await read({})).toMatchObject({ state: 'absent', conclusive: true, conclusiveInMs: 0 });
  });

  it('may still come by a PUT of a dead process: for as long as the call could last, and then the lag', async () => {
    expect(await read({ createStartedAt: begun })).toMatchObject({
      conclusive: false,
      conclusiveInMs: CALL_LIMIT_MS + LAG_MS,
    });
    clock.advance(LAG_MS);
    expect(await read({ createStartedAt: begun })).toMatchObject({
      conclusive: false,
      conclusiveInMs: MINUTE,
    });
    clock.advance(CALL_LIMIT_MS);
    expect(await read({ createStartedAt: begun })).toMatchObject({ conclusive: true, conclusiveInMs: 0 });
  });

  it('does not come by a PUT that this process began: it knows how that ended', async () => {
    ownWrites = ownWritesOf({ begun: { 'uid-web': begun } });
    expect(await read({ createStartedAt: begun })).toMatchObject({ conclusive: true });
    ownWrites = ownWritesOf({ begun: { 'uid-web': 'another' } });
    expect(await read({ createStartedAt: begun })).toMatchObject({ conclusive: false });
  });
});
