import { describe, expect, it } from 'vitest';
import {
  answerTo,
  type ClaimRecord,
  claimText,
  decideClaim,
  LAPSED_MS,
  RENEW_MS,
  readClaim,
} from './claim.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const HERE = 'uid-here';
const record = (counter: number, start = 1, more: Partial<ClaimRecord> = {}): ClaimRecord => ({
  clusterUid: HERE,
  counter,
  start,
  ...more,
});
const tag = (clusterUid: string, counter: number, at = NOW - 60_000) =>
  claimText({ clusterUid, counter, start: 0 }, at);
const at = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const there = { clusterUid: 'uid-there', at: NOW - 60_000 };

describe('the claim of a cluster', () => {
  it.each([
    ['none yet: made, and too young', undefined, record(0, 0), undefined, ['ClaimTooYoung'], [1, 1]],
    ['one renewal: too young', tag(HERE, 2), record(2), undefined, ['ClaimTooYoung'], undefined],
    ['two renewals: held', tag(HERE, 3), record(3), undefined, [], undefined],
    ['due', tag(HERE, 3, NOW - RENEW_MS), record(3), undefined, [], [4, 1]],
    [
      'of a time that has yet to come, as a clock was set back',
      tag(HERE, 3, NOW + 2 * RENEW_MS),
      record(3),
      undefined,
      [],
      [4, 1],
    ],
    [
      'written here and not there: a process died in between',
      tag(HERE, 2),
      record(3),
      undefined,
      [],
      undefined,
    ],
    ['taken off by somebody', undefined, record(9), undefined, ['ClaimTooYoung'], [10, 10]],
    ['ahead of the record', tag(HERE, 5), record(3), undefined, ['ClusterRestored'], undefined],
    [
      'ahead of a record that was lost',
      tag(HERE, 5),
      record(0, 0),
      undefined,
      ['ClusterRestored'],
      undefined,
    ],
    ['ahead, confirmed', tag(HERE, 5), record(3), at(NOW), ['ClaimTooYoung'], [6, 6]],
    [
      'ahead, confirmed before that was written',
      tag(HERE, 5),
      record(3),
      at(NOW - 120_000),
      ['ClusterRestored'],
      undefined,
    ],
    [
      'ahead, confirmed for a time to come',
      tag(HERE, 5),
      record(3),
      at(NOW + 1_000),
      ['ClusterRestored'],
      undefined,
    ],
    [
      "another cluster's, of one that had none",
      tag('uid-there', 7),
      record(0, 0),
      undefined,
      ['ClaimedElsewhere'],
      undefined,
    ],
    [
      "another cluster's, of one that had it: it makes itself known",
      tag('uid-there', 7),
      record(9),
      undefined,
      ['ClaimedElsewhere'],
      [10, 10],
    ],
    [
      "another cluster's, which is over",
      tag('uid-there', 7),
      record(9),
      at(NOW),
      ['ClaimTooYoung'],
      [10, 10],
    ],
    [
      "another cluster's was met",
      tag(HERE, 9),
      record(9, 1, { contested: there }),
      undefined,
      ['ClaimedElsewhere'],
      undefined,
    ],
    [
      "another cluster's was met, which is over",
      tag(HERE, 9),
      record(9, 1, { contested: there }),
      at(NOW),
      [],
      [10, 1],
    ],
    ['what is none', 'mine', record(9), undefined, ['ClaimUnknown'], undefined],
  ] as const)('%s', (_, shown, own, confirmed, doubts, written) => {
    const evaluated = decideClaim({ tag: shown, record: own, now: NOW, confirmed });
    expect(evaluated.doubts.map(({ reason }) => reason)).toEqual(doubts);
    expect(evaluated.write && [evaluated.write.counter, evaluated.write.start]).toEqual(written);
    expect(evaluated.restored ?? false).toBe(shown === tag(HERE, 5) && doubts[0] === 'ClaimTooYoung');
  });

  it('remembers whose it met, and forgets it when that is over', () => {
    const met = decideClaim({ tag: tag('uid-there', 7), record: record(9), now: NOW, confirmed: undefined });
    expect(met.write?.contested).toMatchObject({ clusterUid: 'uid-there' });
    const kept = decideClaim({
      tag: tag(HERE, 9, NOW - RENEW_MS),
      record: record(9, 1, { contested: there }),
      now: NOW,
      confirmed: undefined,
    });
    expect(kept.write?.contested).toEqual(there);
    const over = decideClaim({
      tag: tag(HERE, 9),
      record: record(9, 1, { contested: there }),
      now: NOW,
      confirmed: at(NOW),
    });
    expect(over.write).toEqual(record(10));
  });

  it('is read as it was written, and nothing else is', () => {
    expect(readClaim(tag(HERE, 12, NOW))).toEqual({ clusterUid: HERE, counter: 12, at: NOW });
    for (const text of ['', 'a b c', 'a 1', 'a 1 never', 'a -1 2026-11-29T12:00:00Z'])
      expect(readClaim(text), text).toBeUndefined();
  });
});

describe('a cluster in which nothing may be deleted', () => {
  it.each([
    ['answers another that claims the installation now', tag('uid-there', 7), record(0), 8],
    ['answers with a counter that is ahead of its own', tag('uid-there', 7), record(20), 21],
    ['says nothing where nobody claims', undefined, record(0), undefined],
    ['says nothing to its own claim', tag(HERE, 7), record(7), undefined],
    [
      'says nothing to one that is no longer renewed',
      tag('uid-there', 7, NOW - LAPSED_MS),
      record(0),
      undefined,
    ],
    ['says nothing to what is no claim', 'mine', record(0), undefined],
  ] as const)('%s', (_, shown, own, counter) => {
    const answer = answerTo({ tag: shown, record: own, now: NOW });
    expect(answer?.counter).toBe(counter);
    expect(answer?.start).toBe(counter);
    expect(answer?.contested?.clusterUid).toBe(counter && 'uid-there');
  });

  it('so keeps the other one from deleting until a person says which of them is', () => {
    const answer = answerTo({ tag: tag('uid-there', 7), record: record(0), now: NOW });
    const there = { clusterUid: 'uid-there', counter: 7, start: 1 };
    const evaluated = (shown: string, confirmed?: string) =>
      decideClaim({ tag: shown, record: there, now: NOW, confirmed }).doubts.map(({ reason }) => reason);
    expect(evaluated(tag('uid-there', 7))).toEqual([]);
    expect(evaluated(tag(HERE, answer?.counter ?? 0))).toEqual(['ClaimedElsewhere']);
  });
});
