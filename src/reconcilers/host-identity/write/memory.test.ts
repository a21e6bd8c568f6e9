import { describe, expect, it } from 'vitest';
import { hostIdentity } from '../../../api/host-identity.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import { lateWritesOn } from '../../own-writes.fixture.ts';
import { emptyStores, put, reading } from '../../stores.fixture.ts';
import { asked, at, keyOf, linked, NOW, object, refusal } from '../facts.fixture.ts';
import { windowOf } from './last-write.ts';
import { HostMemory } from './memory.ts';

const { uid } = object().metadata;
const LAG_MS = 120_000;
const LIMIT_MS = 60_000;
const adds = ['a', 'b', 'c', 'd'].map(keyOf);

const late = (clock: Pick<Clock, 'now' | 'monotonic'>) =>
  lateWritesOn(clock, { azureLagMs: LAG_MS, callLimitMs: LIMIT_MS });

function window(memory: HostMemory, writeStartedAt: string | undefined, nowMs = 0) {
  const clock = { now: () => NOW + nowMs, monotonic: () => nowMs };
  const ledger = object({ ...(writeStartedAt !== undefined && { writeStartedAt }) });
  return windowOf(ledger, { clock, memory, azureLagMs: LAG_MS, lateWrites: late(clock) });
}

describe('what is known of the last write’s end', () => {
  it('of a dead process: nothing, before call limit and lag are over', () => {
    const memory = new HostMemory();
    expect(window(memory, at(-30_000))).toEqual({ blockedMs: 150_000, openMs: 150_000 });
    expect(window(memory, at(-180_000))).toEqual({ blockedMs: 0, openMs: 0 });
    expect(window(memory, undefined)).toEqual({ blockedMs: 0, openMs: 0 });
  });

  it('of a dead process whose clock was ahead: counted from when this one first saw it', () => {
    const { hosts } = emptyStores();
    const clock = new FakeClock(NOW);
    reading(hosts, hostIdentity, clock);
    put(hosts, object({ writeStartedAt: '2099-01-01T00:00:00Z' }));
    const [ledger] = hosts.values();
    const openFor = (ms: number) => {
      clock.advance(ms);
      const memory = new HostMemory();
      return ledger && windowOf(ledger, { clock, memory, azureLagMs: LAG_MS, lateWrites: late(clock) });
    };
    expect(openFor(0)).toEqual({ blockedMs: 180_000, openMs: 180_000 });
    expect(openFor(180_000)).toEqual({ blockedMs: 0, openMs: 0 });
  });

  it('of this process: it was never sent, or it ended', () => {
    const memory = new HostMemory();
    memory.intend(uid, at(0), asked());
    expect(window(memory, at(0))).toEqual({ blockedMs: 0, openMs: 0 });
    memory.send(uid, at(0), 'reconcile-1');
    expect(window(memory, at(0))).toEqual({ blockedMs: 0, openMs: LIMIT_MS + LAG_MS });
    memory.end(uid, at(0));
    expect(window(memory, at(0))).toEqual({ blockedMs: 0, openMs: 0 });
  });

  it('that failed without an answer: it may be repeated, and may show for as long as Azure lags', () => {
    const memory = new HostMemory();
    memory.send(uid, at(0), 'reconcile-1');
    memory.unclear(uid, at(0), 0);
    expect(window(memory, at(0), 1_000)).toEqual({ blockedMs: 0, openMs: LAG_MS - 1_000 });
    memory.intend(uid, at(5_000), asked());
    memory.send(uid, at(5_000), 'reconcile-1');
    memory.end(uid, at(5_000));
    expect(window(memory, at(5_000), 10_000)).toEqual({ blockedMs: 0, openMs: LAG_MS - 10_000 });
  });
});

describe('a write that was not sent', () => {
  it('is none: it counts for nothing, and nothing of it is under way', () => {
    const memory = new HostMemory();
    memory.intend(uid, at(0), asked({ adds }));
    memory.send(uid, at(0), 'reconcile-1');
    memory.unsend(uid, at(0), asked({ adds }));
    expect(memory.of(uid).reconcile).toEqual({ id: 'reconcile-1', writes: 0 });
    expect(window(memory, at(0))).toEqual({ blockedMs: 0, openMs: 0 });
  });

  it('is remembered with all that the ledger took for begun, until one is sent', () => {
    const memory = new HostMemory();
    const unsent = () => [...memory.of(uid).unsent];
    memory.intend(uid, at(0), asked({ adds: ['a', 'b'], fresh: ['a'] }));
    expect(unsent()).toEqual(['a']);
    memory.intend(uid, at(1_000), asked({ adds: ['c'] }));
    expect(unsent()).toEqual(['a', 'c']);
    memory.send(uid, at(1_000), 'reconcile-1');
    expect(unsent()).toEqual([]);
    memory.unsend(uid, at(1_000), asked({ adds: ['c'] }));
    expect(unsent()).toEqual(['c']);
  });
});

describe('how many are tried at once', () => {
  it('is halved by each refusal that names nobody, and doubled by each success', () => {
    const memory = new HostMemory();
    const batch = () => memory.of(uid).batchLimit;
    memory.refuse(uid, refusal({ adds }, {}), 'reconcile-1', 0);
    expect(batch()).toBe(2);
    memory.refuse(uid, refusal({ adds: adds.slice(0, 2) }, {}), 'reconcile-1', 0);
    expect(batch()).toBe(1);
    memory.accept(uid, asked({ adds: adds.slice(0, 1) }), NOW);
    expect(batch()).toBe(2);
    for (let times = 0; times < 8; times++) memory.accept(uid, asked({ adds }), NOW);
    expect(batch()).toBeUndefined();
  });

  it('is not touched by a refusal that names somebody, is about the host, or passes', () => {
    const memory = new HostMemory();
    for (const why of [
      linked('b'),
      { reason: 'AuthorizationFailed' },
      { kind: 'transient', reason: 'OperationInProgress' },
    ] as const)
      memory.refuse(uid, refusal({ adds }, why), 'reconcile-1', 0);
    expect(memory.of(uid).batchLimit).toBeUndefined();
  });
});
