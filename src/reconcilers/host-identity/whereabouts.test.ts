import { describe, expect, it } from 'vitest';
import { armKey } from '../../azure/names/resource-id.ts';
import { areaOfHost } from '../../cache/hosts/area.ts';
import { vm, worldOf } from '../identity-attachment/world.fixture.ts';
import { whereabouts } from './absence.ts';
import { object, VM } from './facts.fixture.ts';
import { HostMemory } from './write/memory.ts';

/** A machine is gone from its id: what lists tell of where it is, while they lag (docs/architecture.md section 2). */

const NEW = VM.replace('/rg1/', '/rg2/');
const INSTANCE = 'vmId:0d2f5a94-1c3b-4e6f-8a7b-9c0d1e2f3a4b';
const absent = { state: 'absent', live: true, conclusive: true, conclusiveInMs: 0 } as const;
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function setup() {
  const it = worldOf({ azure: [vm(VM, { instance: INSTANCE })] });
  const { hostCache, stores, clock, lists } = it;
  const deps = { hostCache, stores, clock, memory: new HostMemory() };
  hostCache.use('team-a/web', [areaOfHost(VM)]);
  await hostCache.whenLoaded(areaOfHost(VM));
  clock.advance(300_000);
  await turn();
  lists.calls.length = 0;
  lists.hosts.delete(armKey(VM));
  await hostCache.refresh(VM, 'event');
  const look = () => whereabouts(object({ instance: INSTANCE }), absent, deps);
  const pass = async (ms: number) => {
    clock.advance(ms);
    await turn();
  };
  return { ...it, look, pass };
}

describe('a machine that is gone from its id', () => {
  it('is found by the list after Azure’s lag, though the one of now did not show it yet', async () => {
    const it = await setup();
    expect(it.look()).toEqual({ searching: true });
    await it.pass(10_000);
    expect(it.look()).toEqual({ searching: true });
    it.lists.hosts.set(armKey(NEW), vm(NEW, { instance: INSTANCE }));
    await it.pass(140_000);
    expect(it.look()).toEqual({ elsewhere: { id: NEW, known: false, tookOver: false }, searching: false });
    expect(it.lists.calls.filter((call) => call.startsWith('LIST'))).toHaveLength(2);
  });

  it('is nowhere when that list does not show it either', async () => {
    const it = await setup();
    expect(it.look()).toEqual({ searching: true });
    await it.pass(150_000);
    expect(it.look()).toEqual({ searching: false });
  });
});
