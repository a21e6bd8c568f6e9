import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { AzureError } from '../arm/errors.ts';
import { AUTHORIZATION, AZURE_LIMITS, type Limits } from '../limits.ts';
import type { ScheduledRequest } from './request.ts';
import { RequestScheduler } from './request-scheduler.ts';

export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Moves time from one armed timer to the next until `done`; fails if nothing is armed any more. */
export async function advanceUntil(clock: FakeClock, done: () => boolean): Promise<void> {
  for (;;) {
    await settle();
    if (done()) return;
    const ms = clock.untilNext();
    if (ms === undefined) throw new Error('nothing is armed and the condition does not hold');
    clock.advance(ms);
  }
}

/** A write of an assignment, by nobody's edit. */
export const request = (more: Partial<ScheduledRequest> = {}): ScheduledRequest => ({
  tenantId: 'tenant',
  subscriptionId: 'sub-a',
  credential: 'azid',
  kind: 'write',
  provider: AUTHORIZATION,
  priority: 'resync',
  ...more,
});

/** A scheduler on a clock of its own, and what it started. */
export function setup(limits: Partial<Limits> = {}) {
  const clock = new FakeClock();
  const scheduler = new RequestScheduler({ clock, limits: { ...AZURE_LIMITS, ...limits } });
  const started: { label: string; at: number }[] = [];
  /** Adds a call that only records when it started. */
  const submit = (label: string, more: Partial<ScheduledRequest> = {}) =>
    scheduler.run(request(more), async () => void started.push({ label, at: clock.monotonic() }));
  const labels = () => started.map(({ label }) => label);
  return { clock, scheduler, request, submit, started, labels };
}

export const throttled = (retryAfterMs?: number) =>
  new AzureError({
    status: 429,
    code: 'TooManyRequests',
    message: 'slow',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
