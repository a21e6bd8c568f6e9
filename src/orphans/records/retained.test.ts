import { describe, expect, it } from 'vitest';
import { KubeError } from '../../kube/errors.ts';
import { HeldConfigMaps } from '../../reconcilers/proof/principals/config-maps.fixture.ts';
import { RetainedRecords } from './retained.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const RG = '/subscriptions/00000000-0000-4000-8000-00000000000a/resourceGroups/rg1';
const assignment = (n: number) =>
  `${RG}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-00000000000${n}`;
const CREDENTIAL = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app/federatedIdentityCredentials/x`;
const key = (id: string) => id.toLowerCase();
const signal = new AbortController().signal;
const HOUR = 3_600_000;

class World {
  readonly maps = new HeldConfigMaps();
  now = NOW;

  async start(): Promise<RetainedRecords> {
    const records: RetainedRecords = new RetainedRecords({
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
    await (await world.start()).record([assignment(1), CREDENTIAL], 'shop/web', signal);
    world.now += HOUR;
    const next = await world.start();
    expect(next.of(key(assignment(1)))).toEqual({ owner: 'shop/web' });
    expect(next.of(key(CREDENTIAL))).toEqual({ owner: 'shop/web' });
  });

  it('prove nothing of what is older than they are, until what has no object was put on record', async () => {
    const world = new World();
    const records = await world.start();
    const unproven = { owner: '', unproven: true };
    expect(records.of(key(assignment(1)), NOW - HOUR)).toEqual(unproven);
    expect(records.of(key(assignment(1)))).toEqual(unproven);
    expect(records.of(key(CREDENTIAL))).toEqual(unproven);
    expect(records.of(key(assignment(1)), NOW + HOUR)).toBeUndefined();
    await records.baseline('assignments', RG, [assignment(2)], signal);
    expect(records.of(key(assignment(1)), NOW - HOUR)).toBeUndefined();
    expect(records.of(key(assignment(2)), NOW - HOUR)).toEqual(unproven);
    expect(records.of(key(CREDENTIAL))).toEqual(unproven);
    const next = await world.start();
    expect(next.hasBaseline('assignments', RG)).toBe(true);
    expect(next.hasBaseline('credentials', RG)).toBe(false);
    expect(next.of(key(assignment(2)))).toEqual(unproven);
    await next.forget([key(assignment(2))], signal);
    expect((await world.start()).of(key(assignment(2)))).toBeUndefined();
  });

  it('have nothing to say of identities, which a tag tells of', async () => {
    const records = await new World().start();
    expect(
      records.of(`${key(RG)}/providers/microsoft.managedidentity/userassignedidentities/app`),
    ).toBeUndefined();
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
    await first.record([assignment(1)], 'shop/web', signal);
    await first.baseline('assignments', RG, [], signal);
    happen(world);
    world.now += HOUR;
    const next = await world.start();
    expect(next.hasBaseline('assignments', RG)).toBe(false);
    expect(next.of(key(assignment(9)), world.now - HOUR / 2)).toEqual({ owner: '', unproven: true });
    expect(next.of(key(assignment(9)), world.now + HOUR)).toBeUndefined();
    // And from then on they are what they were before.
    expect((await world.start()).of(key(assignment(9)), world.now + HOUR)).toBeUndefined();
  });

  it('that cannot be begun keep nobody from working, and are begun with the first entry', async () => {
    const world = new World();
    world.maps.before = () => {
      throw new KubeError('no', { status: 403, reason: 'Forbidden' });
    };
    const records = await world.start();
    expect(records.of(key(assignment(1)), NOW + HOUR)).toEqual({ owner: '', unproven: true });
    await expect(records.record([assignment(1)], 'shop/web', signal)).rejects.toThrow(
      /azid-retained.*deploy\/rbac\.yaml/,
    );
    world.maps.before = () => {};
    await records.record([assignment(1)], 'shop/web', signal);
    expect(records.of(key(assignment(2)), NOW + HOUR)).toBeUndefined();
    expect((await world.start()).of(key(assignment(1)))).toEqual({ owner: 'shop/web' });
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
