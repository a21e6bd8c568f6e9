import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import { createRandom } from '../../random.ts';
import type { LockedMessage, MessageContent } from './message.ts';
import { type Consumer, DEFAULT_SETTINGS, Queue, type QueueSettings } from './queue.ts';

/** A consumer with room for so many, which keeps what it got. */
class Taker implements Consumer {
  readonly got: LockedMessage[] = [];
  credit: number;
  readonly deletes: boolean;

  constructor(credit: number, deletes = false) {
    this.credit = credit;
    this.deletes = deletes;
  }

  room(): number {
    return this.credit;
  }

  take(message: LockedMessage): void {
    this.credit -= 1;
    this.got.push(message);
  }

  get ids(): string[] {
    return this.got.map(({ messageId }) => messageId);
  }

  last(): LockedMessage {
    const message = this.got.at(-1);
    if (!message) throw new Error('nothing was delivered');
    return message;
  }
}

let clock: FakeClock;
let deadLetters: Queue;
let queue: Queue;

const make = (settings: Partial<QueueSettings> = {}) => {
  const parts = { clock, random: createRandom(1) };
  deadLetters = new Queue(parts, DEFAULT_SETTINGS);
  queue = new Queue(parts, { ...DEFAULT_SETTINGS, ...settings }, deadLetters);
};

beforeEach(() => {
  clock = new FakeClock();
  make();
});

const content = (messageId: string, applicationProperties = {}): MessageContent => ({
  messageId,
  properties: {},
  applicationProperties,
  annotations: {},
  body: messageId,
});
const attach = (taker: Taker) => {
  queue.attach(taker);
  return taker;
};

test('messages come in the order of arrival, as many as there is room for', () => {
  for (const id of ['a', 'b', 'c']) queue.enqueue(content(id));
  const taker = attach(new Taker(2));
  expect(taker.ids).toEqual(['a', 'b']);
  taker.credit = 1;
  queue.deliver();
  expect(taker.ids).toEqual(['a', 'b', 'c']);
  expect(taker.got.map(({ sequenceNumber }) => sequenceNumber)).toEqual([1, 2, 3]);
  expect(queue.counts()).toEqual({ ready: 0, locked: 3 });
});

test('consumers take turns, and one that left gets nothing more', () => {
  const [first, second] = [new Taker(10), new Taker(10)];
  const link = queue.attach(first);
  attach(second);
  for (const id of ['a', 'b', 'c', 'd']) queue.enqueue(content(id));
  expect([first.ids, second.ids]).toEqual([
    ['a', 'c'],
    ['b', 'd'],
  ]);
  link[Symbol.dispose]();
  queue.enqueue(content('e'));
  expect(second.ids).toEqual(['b', 'd', 'e']);
});

test('a completed message is gone, and its lock with it', () => {
  queue.enqueue(content('a'));
  const { lockToken } = attach(new Taker(5)).last();
  expect(queue.settle(lockToken, { kind: 'complete' })).toBe(true);
  expect(queue.settle(lockToken, { kind: 'complete' })).toBe(false);
  clock.advance(600_000);
  expect(queue.counts()).toEqual({ ready: 0, locked: 0 });
});

test('an abandoned message comes again before what arrived later, counted, under another lock, with the properties it was given', () => {
  queue.enqueue(content('a', { kept: 1, changed: 1 }));
  queue.enqueue(content('b'));
  const taker = attach(new Taker(1));
  const first = taker.last();
  taker.credit = 2;
  queue.settle(first.lockToken, { kind: 'abandon', properties: { changed: 2 } });
  expect(taker.ids).toEqual(['a', 'a', 'b']);
  expect(taker.got[1]).toMatchObject({
    sequenceNumber: first.sequenceNumber,
    deliveryCount: 1,
    applicationProperties: { kept: 1, changed: 2 },
  });
  expect(taker.got[1]?.lockToken).not.toBe(first.lockToken);
});

