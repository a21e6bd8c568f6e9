import { describe, expect, it } from 'vitest';
import { OwedList } from './area-list.ts';

const LAG = 120;

describe('who asks is owed a list that begins the lag later', () => {
  it('and all who ask within a quarter of it share one', () => {
    const owed = new OwedList(LAG);
    expect(owed.dueAt).toBeUndefined();
    owed.ask(0);
    owed.ask(30);
    expect(owed.dueAt).toBe(150);
    expect([owed.openUntil(0, undefined), owed.openUntil(30, 0)]).toEqual([150, 150]);
    expect(owed.came(149)).toBe(false);
    expect(owed.came(150)).toBe(true);
    expect(owed.dueAt).toBeUndefined();
    expect([owed.openUntil(0, 150), owed.openUntil(30, 150)]).toEqual([undefined, undefined]);
  });

  it('who asks later has the next one, with all who ask before the first comes', () => {
    const owed = new OwedList(LAG);
    owed.ask(0);
    owed.ask(31);
    owed.ask(140);
    expect(owed.openUntil(140, 0)).toBe(260);
    expect(owed.came(150)).toBe(true);
    expect([owed.dueAt, owed.openUntil(31, 150), owed.openUntil(140, 150)]).toEqual([260, 260, 260]);
    expect(owed.came(260)).toBe(true);
    expect(owed.dueAt).toBeUndefined();
  });

  it('however often callers ask, two lists in a lag are the most', () => {
    const owed = new OwedList(LAG);
    let lists = 0;
    for (let now = 0; now < 100 * LAG; now++) {
      owed.ask(now);
      if (owed.dueAt !== undefined && now >= owed.dueAt && owed.came(now)) lists++;
    }
    expect(lists).toBeLessThanOrEqual(100);
  });

  it('one that is late shows by a time that is past', () => {
    const owed = new OwedList(LAG);
    owed.ask(0);
    expect(owed.openUntil(0, 100)).toBe(150);
    expect(owed.came(500)).toBe(true);
  });

  it('where lists do not lag the very next one is it', () => {
    const owed = new OwedList(0);
    owed.ask(7);
    expect(owed.dueAt).toBe(7);
    expect(owed.openUntil(7, 6)).toBe(7);
    expect(owed.came(7)).toBe(true);
    expect(owed.openUntil(7, 7)).toBeUndefined();
  });
});
