import { expect, it } from 'vitest';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import type { Resource } from '../../kube/types.ts';
import { RetainedRecords } from '../../orphans/records/retained.ts';
import { assignment, credential, identity, idOf, shownAssignment } from '../../orphans/sweep.fixture.ts';
import { HeldConfigMaps } from '../proof/config-maps.fixture.ts';
import { type LiveDeps, type Reading, readLive } from './read-thing.ts';

const UNCHANGED = { refresh: async () => {} };
const NOT_THERE = { get: async () => ({ found: false }) };

/** Azure has nothing of it; the API server has everything it is asked for. */
async function ownerReadFor(candidate: object): Promise<readonly string[]> {
  const asked: string[] = [];
  const client = {
    get: async ({ kind }: Resource, key: string) => {
      asked.push(`${kind} ${key}`);
      return {};
    },
  } as unknown as KubeClient;
  const deps = {
    client,
    identities: NOT_THERE,
    assignments: NOT_THERE,
    credentials: NOT_THERE,
    retained: UNCHANGED,
    clock: { monotonic: () => 0 },
  } as unknown as LiveDeps;
  const signal = new AbortController().signal;
  const looking = { candidate } as unknown as Reading;
  const { owner } = await readLive(looking, { priority: 'resync', signal }, deps);
  expect(owner).toEqual({ state: 'present' });
  return asked;
}

it.each([
  ['Identity', identity(), 'shop/web', 'UserAssignedIdentity shop/web'],
  ['RoleAssignment', assignment(), 'shop/read', 'RoleGrant shop/read'],
  ['FederatedIdentityCredential', credential(), 'shop/ci', 'FederatedIdentityCredential shop/ci'],
] as const)(
  'the owner of a %s is asked for at the API server, by its own kind',
  async (type, thing, owner, asked) => {
    expect(await ownerReadFor({ ...thing, type, owner })).toEqual([asked]);
  },
);

it('what an identity may do is listed in all areas, and read of what only Resource Graph shows', async () => {
  const shown = { ...identity(), id: idOf('web'), location: 'x', tenantId: 't' };
  const elsewhere = shownAssignment({ scope: '/subscriptions/00000000-0000-4000-8000-00000000000b' });
  const listed: string[] = [];
  const deps = {
    client: {
      get: async () => {
        throw new KubeError('no', { status: 404, reason: 'NotFound' });
      },
    },
    identities: { get: async () => ({ found: true, identity: shown }) },
    credentials: { list: async () => ({ found: true, credentials: [] }) },
    associated: { of: async () => [] },
    hostCache: { byIndex: () => [] },
    assignmentCache: {
      byIndex: () => [],
      inUse: { names: ['/subscriptions/c'] },
      believes: async () => true,
    },
    assignments: {
      async *list(area: string) {
        listed.push(area);
        yield { assignments: [], requestedAt: 0 };
      },
      get: async () => ({ found: true, assignment: elsewhere }),
    },
    resourceGraph: { assignmentsOf: async () => [elsewhere.id] },
    stores: { orphanRecords: { values: () => [] } },
    retained: UNCHANGED,
    clock: { monotonic: () => 0 },
  } as unknown as LiveDeps;
  const candidate = { ...shown, type: 'Identity', owner: 'shop/web', reason: 'OwnerGone' };
  const reads = { attached: { state: 'read', of: new Map() } };
  const looking = { candidate, sweep: { name: 'all', uid: 'u' }, reads, now: 0 } as unknown as Reading;
  const signal = new AbortController().signal;
  const { thing } = await readLive(looking, { priority: 'resync', signal }, deps);
  expect(listed).toEqual(['/subscriptions/00000000-0000-4000-8000-00000000000a', '/subscriptions/c']);
  expect(thing).toMatchObject({ assignments: { state: 'read', items: [{ id: elsewhere.id }] } });
});

it('what another shard has put on record since the run began is known before it is deleted', async () => {
  const maps = new HeldConfigMaps();
  const { signal } = new AbortController();
  const start = async (shared: 'begins' | 'follows') => {
    const labels = { 'azid.dev/record': 'retained' };
    const records = new RetainedRecords({
      ...maps.parts,
      labels,
      name: 'azid-retained',
      now: () => 1_000_000,
      shared,
    });
    await records.load(signal);
    return records;
  };
  const home = await start('begins');
  const blue = await start('follows');
  const shown = shownAssignment({ scope: '/subscriptions/00000000-0000-4000-8000-00000000000b' });
  const deps = {
    client: { get: async () => ({}) },
    assignments: {
      get: async () => {
        await blue.record([shown.id], { owner: 'blue/read', uid: 'u' }, signal);
        return { found: false };
      },
    },
    retained: home,
    clock: { monotonic: () => 0 },
  } as unknown as LiveDeps;
  const candidate = { ...shown, type: 'RoleAssignment', owner: 'shop/read' };
  await readLive({ candidate } as unknown as Reading, { priority: 'resync', signal }, deps);
  expect(home.of(shown.key)).toEqual({ owner: 'blue/read' });
});
