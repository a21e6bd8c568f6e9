import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Kstatus, kstatus } from '../../../test/support/status/kstatus.ts';
import { type Condition, type Moment, setCondition, timestamp } from './conditions.ts';
import { deleting, progressing, ready, retrying, stalled, suspended, waitingFor } from './summary.ts';

type List = readonly Condition[];
type Step = (list: List, at: Moment) => List;

const T0 = Date.parse('2026-11-23T10:00:00Z');
const AT: Moment = { generation: 3, now: T0 };
const report = { reason: 'AuthorizationFailed', message: 'the right x/write is missing' };

const steps: Record<string, Step> = {
  progressing: (list, at) => progressing(list, { message: 'first visit' }, at),
  ready: (list, at) => ready(list, { reason: 'Ready', message: 'identity exists' }, at),
  retrying: (list, at) => retrying(list, report, at),
  waitingFor: (list, at) => waitingFor(list, { message: 'waits for identity app' }, at),
  stalled: (list, at) => stalled(list, report, at),
  suspended: (list, at) => suspended(list, at),
  deleting: (list, at) => deleting(list, { message: 'removing the identity' }, at),
};

const step = fc.constantFrom(...Object.values(steps));

/** `Ready=False AuthorizationFailed` and the like: what the table of docs/conditions.md shows. */
function threeConditions(list: List): string[] {
  return ['Ready', 'Reconciling', 'Stalled'].map((type) => {
    const condition = list.find((c) => c.type === type);
    return condition ? `${condition.status} ${condition.reason}` : '-';
  });
}

describe('each row of the table', () => {
  const rows: [string, string, string, string, Kstatus][] = [
    ['progressing', 'Unknown Progressing', 'True Progressing', '-', 'InProgress'],
    ['retrying', 'False AuthorizationFailed', 'True ProgressingWithRetry', '-', 'InProgress'],
    ['waitingFor', 'False DependencyNotReady', 'True DependencyNotReady', '-', 'InProgress'],
    ['ready', 'True Ready', '-', '-', 'Current'],
    ['stalled', 'False AuthorizationFailed', '-', 'True AuthorizationFailed', 'Failed'],
    ['deleting', 'False Deleting', '-', '-', 'Terminating'],
  ];

  test.each(rows)('%s, after any state', (name, readyIs, reconcilingIs, stalledIs, expected) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 5 }), (before) => {
        let list: List = [];
        for (const apply of [...before, steps[name]]) list = apply?.(list, AT) ?? list;
        expect(threeConditions(list)).toEqual([readyIs, reconcilingIs, stalledIs]);
        const deletionTimestamp = name === 'deleting' ? { deletionTimestamp: timestamp(T0) } : {};
        const metadata = { generation: 3, ...deletionTimestamp };
        expect(kstatus({ metadata, status: { observedGeneration: 3, conditions: list } })).toBe(expected);
      }),
    );
  });
});

describe('suspended', () => {
  test.each([
    ['ready', 'True Ready', 'Current'],
    ['stalled', 'False AuthorizationFailed', 'InProgress'],
    ['retrying', 'False AuthorizationFailed', 'InProgress'],
  ])('keeps Ready as last seen: %s', (name, readyIs, expected) => {
    const before = steps[name]?.([], AT) ?? [];
    const list = suspended(before, { generation: 4, now: T0 + 60_000 });
    expect(threeConditions(list)).toEqual([readyIs, '-', '-']);
    expect(list[0]).toEqual(before[0]);
    const status = { observedGeneration: 3, conditions: list };
    expect(kstatus({ metadata: { generation: 3 }, status })).toBe(expected);
    expect(kstatus({ metadata: { generation: 4 }, status })).toBe('InProgress');
  });

  test('an object that was never reconciled does not pass for done', () => {
    const conditions = suspended([], AT);
    expect(threeConditions(conditions)).toEqual(['Unknown Suspended', '-', '-']);
    expect(kstatus({ metadata: { generation: 1 }, status: { conditions } })).toBe('InProgress');
  });
});

test('a deletion can say what it waits for', () => {
  const list = deleting([], { reason: 'InUse', message: 'attached to vm-1' }, AT);
  expect(threeConditions(list)).toEqual(['False InUse', '-', '-']);
});

describe('any sequence', () => {
  test('never has Reconciling and Stalled together, nor either of them other than true', () => {
    fc.assert(
      fc.property(fc.array(step), (sequence) => {
        let list: List = [];
        for (const apply of sequence) {
          list = apply(list, AT);
          const shown = list.filter(({ type }) => type !== 'Ready');
          expect(shown.length).toBeLessThanOrEqual(1);
          for (const condition of shown) expect(condition.status).toBe('True');
          expect(list.filter(({ type }) => type === 'Ready')).toHaveLength(1);
        }
      }),
    );
  });

  test('moves the time of Ready exactly when its status changes', () => {
    fc.assert(
      fc.property(fc.array(step), (sequence) => {
        let list: List = [];
        let expected: string | undefined;
        let status: string | undefined;
        for (const [i, apply] of sequence.entries()) {
          const at = { generation: 3, now: T0 + i * 1_000 };
          list = apply(list, at);
          const shown = list.find(({ type }) => type === 'Ready');
          if (shown?.status !== status) expected = timestamp(at.now);
          status = shown?.status;
          expect(shown?.lastTransitionTime).toBe(expected);
        }
      }),
    );
  });

  test('said twice changes nothing, and other conditions stay', () => {
    const detail = {
      type: 'PolicyAllowed',
      status: 'True',
      reason: 'Allowed',
      message: 'by policy base',
    } as const;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), (sequence) => {
        let list = setCondition([], detail, AT);
        const before = list[0];
        for (const apply of sequence) {
          list = apply(list, AT);
          expect(apply(list, { ...AT, now: T0 + 5_000 })).toBe(list);
        }
        expect(list[0]).toBe(before);
      }),
    );
  });
});
