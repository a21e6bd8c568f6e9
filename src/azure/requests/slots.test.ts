import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { AUTHORIZATION, AZURE_LIMITS } from '../limits.ts';
import { RequestScheduler } from './request-scheduler.ts';
import { LISTS, UNNAMED } from './slots.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));
const CONCURRENCY = 8;
const RESERVED = 2;
const MOST = CONCURRENCY - RESERVED;

interface Call {
  readonly turn: string;
  readonly priority: Priority;
}

/** Tokens for all: only slots are short. Calls run until they are ended. */
class Scope {
  readonly #scheduler = new RequestScheduler({
    clock: new FakeClock(),
    limits: {
      ...AZURE_LIMITS,
      concurrency: CONCURRENCY,
      reserved: RESERVED,
      share: 1,
      arm: { ...AZURE_LIMITS.arm, read: { capacity: 100_000, perSecond: 1 } },
      providers: {},
    },
  });
  readonly started: Call[] = [];
  readonly running: { readonly call: Call; readonly end: () => void }[] = [];
  readonly waiting: Call[] = [];

  ask(call: Call): void {
    this.waiting.push(call);
    const { turn, priority } = call;
    void this.#scheduler.run(
      {
        tenantId: 'tenant',
        subscriptionId: 'sub-a',
        credential: 'azid',
        kind: 'read',
        provider: AUTHORIZATION,
        priority,
        // Lists name no turn.
        ...(turn !== LISTS && { turn }),
      },
      () => {
        this.waiting.splice(this.waiting.indexOf(call), 1);
        this.started.push(call);
        return new Promise<void>((end) => this.running.push({ call, end }));
      },
    );
  }

  async end(at: number): Promise<void> {
    const [ended] = this.running.splice(at % this.running.length, 1);
    ended?.end();
    await settle();
  }

  of(...turns: string[]): number {
    return this.running.filter(({ call }) => turns.includes(call.turn)).length;
  }
}

const many = (count: number, turn: string, priority: Priority = 'event') =>
  Array.from({ length: count }, (): Call => ({ turn, priority }));

describe('azid’s own calls', () => {
  test('of resources that no object names leave slots to namespaces, and as many to the lists', async () => {
    const scope = new Scope();
    for (const call of many(20, UNNAMED)) scope.ask(call);
    await settle();
    expect(scope.of(UNNAMED)).toBe(MOST - RESERVED);
    for (const call of many(20, LISTS, 'resync')) scope.ask(call);
    await settle();
    expect(scope.of(LISTS)).toBe(RESERVED);
    for (const call of many(20, 'team-a')) scope.ask(call);
    await settle();
    expect(scope.of('team-a')).toBe(RESERVED);
  });

  test('lists alone have as much as a namespace alone', async () => {
    for (const turn of [LISTS, 'team-a']) {
      const scope = new Scope();
      for (const call of many(20, turn, 'resync')) scope.ask(call);
      await settle();
      expect(scope.of(turn)).toBe(MOST);
    }
  });

  test('a list does not wait for the backlog of resources that no object names', async () => {
    const scope = new Scope();
    for (const call of many(1_000, UNNAMED)) scope.ask(call);
    await settle();
    scope.ask({ turn: LISTS, priority: 'resync' });
    await settle();
    expect(scope.of(LISTS)).toBe(1);
  });
});

const turn = fc.constantFrom(LISTS, UNNAMED, 'team-a', 'team-b');
const step = fc.oneof(
  fc.record({
    ask: fc
      .record({ turn, priority: fc.constantFrom(...PRIORITIES) })
      // A list is a resync always.
      .map((call): Call => (call.turn === LISTS ? { ...call, priority: 'resync' } : call)),
    times: fc.nat(12),
  }),
  fc.record({ end: fc.nat(100) }),
);

describe('in any mix of calls, however long they run', () => {
  test('no namespace has all slots, azid’s own calls together neither, and what may run runs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const scope = new Scope();
        for (const each of steps) {
          if ('end' in each) {
            if (scope.running.length > 0) await scope.end(each.end);
          } else for (let n = 0; n < each.times; n++) scope.ask(each.ask);
          await settle();
          expect(scope.running.length).toBeLessThanOrEqual(CONCURRENCY);
          for (const one of ['team-a', 'team-b']) expect(scope.of(one)).toBeLessThanOrEqual(MOST);
          expect(scope.of(LISTS, UNNAMED)).toBeLessThanOrEqual(MOST);
          expect(scope.of(UNNAMED)).toBeLessThanOrEqual(MOST - RESERVED);
          const waits = (name: string) =>
            scope.waiting.some((call) => call.turn === name && call.priority !== 'resync');
          if (scope.running.length < CONCURRENCY)
            for (const one of ['team-a', 'team-b']) if (waits(one)) expect(scope.of(one)).toBe(MOST);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('all of it is made in the end, and of those that wait in one class each has a start in as many as there are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 80 }), async (turns) => {
        const scope = new Scope();
        for (const each of turns) scope.ask({ turn: each, priority: 'event' });
        await settle();
        let since = 0;
        while (scope.running.length > 0) {
          const isDue = scope.waiting.some((call) => call.turn === LISTS);
          const before = scope.started.length;
          await scope.end(0);
          const lists = scope.started.slice(before).some((call) => call.turn === LISTS);
          // Four share the slots, and a slot that is freed may be one of those that are not for lists.
          since = lists || !isDue ? 0 : since + 1;
          expect(since).toBeLessThanOrEqual(CONCURRENCY + 4);
        }
        expect(scope.started).toHaveLength(turns.length);
        expect(scope.waiting).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
