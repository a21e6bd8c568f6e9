import { describe, expect, it } from 'vitest';
import { type ManagedObject, RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { deletionBlocked } from './blocked.fixture.ts';
import { deleting, finished, isReleased, leftBehind, refused } from './deleting.ts';
import { stalled } from './failure.ts';
import { byRefusal } from './refusals.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const HOUR = 3_600_000;
const FACTS = { now: NOW, releaseAfterMs: HOUR };
const OWN = { ledger: ['/a'] };

const going = (blockedMs?: number, annotations: Record<string, string> = {}): ManagedObject => ({
  apiVersion: 'azid.dev/v1alpha1',
  kind: 'RoleGrant',
  metadata: { name: 'a', namespace: 'b', uid: 'u', creationTimestamp: '', resourceVersion: '1', annotations },
  spec: {},
  ...(blockedMs !== undefined && { status: { conditions: [deletionBlocked(NOW - blockedMs)] } }),
});

describe('a deletion', () => {
  it('takes the finalizer off last, after what has to be done before and the Events about it', () => {
    const event = leftBehind('/a stays');
    expect(finished(going(), OWN, [event], [{ type: 'deleteConfigMap' }])).toMatchObject({
      actions: [{ type: 'deleteConfigMap' }, { type: 'recordEvent', event }, { type: 'removeFinalizer' }],
      status: OWN,
      summary: { state: 'deleting', againMs: 0 },
    });
  });

  it('that Azure refuses waits, and keeps what is on record', () => {
    const over = () => deleting(OWN, 'over', 0);
    const failures = [stalled('ScopeLocked', 'a lock')] as const;
    const held = refused(going(), FACTS, OWN, failures, '/a stays', over);
    expect(held).toMatchObject({ actions: [], status: OWN, conditions: [{ type: 'DeletionBlocked' }] });
    const late = refused(going(HOUR - 1), FACTS, OWN, failures, '/a stays', over);
    expect(late.summary).toMatchObject({ message: expect.stringContaining('let go in 1 min') });
  });

  it('refused for so long ends with what stays, and each reason', () => {
    const failures = [stalled('ScopeLocked', 'a lock'), stalled('AuthorizationFailed', 'no right')] as const;
    const given = refused(going(HOUR), FACTS, OWN, failures, '/a stays', (message) =>
      finished(going(), OWN, [leftBehind(message)]),
    );
    expect(given.actions).toMatchObject([
      { event: { reason: 'LeftBehind', message: 'gave up after 60 min; /a stays: a lock; no right' } },
      { type: 'removeFinalizer' },
    ]);
  });

  it.each([
    ['true', true],
    ['false', false],
    ['', false],
  ])('is released by annotation %j: %s', (value, released) => {
    expect(isReleased(going(undefined, { [RELEASE_ANNOTATION]: value }))).toBe(released);
  });
});

describe('several things to take away', () => {
  const remove = (id: string) => ({ type: 'remove', id });

  it('stand each by itself: what is refused keeps none of the others, and is named', () => {
    const failed = {
      action: remove('/A'),
      failure: stalled('ScopeLocked', 'a lock'),
      others: [{ action: remove('/c'), failure: stalled('ScopeLocked', '/c is locked') }],
    };
    const { free, stuck, failures } = byRefusal(['/a', '/b', '/c'], failed, 'remove');
    expect({ free, stuck }).toEqual({ free: ['/b'], stuck: ['/a', '/c'] });
    expect(failures.map(({ message }) => message)).toEqual(['/a: a lock', '/c is locked']);
  });

  it('are all free after a failure of something else', () => {
    const failed = { action: remove('/a'), failure: stalled('ScopeLocked', 'a lock') };
    expect(byRefusal(['/a'], failed, 'another')).toEqual({ free: ['/a'], stuck: [], failures: [] });
  });
});
