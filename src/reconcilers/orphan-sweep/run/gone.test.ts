import { beforeEach, expect, it } from 'vitest';
import { AzureError } from '../../../azure/arm/errors.ts';
import type { RetainedEntry } from '../../../orphans/records/retained-index.ts';
import type { Services } from '../../services.ts';
import { ABSENT_MS, goneRetained, unconfirmedRecords } from './gone.ts';

const SUB = '/subscriptions/00000000-0000-4000-8000-00000000000a';
const RG = `${SUB}/resourcegroups/rg1`;
const SWEPT = [{ scope: SUB, subscriptionId: '00000000-0000-4000-8000-00000000000a', without: [] }];
const CONTEXT = { priority: 'resync', signal: new AbortController().signal } as const;
const identity = `${RG}/providers/microsoft.managedidentity/userassignedidentities/web`;
const KEYS = {
  identity,
  credential: `${identity}/federatedidentitycredentials/ci`,
  assignment: `${RG}/providers/microsoft.authorization/roleassignments/00000000-0000-4000-8000-000000000001`,
};

let absent: Map<RetainedEntry, number>;
let monotonic: number;
beforeEach(() => {
  absent = new Map();
  monotonic = 0;
});

/** Nothing is shown, and nothing is found. */
function deps(entry: RetainedEntry, change: object = {}): Services {
  const areaState = () => ({ state: 'known', completeness: { state: 'complete' }, ageMs: 0 });
  const none = { get: async () => ({ found: false }) };
  return {
    identityCache: { areaState, loading: () => false, byIndex: () => [] },
    assignmentCache: { areaState, loading: () => false, observe: () => ({ state: 'unknown' }) },
    credentialCache: { content: () => ({ state: 'unknown' }) },
    identities: none,
    assignments: none,
    credentials: none,
    retained: { within: () => [entry] },
    stores: Object.fromEntries(
      ['identities', 'grants', 'credentials'].map((each) => [each, { values: () => [] }]),
    ),
    clock: { monotonic: () => monotonic },
    ...change,
  } as unknown as Services;
}

/** In two runs, the second so much later. */
async function inTwoRuns(entry: RetainedEntry, change: object = {}, afterMs = ABSENT_MS): Promise<number> {
  await goneRetained(SWEPT, absent, CONTEXT, deps(entry, change));
  monotonic += afterMs;
  return (await goneRetained(SWEPT, absent, CONTEXT, deps(entry, change))).size;
}

const entryOf = (key: string): RetainedEntry => ({ key, owner: 'shop/web', uid: 'uid-web' });

it.each(Object.entries(KEYS))(
  'what was retained of %s is over when two runs, an hour apart, do not find it',
  async (_, key) => {
    const entry = entryOf(key);
    expect(await inTwoRuns(entry, {}, ABSENT_MS - 1)).toBe(0);
    monotonic += 1;
    expect([...(await goneRetained(SWEPT, absent, CONTEXT, deps(entry)))]).toEqual([entry]);
  },
);

it.each<[string, string, object]>([
  ['its object lives, for which it may be made yet', KEYS.assignment, { stores: stores('uid-WEB') }],
  [
    'a list shows it',
    KEYS.assignment,
    { assignmentCache: { ...lists(), observe: () => ({ state: 'present' }) } },
  ],
  [
    'an identity elsewhere carries its marks',
    KEYS.identity,
    { identityCache: { ...lists(), byIndex: () => [{}] } },
  ],
  ['a read finds it', KEYS.credential, { credentials: { get: async () => ({ found: true }) } }],
  [
    'a read finds the identity with its marks',
    KEYS.identity,
    {
      identities: { get: async () => ({ found: true, identity: { tags: { 'azid-owner-uid': 'UID-web' } } }) },
    },
  ],
  ['a read is refused', KEYS.assignment, { assignments: { get: refused } }],
  [
    'the list of its scope lacks something',
    KEYS.assignment,
    { identityCache: { ...lists('partial'), byIndex: () => [] } },
  ],
])('it stays on record while %s', async (_, key, change) => {
  expect(await inTwoRuns(entryOf(key), change)).toBe(0);
});

it('is over when another stands under the id of an identity', async () => {
  const other = { found: true, identity: { tags: { 'azid-owner-uid': 'uid-api' } } };
  expect(await inTwoRuns(entryOf(KEYS.identity), { identities: { get: async () => other } })).toBe(1);
});

function stores(uid: string) {
  const none = { values: () => [] };
  return { identities: none, credentials: none, grants: { values: () => [{ metadata: { uid } }] } };
}

function lists(state = 'complete') {
  const areaState = () => ({ state: 'known', completeness: { state, reason: '' }, ageMs: 0 });
  return { areaState, loading: () => false };
}

async function refused(): Promise<never> {
  throw new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' });
}

it.each([
  ['Identity', KEYS.identity, ['web']],
  ['RoleAssignment', KEYS.assignment, ['web']],
  ['FederatedIdentityCredential', KEYS.credential, ['web']],
  ['RoleAssignment', KEYS.identity, []],
  ['Identity', KEYS.credential, []],
])(
  'a record of %s with id %s is over where Azure has no such thing, and only if both say the same',
  async (type, id, expected) => {
    const record = {
      metadata: { name: 'web' },
      spec: { type, id, installationId: 'here', recordedAt: '2026-11-29T00:00:00Z' },
    };
    const records = { installationId: 'here', stores: { orphanRecords: { values: () => [record] } } };
    const names = await unconfirmedRecords(SWEPT, CONTEXT, deps(entryOf(KEYS.identity), records));
    expect([...names]).toEqual(expected);
  },
);
