import { expect, test } from 'vitest';
import type { Priority } from '../outcome.ts';
import { Workers } from './workers.ts';

const open = (workers: Workers) =>
  (['edit', 'event', 'resync'] as const).filter((priority) => workers.isOpen(priority));

function taken(size: number, counts: Partial<Record<Priority, number>>): Workers {
  const workers = new Workers(size);
  for (const [priority, count] of Object.entries(counts))
    for (let n = 0; n < count; n++) workers.taken(priority as Priority);
  return workers;
}

test.each([
  ['none is taken', 8, {}, ['edit', 'event', 'resync']],
  ['resyncs have all but a quarter', 8, { resync: 6 }, ['edit', 'event']],
  ['edits have all that resyncs leave', 8, { resync: 6, edit: 2 }, []],
  ['edits and events have all', 8, { edit: 5, event: 3 }, []],
  [
    'events that waited go on beyond all there are, and leave edits their quarter',
    8,
    { event: 20, edit: 1 },
    ['edit'],
  ],
  ['an edit leaves events none of that', 8, { event: 20, edit: 2 }, []],
  ['an edit leaves what is free to resyncs', 8, { edit: 6, resync: 1 }, ['edit', 'event', 'resync']],
  ['resyncs that waited go on beyond their share', 8, { resync: 8 }, ['edit', 'event']],
  ['and beyond all there are', 8, { resync: 20, edit: 1 }, ['edit', 'event']],
  ['then edits have the quarter, and no more', 8, { resync: 20, edit: 2 }, []],
  ['of few workers none is kept', 2, { resync: 2 }, []],
  ['of one either', 1, {}, ['edit', 'event', 'resync']],
])('%s', (_, size, counts, expected) => {
  expect(open(taken(size, counts))).toEqual(expected);
});

test('what ends or waits makes room in its class', () => {
  const workers = taken(8, { resync: 6 });
  workers.freed('resync');
  expect(open(workers)).toEqual(['edit', 'event', 'resync']);
});