describe('locks', () => {
  test('one that expires counts a delivery and lets the message come again', () => {
    queue.enqueue(content('a'));
    const taker = attach(new Taker(5));
    const { lockToken, lockedUntil } = taker.last();
    expect(lockedUntil).toBe(clock.now() + 60_000);
    clock.advance(59_999);
    expect(taker.got).toHaveLength(1);
    clock.advance(1);
    expect(taker.got.map(({ deliveryCount }) => deliveryCount)).toEqual([0, 1]);
    expect(queue.settle(lockToken, { kind: 'complete' })).toBe(false);
  });

  test('a renewed one holds from then on, and others expire at their own time', () => {
    const taker = attach(new Taker(2));
    queue.enqueue(content('a'));
    clock.advance(10_000);
    queue.enqueue(content('b'));
    clock.advance(40_000);
    const [a, b] = taker.got;
    expect(queue.renew(a?.lockToken ?? '')).toBe(clock.now() + 60_000);
    clock.advance(20_000);
    expect(queue.counts()).toEqual({ ready: 1, locked: 1 });
    expect(queue.renew(b?.lockToken ?? '')).toBeUndefined();
    clock.advance(40_000);
    expect(queue.counts()).toEqual({ ready: 2, locked: 0 });
  });

  test('those of one consumer, or all, end at once on request', () => {
    const [first, second] = [attach(new Taker(1)), attach(new Taker(1))];
    for (const id of ['a', 'b']) queue.enqueue(content(id));
    expect(queue.expireLocks(first)).toBe(1);
    expect(queue.counts()).toEqual({ ready: 1, locked: 1 });
    expect(queue.expireLocks()).toBe(1);
    expect(queue.settle(second.last().lockToken, { kind: 'complete' })).toBe(false);
  });
});

describe('dead letters', () => {
  test('the last delivery that comes to nothing, abandoned or expired, dead-letters the message', () => {
    make({ maxDeliveryCount: 3 });
    queue.enqueue(content('a', { mine: true }));
    const taker = attach(new Taker(10));
    queue.settle(taker.last().lockToken, { kind: 'abandon' });
    clock.advance(60_000);
    expect(taker.got).toHaveLength(3);
    queue.settle(taker.last().lockToken, { kind: 'abandon' });
    expect(taker.got).toHaveLength(3);
    expect(deadLetters.peek(0, 10)).toMatchObject([
      {
        messageId: 'a',
        deliveryCount: 3,
        applicationProperties: {
          mine: true,
          DeadLetterReason: 'MaxDeliveryCountExceeded',
          DeadLetterErrorDescription: 'Message could not be consumed after 3 delivery attempts.',
        },
      },
    ]);
  });

  test('a receiver dead-letters with a reason of its own', () => {
    queue.enqueue(content('a'));
    const { lockToken } = attach(new Taker(1)).last();
    const why = { reason: 'NoJson', description: 'expected JSON', properties: { seen: 'x' } };
    queue.settle(lockToken, { kind: 'deadLetter', ...why });
    expect(deadLetters.peek(0, 10)[0]?.applicationProperties).toEqual({
      seen: 'x',
      DeadLetterReason: 'NoJson',
      DeadLetterErrorDescription: 'expected JSON',
    });
  });

  test('in the dead-letter queue nothing is dead-lettered: it comes again', () => {
    queue = deadLetters;
    queue.enqueue(content('a'));
    const taker = attach(new Taker(30));
    for (let i = 0; i < 20; i++) queue.settle(taker.last().lockToken, { kind: 'abandon' });
    queue.settle(taker.last().lockToken, { kind: 'deadLetter', reason: 'x' });
    expect(taker.got).toHaveLength(22);
  });
});

describe('duplicates', () => {
  test('an id that came within the window is dropped, afterwards it counts as new', () => {
    make({ duplicateDetection: true, duplicateWindowMs: 600_000 });
    expect(queue.enqueue(content('a'))).toBe(1);
    clock.advance(599_999);
    expect(queue.enqueue(content('a'))).toBeUndefined();
    expect(queue.enqueue(content('b'))).toBe(2);
    clock.advance(1);
    expect(queue.enqueue(content('a'))).toBe(3);
  });

  test('they stay where detection is off', () => {
    expect([queue.enqueue(content('a')), queue.enqueue(content('a'))]).toEqual([1, 2]);
  });
});

test('who deletes on receipt leaves no lock behind', () => {
  queue.enqueue(content('a'));
  const taker = attach(new Taker(1, true));
  expect(taker.ids).toEqual(['a']);
  expect(queue.counts()).toEqual({ ready: 0, locked: 0 });
});

test('peeking shows what is locked as well, from a number on, and locks nothing', () => {
  for (const id of ['a', 'b', 'c']) queue.enqueue(content(id));
  attach(new Taker(1));
  expect(queue.peek(1, 2).map(({ messageId }) => messageId)).toEqual(['a', 'b']);
  expect(queue.peek(3, 9).map(({ messageId }) => messageId)).toEqual(['c']);
  expect(queue.counts()).toEqual({ ready: 2, locked: 1 });
});
