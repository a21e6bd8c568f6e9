import { expect, it } from 'vitest';
import { AzureError, LOCAL_CODES } from '../../azure/arm/errors.ts';
import { silentLog } from '../../runtime/log.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import type { Hint } from '../hint.ts';
import { LogQuery } from './log-query.ts';

const MINUTE = 60_000;
const S = '/subscriptions/11111111-2222-4333-8444-555555555555';
const { signal } = new AbortController();

function setup() {
  const clock = new FakeClock();
  const hints: Hint[] = [];
  let upTo: number | undefined;
  /** What Azure answers, page by page; an error ends it. */
  let pages: (readonly unknown[] | AzureError)[] = [];
  /** Beside them: what the log holds, a page each, and how many pages it gives of one range. */
  let [inLog, mostPages]: [{ at: number; record: object }[] | undefined, number | undefined] = [
    undefined,
    undefined,
  ];
  const asked: { from: number; to: number }[] = [];
  const query = new LogQuery({
    activityLog: {
      async *pages({ from, to }) {
        asked.push({ from, to });
        const most = mostPages ?? Number.POSITIVE_INFINITY;
        const told = inLog?.filter(({ at }) => at >= from && at <= to) ?? [];
        for (const [n, { record: each }] of told.toReversed().entries()) {
          if (n >= most) throw new AzureError({ code: LOCAL_CODES.tooMany, message: 'too many' });
          yield [each];
        }
        for (const page of pages) {
          if (page instanceof AzureError) throw page;
          yield page;
        }
      },
    },
    sink: {
      take(hint) {
        hints.push(hint);
        return 'read';
      },
    },
    position: {
      get: () => upTo,
      set: (next) => {
        upTo = next;
      },
    },
    clock,
    log: silentLog,
    metrics: { received: () => {}, age: () => {}, failed: () => {} },
    subscriptionId: 's1',
    provider: 'Microsoft.ManagedIdentity',
  });
  const read = (...next: typeof pages) => {
    pages = next;
    return query.read(signal);
  };
  const readLog = (records: NonNullable<typeof inLog>, most: number) => {
    [pages, inLog, mostPages] = [[], records, most];
    return query.read(signal);
  };
  const record = (n: number, at = clock.now()) => {
    const time = new Date(at).toISOString();
    return {
      eventDataId: `e-${n}`,
      operationId: `o-${n}`,
      operationName: { value: 'Microsoft.ManagedIdentity/userAssignedIdentities/write' },
      resourceId: `${S}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-${n}`,
      status: { value: 'Succeeded' },
      eventTimestamp: time,
      submissionTimestamp: time,
    };
  };
  return { clock, hints, query, read, readLog, record, asked, upTo: () => upTo };
}

const many = (count: number, make: (n: number) => unknown) =>
  Array.from({ length: count }, (_, n) => make(n));

it('remembers ends as long as a range may show them again, and no longer', async () => {
  const { clock, query, read, record, hints } = setup();
  const first = many(100, record);
  await read(first);
  clock.advance(10 * MINUTE);
  await read([record(1_000), ...first]);
  expect(hints).toHaveLength(101);
  expect(query.remembered).toBe(101);
  clock.advance(60 * MINUTE);
  await read([record(2_000)]);
  expect(query.remembered).toBe(1);
});

it('of a flood remembers the latest ten thousand, and takes all', async () => {
  const { query, read, record, hints } = setup();
  await read(...[0, 1, 2].map((page) => many(5_000, (n) => record(page * 5_000 + n))));
  expect(hints).toHaveLength(15_000);
  expect(query.remembered).toBe(10_000);
});

it('has come no further when a page fails, and what came before it is not taken twice', async () => {
  const { read, record, hints, upTo } = setup();
  const [one, two] = [record(1), record(2)];
  await expect(read([two], new AzureError({ code: 'Http503', message: 'later' }))).rejects.toThrow('later');
  expect(upTo()).toBeUndefined();
  expect(hints).toHaveLength(1);
  await read([two], [one]);
  expect(hints.map(({ id }) => id.split('/').at(-1))).toEqual(['id-2', 'id-1']);
  expect(upTo()).toBeDefined();
});

it('reads a range that has too many records in halves, and all of it', async () => {
  const { clock, readLog, record, hints, asked, upTo } = setup();
  const now = clock.now();
  // Twenty within an hour, twelve hours ago, and one of now.
  const ats = [...Array.from({ length: 20 }, (_, n) => now - 12 * 60 * MINUTE + n * 3 * MINUTE), now];
  const records = ats.map((at, n) => ({ at, record: record(n, at) }));
  await readLog(records, 15);
  expect(new Set(hints.map(({ id }) => id.split('/').at(-1)))).toEqual(new Set(ats.map((_, n) => `id-${n}`)));
  expect(upTo()).toBe(now);
  const count = asked.length;
  expect(count).toBeLessThan(15);
  await readLog(records, 15);
  expect(asked.length - count).toBe(1);
});

it('fails where the shortest range has too many, and has come as far as what was read before it', async () => {
  const { clock, readLog, record, upTo } = setup();
  const now = clock.now();
  const records = Array.from({ length: 20 }, (_, n) => ({ at: now, record: record(n) }));
  const old = now - 20 * 60 * MINUTE;
  await expect(readLog([{ at: old, record: record(99, old) }, ...records], 15)).rejects.toThrow('too many');
  expect(upTo()).toBe(old);
});
