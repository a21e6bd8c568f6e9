import { describe, expect, it } from 'vitest';
import { FINALIZER } from '../../api/schema/common.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import {
  absent,
  assignment,
  duplicate,
  failure,
  INSTALLATION,
  NOW,
  present,
  target,
} from '../role-grant/facts.fixture.ts';
import { decide } from './decide.ts';
import {
  type AssignmentExpiry,
  type AssignmentNow,
  type ExpiryDecision,
  type Facts,
  HANDOVER_MS,
  lastEnd,
} from './facts.ts';

const MINUTE = 60_000;
const OPEN_MS = 3 * MINUTE;
const iso = (ms: number) => new Date(ms).toISOString();

const owner = (name: string, endsInMs?: number) => ({
  namespace: 'team-a',
  name,
  uid: `uid-${name}`,
  ...(endsInMs !== undefined && { expiresAt: iso(NOW + endsInMs) }),
});

function record(
  owners: AssignmentExpiry['spec']['owners'],
  metadata: Partial<ObjectMeta> = {},
): AssignmentExpiry {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'AssignmentExpiry',
    metadata: {
      namespace: 'azid-system',
      name: target.name,
      uid: 'uid-record',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-20T00:00:00Z',
      finalizers: [FINALIZER],
      ...metadata,
    },
    spec: { assignmentId: target.id, owners: [...owners] },
  };
}

const facts = (change: Partial<Facts> = {}): Facts => ({
  now: NOW,
  installationId: INSTALLATION,
  living: [],
  showing: [],
  claims: [],
  openMs: OPEN_MS,
  releaseAfterMs: 60 * MINUTE,
  ...change,
});
const shown = present() as AssignmentNow;
const types = ({ actions }: ExpiryDecision) => actions.map(({ type }) => type);
const reads = ({ summary }: ExpiryDecision) =>
  'reason' in summary && summary.reason !== undefined ? `${summary.state} ${summary.reason}` : summary.state;

const ended = record([owner('read', -1)]);
const over = record([owner('read', -OPEN_MS)]);

