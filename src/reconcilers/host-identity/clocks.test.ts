import { expect, it } from 'vitest';
import type { LedgerEntry, LedgerOperation } from '../../api/host-identity.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { Elapsed } from '../../runtime/time/elapsed.ts';
import { LiveReads } from '../kind.ts';
import { LateWrites } from '../own-writes.ts';
import { HeldIdentities } from '../proof/proofs.fixture.ts';
import { emptyStores } from '../stores.fixture.ts';
import { decide } from './decide.ts';
import {
  at,
  attached,
  entry,
  facts,
  host,
  keyOf,
  MINUTE,
  NOW,
  object,
  seen as shownAs,
  wants,
} from './facts.fixture.ts';
import type { HostIdentity } from './facts.ts';
import { BUSY_MS } from './maintain.ts';
import type { ObserveDeps } from './observe/host.ts';
import { observe } from './observe.ts';
import { HostMemory } from './write/memory.ts';

/** What a host waits for within a process, while its wall clock is set back or forward. */

const HOUR = 60 * MINUTE;
const LAG_MS = 2 * MINUTE;

function world(shown = host([attached('app')])) {
  const stores = emptyStores();
  const time = { wall: NOW, monotonic: 0 };
  const clock = { now: () => time.wall, monotonic: () => time.monotonic };
  const elapsed = new Elapsed(clock);
  const memory = new HostMemory();
  const deps = {
    stores,
    proofs: new HeldIdentities().proofs(stores),
    memory,
    observed: { cached: () => undefined },
    clock,
    elapsed,
    lateWrites: new LateWrites({ elapsed, callLimitMs: MINUTE, azureLagMs: LAG_MS }),
    hosts: {
      poll: async () => {
        throw new AzureError({ status: 503, code: 'ServiceUnavailable', message: 'later' });
      },
    },
    hostCache: {
      observe: () => ({ state: 'present', resource: shown, how: 'list', ageMs: 0 }),
      loading: () => false,
      byIndex: () => [],
    },
    areas: { use: () => {} },
    azureLagMs: LAG_MS,
  } as unknown as ObserveDeps;
  const pass = (ms: number) => {
    time.wall += ms;
    time.monotonic += ms;
  };
  const seen = (given: HostIdentity = object()) =>
    observe(given, { reconcileId: 'r', startedAt: 0 } as never, new LiveReads(), deps);
  return { time, pass, seen, memory };
}

it('a resource at work does not pass for one that shows no end because the wall clock was set forward', async () => {
  const { seen, time } = world(host([attached('app')], { provisioningState: 'Updating' }));
  expect((await seen()).busyMs).toBe(0);
  time.wall += 30 * MINUTE;
  // From BUSY_MS on azid writes to it all the same, which ends whatever somebody does there.
  expect((await seen()).busyMs).toBeLessThan(BUSY_MS);
});

const JUMPS = [
  ['back', -HOUR],
  ['forward', HOUR],
] as const;

it.each(JUMPS)('set %s: a write of a dead process is waited for as long as before', async (_, by) => {
  const { seen, time, pass } = world();
  const begun = object({ writeStartedAt: at(0) });
  expect((await seen(begun)).window).toEqual({ blockedMs: 3 * MINUTE, openMs: 3 * MINUTE });
  time.wall += by;
  pass(MINUTE);
  expect((await seen(begun)).window).toEqual({ blockedMs: 2 * MINUTE, openMs: 2 * MINUTE });
});

it.each(JUMPS)(
  'set %s: a write that failed without an answer may show for as long as before',
  async (_, by) => {
    const { seen, time, pass, memory } = world();
    const begun = object({ writeStartedAt: at(0) });
    memory.unclear(begun.metadata.uid, at(0), time.monotonic);
    time.wall += by;
    pass(MINUTE);
    expect((await seen(begun)).window).toEqual({ blockedMs: 0, openMs: MINUTE });
  },
);

it.each(JUMPS)('set %s: what Azure took may lag for as long as before', async (_, by) => {
  const { seen, time, pass, memory } = world(host());
  memory.accept(
    object().metadata.uid,
    { adds: [keyOf('app')], removes: [], system: 'keep', fresh: [] },
    time.monotonic,
  );
  time.wall += by;
  pass(MINUTE);
  const { accepted, now } = await seen();
  const { until = 0, at: acceptedAt = 0 } = accepted.get(keyOf('app')) ?? {};
  expect([until - now, now - acceptedAt]).toEqual([MINUTE, MINUTE]);
});

it.each(JUMPS)('set %s: an operation is asked about for an hour, and no longer', async (_, by) => {
  const { seen, time, pass } = world();
  const operation: LedgerOperation = { url: 'https://op', style: 'asyncOperation', startedAt: at(0) };
  expect((await seen(object({ operation }))).operation?.state).toBe('unreadable');
  time.wall += by;
  pass(59 * MINUTE);
  expect((await seen(object({ operation }))).operation?.state).toBe('unreadable');
  pass(2 * MINUTE);
  expect((await seen(object({ operation }))).operation?.state).toBe('over');
});

it.each(JUMPS)('set %s: what comes together waits for more as long as before', async (_, by) => {
  const { seen, time, pass, memory } = world(host());
  const claims = [wants('app')];
  const live = { identities: ALIVE, host: shownAs(host()), claims };
  const observed = async () => {
    const { now, batch } = await seen();
    // As in life, where a decision that holds is collected.
    return facts({ ...live, now, ...(batch ? { batch } : { batch: undefined as never }) });
  };
  const hold = decide(object({ entries: [] }), await observed());
  expect(hold).toMatchObject({ isHeld: true, summary: { againMs: 500 } });
  memory.collect(object().metadata.uid, hold.batch, time.wall - time.monotonic);
  time.wall += by;
  pass(300);
  expect(decide(object({ entries: [] }), await observed())).toMatchObject({
    isHeld: true,
    summary: { againMs: 200 },
  });
  pass(200);
  expect(decide(object({ entries: [] }), await observed()).isHeld).toBeUndefined();
});

const ALIVE = new Map([[keyOf('app'), { state: 'present', principalId: 'p', live: true } as const]]);
const writes = (line: Partial<LedgerEntry>) => {
  const decision = decide(
    object({ entries: [entry('app', line)] }),
    facts({ host: shownAs(host()), identities: ALIVE }),
  );
  return decision.actions.some(({ type }) => type === 'writeIdentity');
};

it('a pause that cannot be so long is over: the wall clock was set back since it was recorded', () => {
  const refused = { reason: 'RejectedByAzure', message: 'no', attempts: 2 };
  const after = (ms: number) => writes({ state: 'Refused', problem: { ...refused, notBefore: at(ms) } });
  expect(after(2 * MINUTE)).toBe(false);
  expect(after(HOUR)).toBe(true);
});

it('the same of what somebody takes away again and again', () => {
  const lost = (ms: number) => writes({ state: 'Attaching', losses: 3, lastLossAt: at(ms) });
  expect(lost(-30_000)).toBe(false);
  expect(lost(HOUR)).toBe(true);
});
