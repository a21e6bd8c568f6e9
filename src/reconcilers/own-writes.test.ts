import { beforeEach, describe, expect, it } from 'vitest';
import { AzureError } from '../azure/arm/errors.ts';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { OwnWrites } from './own-writes.ts';
import { AlreadyExists } from './status/failure.ts';

const UID = 'uid';
const BEGUN = '2026-11-29T12:00:00Z';
const PUT = { begun: BEGUN };
const NEVER = Number.NEGATIVE_INFINITY;
const refused = new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no right' });
const unanswered = new AzureError({ status: 503, code: 'ServiceUnavailable', message: '', ambiguous: true });

let clock: FakeClock;
let writes: OwnWrites;
const failing = (error: Error, put: typeof PUT | undefined = PUT) =>
  expect(writes.run(UID, put, () => Promise.reject(error))).rejects.toBe(error);

beforeEach(() => {
  clock = new FakeClock();
  clock.advance(5_000);
  writes = new OwnWrites(clock);
});

describe('a PUT of this process', () => {
  it('is its own from before the call on, and has ended once it is taken', async () => {
    const done = writes.run(UID, PUT, async () => {
      expect(writes.hasBegun(UID, BEGUN)).toBe(true);
      expect(writes.hasEnded(UID, BEGUN)).toBe(false);
      return 'taken';
    });
    await expect(done).resolves.toBe('taken');
    expect(writes.hasEnded(UID, BEGUN)).toBe(true);
    expect(writes.hasEnded(UID, '2026-11-29T11:00:00Z')).toBe(false);
    expect(writes.hasBegun('another', BEGUN)).toBe(false);
  });

  it('has ended when it was refused, or met what was there already', async () => {
    await failing(refused);
    expect(writes.hasEnded(UID, BEGUN)).toBe(true);
    expect(writes.failedAt(UID)).toBe(clock.monotonic());
    writes.forget(UID);
    await failing(new AlreadyExists('there'));
    expect(writes.hasEnded(UID, BEGUN)).toBe(true);
    expect(writes.failedAt(UID)).toBe(NEVER);
  });

  it('without an answer may still take effect', async () => {
    await failing(unanswered);
    expect(writes.hasBegun(UID, BEGUN)).toBe(true);
    expect(writes.hasEnded(UID, BEGUN)).toBe(false);
    expect(writes.failedAt(UID)).toBe(clock.monotonic());
  });

  it('that is taken makes an earlier failure old; a removal does not', async () => {
    await failing(refused, undefined);
    await writes.run(UID, undefined, async () => {});
    expect(writes.failedAt(UID)).toBe(clock.monotonic());
    await writes.run(UID, PUT, async () => {});
    expect(writes.failedAt(UID)).toBe(NEVER);
  });
});

it('a removal begins and ends no PUT', async () => {
  await writes.run(UID, undefined, async () => {});
  expect(writes.hasBegun(UID, BEGUN) || writes.hasEnded(UID, BEGUN)).toBe(false);
});

it('nothing is left of an object that is gone', async () => {
  await failing(refused);
  writes.forget(UID);
  expect(writes.hasBegun(UID, BEGUN) || writes.hasEnded(UID, BEGUN)).toBe(false);
  expect(writes.failedAt(UID)).toBe(NEVER);
});