describe('an assignment that ends', () => {
  const deleted = { deletionTimestamp: '2026-11-23T09:00:00Z' };
  const released = { ...deleted, annotations: { 'azid.dev/release': 'true' } };
  const rows: [string, AssignmentExpiry, Partial<Facts>, readonly string[], string][] = [
    ['is left alone before its end', record([owner('read', 1)]), {}, [], 'ready Scheduled'],
    [
      'is revoked at its end',
      record([owner('read', 0)]),
      { azure: shown },
      ['deleteAssignment'],
      'progressing Revoking',
    ],
    ['is read first', ended, {}, [], 'progressing Revoking'],
    [
      'lasts until the latest end',
      record([owner('read', -1), owner('also', 1)]),
      { azure: shown },
      [],
      'ready Scheduled',
    ],
    [
      'lasts while an owner has none',
      record([owner('read', -1), owner('also')]),
      { azure: shown },
      [],
      'ready HeldWithoutEnd',
    ],
    [
      'is no matter of this kind when no owner has an end',
      record([owner('also')]),
      { azure: shown },
      ['removeFinalizer', 'deleteSelf'],
      'progressing Ending',
    ],
    ['nor when there is no owner', record([]), {}, ['removeFinalizer', 'deleteSelf'], 'progressing Ending'],
    [
      'is guarded by a finalizer',
      record([owner('read', 1)], { finalizers: [] }),
      {},
      ['addFinalizer'],
      'ready Scheduled',
    ],
    [
      'is left to the RoleGrant that lives, for a while',
      ended,
      { azure: shown, living: ['RoleGrant a/b'] },
      [],
      'progressing Revoking',
    ],
    [
      'and no longer than that',
      record([owner('read', -HANDOVER_MS)]),
      { azure: shown, living: ['RoleGrant a/b'] },
      ['deleteAssignment'],
      'progressing Revoking',
    ],
    [
      'stays for one that may have it for longer',
      ended,
      { azure: shown, claims: [{ key: 'a/b' }] },
      [],
      'ready Extended',
    ],
    [
      'not for one that wants another condition',
      ended,
      { azure: shown, claims: [{ key: 'a/b', condition: 'x' }] },
      ['deleteAssignment'],
      'progressing Revoking',
    ],
    [
      'waits while it is not known who may have it',
      ended,
      { azure: shown, unclear: failure() },
      [],
      'stalled AuthorizationFailed',
    ],
    [
      'waits while Azure cannot be read',
      ended,
      { azure: { state: 'unreadable', failure: failure() } },
      [],
      'stalled AuthorizationFailed',
    ],
    [
      'is never revoked where its name does not prove it',
      ended,
      {
        azure: {
          state: 'present',
          assignment: assignment({ principalId: duplicate.id.slice(-36) }),
          live: true,
        },
      },
      [],
      'stalled NotProven',
    ],
    [
      'nor for another installation',
      ended,
      { azure: shown, installationId: 'b7d8a1f0-0000-4000-8000-000000000002' },
      [],
      'stalled NotProven',
    ],
    [
      'is awaited when it is gone: a write may be under way',
      ended,
      { azure: absent },
      [],
      'progressing ConfirmingAbsence',
    ],
    [
      'is forgotten when no write can come any more',
      over,
      { azure: absent },
      ['removeFinalizer', 'deleteSelf'],
      'progressing Ending',
    ],
    [
      'not before its absence is proven',
      over,
      { azure: { ...absent, conclusive: false, conclusiveInMs: 5 } },
      [],
      'progressing ConfirmingAbsence',
    ],
    [
      'nor before its owner has seen it',
      over,
      { azure: absent, living: ['RoleGrant a/b'], showing: ['RoleGrant a/b'] },
      [],
      'progressing ConfirmingAbsence',
    ],
    ['binds although its record was deleted', record([owner('read', 1)], deleted), {}, [], 'deleting'],
    [
      'is revoked although its record was deleted',
      record([owner('read', 0)], deleted),
      { azure: shown },
      ['deleteAssignment'],
      'progressing Revoking',
    ],
    [
      'lets its record go when it is gone',
      record([owner('read', -OPEN_MS)], deleted),
      { azure: absent },
      ['removeFinalizer'],
      'progressing Ending',
    ],
    [
      'is given up when somebody says so',
      record([owner('read', 1)], released),
      {},
      ['recordEvent', 'removeFinalizer'],
      'progressing Ending',
    ],
    [
      'that is none is said to be none',
      ended,
      { problem: 'spec.assignmentId: no id' },
      [],
      'stalled InvalidAssignment',
    ],
  ];
  it.each(rows)('%s', (_, object, change, actions, summary) => {
    const decision = decide(object, facts(change));
    expect(types(decision)).toEqual(actions);
    expect(reads(decision)).toBe(summary);
  });

  it('is tried again when Azure refuses its deletion, and says so', () => {
    const action = decide(ended, facts({ azure: shown })).actions[0];
    if (!action) throw new Error('expected an action');
    const failed = { action, failure: failure({ reason: 'ScopeLocked' }) };
    const decision = decide(ended, facts({ azure: shown }), failed);
    expect(types(decision)).toEqual([]);
    expect(reads(decision)).toBe('stalled ScopeLocked');
  });

  it('shows its latest end, to the second, and nothing while an owner has none', () => {
    expect(decide(record([owner('read', 1_000), owner('also', 5_000)]), facts()).status).toEqual({
      expiresAt: iso(NOW + 5_000).replace('.000', ''),
    });
    expect(decide(record([owner('read', 1_000), owner('also')]), facts()).status).toEqual({});
    expect(lastEnd(record([owner('read', 1_000), owner('also')]))).toBeUndefined();
  });
});

it('waits for what is not known, but not for longer than an hour after the end', () => {
  for (const doubt of [{ unclear: failure({ kind: 'transient' }) }, { loading: 'the first list' }]) {
    const at = (ms: number) => types(decide(record([owner('read', -ms)]), facts({ azure: shown, ...doubt })));
    expect(at(60 * MINUTE - 1)).toEqual([]);
    expect(at(60 * MINUTE)).toEqual(['deleteAssignment']);
  }
});

it('counts an end that cannot be read as over, never as endless', () => {
  const odd = { ...owner('read'), expiresAt: '2026-12-01T12:00:00,5Z' };
  expect(types(decide(record([odd]), facts({ azure: shown })))).toEqual(['deleteAssignment']);
  expect(lastEnd(record([odd, owner('later', 1)]))).toBe(NOW + 1);
});
