import { describe, expect, it } from 'vitest';
import { MAX_ORPHAN_RECORDS, ORPHAN_RECORD_KEPT_MS, type OrphanRecord } from '../../api/orphan-record.ts';
import { meta } from '../stores.fixture.ts';
import { byAge, decide, surplus } from './index.ts';

const MADE = Date.parse('2026-11-23T10:00:00Z');
const record = (name: string, madeAt = MADE): OrphanRecord =>
  ({
    metadata: meta(name, { creationTimestamp: new Date(madeAt).toISOString() }),
    spec: { type: 'Identity', id: '/x', reason: 'OwnerGone', installationId: 'i', recordedAt: '' },
  }) as unknown as OrphanRecord;

const actions = (now: number, newer: number) =>
  decide(record('one'), { now, newer }).actions.map(({ type }) => type);

describe('an OrphanRecord', () => {
  it.each([
    ['young, among the newest', MADE + 1_000, MAX_ORPHAN_RECORDS - 1, []],
    ['at its end', MADE + ORPHAN_RECORD_KEPT_MS, 0, ['deleteSelf']],
    ['a moment before', MADE + ORPHAN_RECORD_KEPT_MS - 1, 0, []],
    ['one too many', MADE + 1_000, MAX_ORPHAN_RECORDS, ['deleteSelf']],
    ['from a clock that was set back since', MADE - 1_000, 0, []],
  ] as const)('%s', (_, now, newer, expected) => {
    expect(actions(now, newer)).toEqual(expected);
  });

  it('comes back at its end, at the latest', () => {
    const { summary } = decide(record('one'), { now: MADE + ORPHAN_RECORD_KEPT_MS - 5_000, newer: 0 });
    expect(summary).toMatchObject({ state: 'ready', reason: 'Recorded', nextMs: 5_000 });
  });

  it('gives way, the oldest first, by name where they are of one second', () => {
    const records = [record('b'), record('a'), record('old', MADE - 1_000), record('new', MADE + 1_000)];
    expect(byAge(records).map(({ metadata }) => metadata.name)).toEqual(['new', 'a', 'b', 'old']);
    expect(surplus(records)).toEqual([]);
    const many = Array.from({ length: MAX_ORPHAN_RECORDS }, (_, at) => record(`n${at}`, MADE + 10_000));
    expect(surplus([...many, record('old', MADE)]).map(({ metadata }) => metadata.name)).toEqual(['old']);
  });
});
