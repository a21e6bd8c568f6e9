import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRIORITIES, type Priority } from '../outcome.ts';
import { FakeClock } from '../time/fake-clock.fixture.ts';
import { WorkQueue } from './queue.ts';

const AGING_MS = 100;

interface Waiting {
  key: string;
  priority: Priority;
  due: number;
  ready: boolean;
  order: number;
}

const rank = (priority: Priority) => PRIORITIES.indexOf(priority);
const higher = (a: Priority, b: Priority) => (rank(a) <= rank(b) ? a : b);

/** The queue as plainly as it can be said: one list, searched and sorted on every step. */
class NaiveQueue {
  now = 0;
  waiting: Waiting[] = [];
  running = new Map<string, { priority: Priority; next?: { priority: Priority; due: number } }>();
  failures = new Map<string, number>();
  floors = new Map<string, number>();
  #order = 0;
  #turns = 0;

  advance(ms: number): void {
    this.now += ms;
    const due = this.waiting.filter((w) => !w.ready && w.due <= this.now);
    for (const w of due.sort((a, b) => a.due - b.due || a.order - b.order)) {
      w.ready = true;
      w.order = this.#order++;
    }
  }

  add(key: string, priority: Priority, due: number): void {
    const at = priority === 'edit' ? due : Math.max(due, this.floors.get(key) ?? 0);
    const running = this.running.get(key);
    if (running) {
      const { next } = running;
      running.next = next
        ? { priority: higher(priority, next.priority), due: Math.min(at, next.due) }
        : { priority, due: at };
      return;
    }
    const held = this.waiting.find((w) => w.key === key);
    if (held?.ready) {
      if (rank(priority) < rank(held.priority)) Object.assign(held, { priority, order: this.#order++ });
      return;
    }
    this.waiting = this.waiting.filter((w) => w !== held);
    const all = held ? Math.min(at, held.due) : at;
    this.waiting.push({
      key,
      priority: held ? higher(priority, held.priority) : priority,
      due: all,
      ready: all <= this.now,
      order: this.#order++,
    });
  }

  take(): Waiting | undefined {
    const ready = this.waiting.filter((w) => w.ready);
    const oldest = ready.toSorted((a, b) => a.due - b.due || a.order - b.order)[0];
    if (!oldest) return undefined;
    const first = ready.toSorted((a, b) => rank(a.priority) - rank(b.priority) || a.order - b.order)[0];
    const aged = this.#turns >= 9 && this.now - oldest.due >= AGING_MS;
    const taken = aged || !first ? oldest : first;
    this.#turns = taken === oldest ? 0 : this.#turns + 1;
    this.waiting = this.waiting.filter((w) => w !== taken);
    this.running.set(taken.key, { priority: taken.priority });
    return taken;
  }

  retry(key: string, notBeforeMs: number): void {
    const running = this.running.get(key);
    if (!running) return;
    const failures = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, failures);
    if (notBeforeMs > 0) this.floors.set(key, Math.max(this.floors.get(key) ?? 0, this.now + notBeforeMs));
    const floor = this.floors.get(key) ?? 0;
    if (running.next && running.next.priority !== 'edit')
      running.next.due = Math.max(running.next.due, floor);
    const due = Math.max(floor, this.now + Math.min(64, 2 ** (failures - 1)));
    running.next = running.next
      ? { priority: higher(running.priority, running.next.priority), due: Math.min(due, running.next.due) }
      : { priority: running.priority, due };
  }

  done(key: string): void {
    const next = this.running.get(key)?.next;
    this.running.delete(key);
    if (next) this.add(key, next.priority, next.due);
  }

  nextDueMs(): number | undefined {
    if (this.waiting.some((w) => w.ready)) return 0;
    return this.waiting.length ? Math.min(...this.waiting.map((w) => w.due)) - this.now : undefined;
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const ms = fc.integer({ min: 0, max: 40 });
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      key,
      priority: fc.constantFrom(...PRIORITIES),
      ms: fc.oneof(fc.constant(0), ms),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('done' as const), key, forget: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('fail' as const), key, ms: fc.oneof(fc.constant(0), ms) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms }) },
);

describe('WorkQueue', () => {
  test('behaves as the naive queue does, in random sequences', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
        const clock = new FakeClock();
        const backoff = { baseMs: 1, maxMs: 64 };
        const queue = new WorkQueue({ clock, random: () => 1, backoff, agingMs: AGING_MS });
        const naive = new NaiveQueue();
        for (const step of steps) {
          if (step.do === 'add') {
            queue.add(step.key, step.priority, step.ms);
            naive.add(step.key, step.priority, naive.now + step.ms);
          } else if (step.do === 'advance') {
            clock.advance(step.ms);
            naive.advance(step.ms);
          } else if (step.do === 'take') {
            const expected = naive.take();
            if (expected) {
              const { key, priority, due } = expected;
              const attempt = (naive.failures.get(key) ?? 0) + 1;
              expect(await queue.get()).toEqual({
                key,
                priority,
                waitedMs: naive.now - due,
                attempt,
                turn: '',
              });
            }
          } else if (naive.running.has(step.key)) {
            if (step.do === 'fail') {
              queue.retry(step.key, naive.running.get(step.key)?.priority ?? 'resync', step.ms);
              naive.retry(step.key, step.ms);
            } else if (step.forget) {
              queue.forget(step.key);
              naive.failures.delete(step.key);
              naive.floors.delete(step.key);
            }
            queue.done(step.key);
            naive.done(step.key);
          }
          expect(queue.nextDueMs()).toBe(naive.nextDueMs());
          expect(queue.idle()).toBe(naive.running.size === 0 && naive.nextDueMs() !== 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('loses no change: a key added at any moment runs, or runs again, after that moment', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
        const clock = new FakeClock();
        const queue = new WorkQueue({ clock, random: () => 1, agingMs: AGING_MS });
        const unseen = new Set<string>();
        const running = new Set<string>();
        const take = async () => {
          const item = await queue.get();
          if (!item) return;
          expect(running.has(item.key)).toBe(false);
          running.add(item.key);
          unseen.delete(item.key);
        };
        for (const step of steps) {
          if (step.do === 'add') {
            queue.add(step.key, step.priority, step.ms);
            unseen.add(step.key);
          } else if (step.do === 'advance') clock.advance(step.ms);
          else if (step.do === 'take') {
            if (queue.nextDueMs() === 0) await take();
          } else if (running.delete(step.key)) {
            if (step.do === 'fail') queue.retry(step.key, 'resync', step.ms);
            queue.done(step.key);
          }
        }
        for (const key of running) queue.done(key);
        running.clear();
        for (let due = queue.nextDueMs(); due !== undefined; due = queue.nextDueMs()) {
          clock.advance(due);
          await take();
        }
        expect([...unseen]).toEqual([]);
      }),
    );
  });
});
