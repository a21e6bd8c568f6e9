import { expect, it } from 'vitest';
import { LiveReads } from '../live-reads.ts';
import { HeldIdentities } from '../proof/proofs.fixture.ts';
import { emptyStores } from '../stores.fixture.ts';
import { attached, host, NOW, object } from './facts.fixture.ts';
import { BUSY_MS } from './maintain.ts';
import type { ObserveDeps } from './observe/deps.ts';
import { observe } from './observe.ts';
import { HostMemory } from './write/memory.ts';

it('a resource at work does not pass for one that shows no end because the wall clock was set forward', async () => {
  const stores = emptyStores();
  let wall = NOW;
  const deps = {
    stores,
    proofs: new HeldIdentities().proofs(stores),
    memory: new HostMemory(),
    views: { cached: () => undefined },
    // No time passes.
    clock: { now: () => wall, monotonic: () => 0 },
    hostCache: {
      observe: () => ({
        state: 'present',
        resource: host([attached('app')], { provisioningState: 'Updating' }),
        how: 'list',
        ageMs: 0,
      }),
      loading: () => false,
      byIndex: () => [],
    },
    areas: { use: () => {} },
    azureLagMs: 120_000,
    callLimitMs: 60_000,
  } as unknown as ObserveDeps;
  const seen = () => observe(object(), { reconcileId: 'r', startedAt: 0 } as never, new LiveReads(), deps);
  expect((await seen()).busyMs).toBe(0);
  wall += 30 * 60_000;
  // From BUSY_MS on azid writes to it all the same, which ends whatever somebody does there.
  expect((await seen()).busyMs).toBeLessThan(BUSY_MS);
});
