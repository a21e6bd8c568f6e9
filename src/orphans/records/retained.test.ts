import { describe, expect, it } from 'vitest';
import { KubeError } from '../../kube/errors.ts';
import { gate, HeldConfigMaps } from '../../reconcilers/proof/config-maps.fixture.ts';
import { RetainedRecords } from './retained.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const RG = '/subscriptions/00000000-0000-4000-8000-00000000000a/resourceGroups/rg1';
const assignment = (n: number) =>
  `${RG}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-00000000000${n}`;
const CREDENTIAL = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app/federatedIdentityCredentials/x`;
const key = (id: string) => id.toLowerCase();
const signal = new AbortController().signal;
const HOUR = 3_600_000;
const WEB = { owner: 'shop/web', uid: 'uid-web' };
const IDENTITY = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;

class World {
  readonly maps = new HeldConfigMaps();
  now = NOW;

  async start(shared?: 'begins' | 'follows'): Promise<RetainedRecords> {
    const records: RetainedRecords = new RetainedRecords({
      ...(shared && { shared }),
      ...this.maps.parts,
      labels: { 'azid.dev/record': 'retained' },
      name: 'azid-retained',
      now: () => this.now,
    });
    await records.load(signal);
    return records;
  }
}

describe('the records of what is retained', () => {
  it('tell it to the next process, in any spelling, with whose it was', async () => {
    const world = new World();
    await (await world.start()).record([assignment(1), CREDENTIAL], WEB, signal);
    world.now += HOUR;
    const next = await world.start();
    expect(next.of(key(assignment(1)))).toEqual({ owner: 'shop/web' });
    expect(next.of(key(CREDENTIAL))).toEqual({ owner: 'shop/web' });
  });

  it('prove nothing of what is older than they are, until what has no object was put on record', async () => {
    const world = new World();
    const records = await world.start();
    const unproven = { owner: '', unproven: true };
    expect(records.of(key(assignment(1)), { createdAt: NOW - HOUR })).toEqual(unproven);
    expect(records.of(key(assignment(1)))).toEqual(unproven);
    expect(records.of(key(CREDENTIAL))).toEqual(unproven);
    expect(records.of(key(assignment(1)), { createdAt: NOW + HOUR })).toBeUndefined();
    await records.baseline('assignments', RG, [assignment(2)], signal);
    expect(records.of(key(assignment(1)), { createdAt: NOW - HOUR })).toBeUndefined();
    expect(records.of(key(assignment(2)), { createdAt: NOW - HOUR })).toEqual(unproven);
    expect(records.of(key(CREDENTIAL))).toEqual(unproven);
    const next = await world.start();
    expect(next.hasBaseline('assignments', RG)).toBe(true);
    expect(next.hasBaseline('credentials', RG)).toBe(false);
    expect(next.of(key(assignment(2)))).toEqual(unproven);
    await next.forget(next.within(RG), signal);
    expect((await world.start()).of(key(assignment(2)))).toBeUndefined();
  });

  it('know an identity by the object that its marks name, and no other that stands under its id', async () => {
    const world = new World();
    const records = await world.start();
    expect(records.of(key(IDENTITY), { ownerUid: 'uid-web' })).toBeUndefined();
    await records.record([IDENTITY], WEB, signal);
    const next = await world.start();
    expect(next.of(key(IDENTITY), { ownerUid: 'UID-web' })).toEqual({ owner: 'shop/web' });
    expect(next.of(`${key(IDENTITY)}-moved`, { ownerUid: 'uid-web' })).toEqual({ owner: 'shop/web' });
    expect(next.of(key(IDENTITY), { ownerUid: 'uid-api' })).toBeUndefined();
    expect(next.of(key(IDENTITY))).toBeUndefined();
  });

  it('hold an assignment as long as any object that shares it says so', async () => {
    const world = new World();
    const records = await world.start();
    await records.record([assignment(1)], WEB, signal);
    await records.record([assignment(1)], { owner: 'shop/api', uid: 'uid-api' }, signal);
    const ofWeb = records.ofObject('assignments', 'uid-web', 'shop/web');
    expect(ofWeb).toMatchObject([{ key: key(assignment(1)), owner: 'shop/web', uid: 'uid-web' }]);
    expect(records.ofObject('identities', 'uid-web', 'shop/web')).toEqual([]);
    await records.forget(ofWeb, signal);
    expect((await world.start()).of(key(assignment(1)))).toEqual({ owner: 'shop/api' });
    expect(records.ofObject('assignments', 'uid-new', 'shop/api')).toHaveLength(1);
  });

  it('of an azid of before, which named no uid, are those of whoever has the name', async () => {
    const world = new World();
    const records = await world.start();
    await records.record([assignment(1)], { owner: 'shop/web', uid: '' }, signal);
    const next = await world.start();
    expect(next.ofObject('assignments', 'uid-web', 'shop/web')).toMatchObject([{ uid: '' }]);
    await next.forget(next.ofObject('assignments', 'uid-web', 'shop/web'), signal);
    expect((await world.start()).within(RG)).toEqual([]);
  });

  it('are written together where many come at once, nothing twice, and each is there when its own write returns', async () => {
    const world = new World();
    const records = await world.start();
    await records.record([assignment(0)], WEB, signal);
    const before = world.maps.calls.length;
    const ids = Array.from({ length: 500 }, (_, n) => `${assignment(1)}${n}`);
    await Promise.all(ids.map((id, n) => records.record([id], { ...WEB, uid: `uid-${n}` }, signal)));
    // 16 ConfigMaps, each made and named by one write and filled by another.
    expect(world.maps.calls.length - before).toBeLessThan(80);
    const next = await world.start();
    for (const id of ids) expect(next.of(key(id))).toEqual({ owner: 'shop/web' });
    const settled = world.maps.calls.length;
    await records.record(ids.slice(0, 1), { ...WEB, uid: 'uid-0' }, signal);
    expect(world.maps.calls).toHaveLength(settled);
  });

  it('are written for all others if one gives up that began', async () => {
    const world = new World();
    const records = await world.start();
    await records.record([assignment(1)], WEB, signal);
    const held = gate();
    const gone = new AbortController();
    world.maps.before = async () => {
      await held.opened;
      gone.signal.throwIfAborted();
    };
    const all = [gone.signal, gone.signal, signal].map((each, n) =>
      records.record([assignment(1)], { ...WEB, uid: `uid-${n}` }, each),
    );
    const ends = Promise.allSettled(all);
    gone.abort(new Error('edited'));
    world.maps.before = () => {};
    held.open();
    const [, , last] = await ends;
    expect(last?.status).toBe('fulfilled');
    expect((await world.start()).ofObject('assignments', 'uid-2', 'x')).toHaveLength(1);
  });

  it.each([
    ['a part of them is lost', (world: World): void => void world.maps.maps.delete(shardOf(world))],
    ['all of them are lost', (world: World): void => world.maps.maps.clear()],
    ['they come from a restore, as another object', (world: World): void => restore(world)],
    ['they are of another installation', (world: World): void => rename(world)],
    [
      'the clock was set back',
      (world: World): void => {
        world.now -= 2 * HOUR;
      },
    ],
  ] as const)('begin anew where %s', async (_, happen) => {
    const world = new World();
    const first = await world.start();
    await first.record([assignment(1)], WEB, signal);
    await first.baseline('assignments', RG, [], signal);
    happen(world);
    world.now += HOUR;
    const next = await world.start();
    expect(next.hasBaseline('assignments', RG)).toBe(false);
    expect(next.of(key(assignment(9)), { createdAt: world.now - HOUR / 2 })).toEqual({
      owner: '',
      unproven: true,
    });
    expect(next.of(key(assignment(9)), { createdAt: world.now + HOUR })).toBeUndefined();
    // And from then on they are what they were before.
    expect((await world.start()).of(key(assignment(9)), { createdAt: world.now + HOUR })).toBeUndefined();
  });

  it('that cannot be begun keep nobody from working, and are begun with the first entry', async () => {
    const world = new World();
    world.maps.before = () => {
      throw new KubeError('no', { status: 403, reason: 'Forbidden' });
    };
    const records = await world.start();
    expect(records.of(key(assignment(1)), { createdAt: NOW + HOUR })).toEqual({ owner: '', unproven: true });
    await expect(records.record([assignment(1)], WEB, signal)).rejects.toThrow(/azid-retained.*rbac\.yaml/);
    world.maps.before = () => {};
    await records.record([assignment(1)], WEB, signal);
    expect(records.of(key(assignment(2)), { createdAt: NOW + HOUR })).toBeUndefined();
    expect((await world.start()).of(key(assignment(1)))).toEqual({ owner: 'shop/web' });
  });
});

describe('of several processes that write to them', () => {
  it('one begins them, and the others wait for that', async () => {
    const world = new World();
    const follower = await world.start('follows');
    expect(world.maps.maps.size).toBe(0);
    await expect(follower.record([assignment(1)], WEB, signal)).rejects.toThrow(
      /shard default has not begun/,
    );
    await world.start('begins');
    await follower.record([assignment(1)], WEB, signal);
    expect((await world.start()).of(key(assignment(1)))).toEqual({ owner: 'shop/web' });
  });

  it('each learns at its next reading what the others wrote and took off, and keeps what it wrote meanwhile', async () => {
    const world = new World();
    const [one, two] = [await world.start('begins'), await world.start('follows')];
    await one.record([assignment(1), assignment(2)], WEB, signal);
    await two.refresh(signal);
    const known = () => two.ofObject('assignments', WEB.uid, WEB.owner).map((each) => each.key);
    expect(known()).toHaveLength(2);
    await one.forget(one.ofObject('assignments', WEB.uid, WEB.owner).slice(0, 1), signal);
    const refreshed = two.refresh(signal);
    await two.record([assignment(3)], WEB, signal);
    await refreshed;
    expect(known().toSorted()).toEqual([key(assignment(2)), key(assignment(3))]);
  });
});

function shardOf(world: World): string {
  return [...world.maps.maps.keys()].find((name) => /-[0-9a-f]$/.test(name)) ?? '';
}

function restore({ maps }: World): void {
  for (const [name, map] of maps.maps)
    maps.maps.set(name, { ...map, metadata: { ...map.metadata, uid: `restored-${map.metadata.uid}` } });
}

function rename({ maps }: World): void {
  const index = maps.maps.get('azid-retained');
  if (index) maps.maps.set('azid-retained', { ...index, data: { ...index.data, installationId: 'another' } });
}
