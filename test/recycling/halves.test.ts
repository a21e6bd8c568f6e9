import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { HostStage, identityIdOf, vmId } from '../support/kinds/hosts.ts';
import { sampleOf } from '../support/sample.ts';
import { Cluster, World } from '../support/testbed.ts';
import { atRest, RESYNC, trail, trailOf } from '../support/trail.ts';

/** One half of a recycling is done, and the other fails, or never comes: whatever it was, it ends as declared. */

let cluster: Cluster;
let world: World;
let stage: HostStage;
let operator: Operator;
const VM = vmId('vm1');
const app = { identityRef: { name: 'app' } };

beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.stop());
/** The VM's own identity is on, is granted, and stands beside an attached one that is granted, too. */
beforeEach(async () => {
  world = await World.create(cluster);
  stage = new HostStage(cluster, world);
  await stage.prepare();
  stage.createVm('vm1');
  operator = await world.start();
  await stage.system('vm1');
  await stage.attach('vm1');
  await stage.grantSystem('vm1');
  await stage.grantSystem('read', { principal: app });
  for (const name of ['vm1', 'read']) await stage.granted(name);
  await stage.attached('vm1');
});
afterEach(async ({ task }) => {
  try {
    if (task.result?.state !== 'fail') await atRest(world);
  } finally {
    await world?.dispose();
    await cluster.clean();
  }
});

const control = () => world.azure.control;
const granted = (principalId: string | null | undefined) =>
  control()
    .assignments()
    .filter((each) => each.principalId === principalId).length;
const identityNow = () =>
  control()
    .identities()
    .find(({ id }) => id.endsWith('/app'))?.principalId;
const systemNow = () => stage.host(VM).system?.principalId;

/** As declared: what is of today is attached and granted, and nothing else is. */
async function whole(old: { readonly identity?: string; readonly system?: string }): Promise<void> {
  await world.until('all to be as declared', () => {
    const [identity, system] = [identityNow(), systemNow()];
    const isNew = (now: string | undefined, before: string | undefined) =>
      now !== undefined && now !== before;
    return (
      isNew(identity, old.identity) &&
      isNew(system, old.system) &&
      stage.on(VM).join() === 'app' &&
      stage.host(VM).attached[0]?.principalId === identity &&
      granted(identity) === 1 &&
      granted(system) === 1 &&
      (old.identity === undefined || granted(old.identity) === 0) &&
      (old.system === undefined || granted(old.system) === 0)
    );
  });
  await stage.attached('vm1', ({ status }) => status?.principalId === identityNow());
  await stage.systemReady('vm1', ({ status }) => status?.principalId === systemNow());
  for (const name of ['vm1', 'read']) await stage.granted(name);
}

/** The identity is made again by somebody; gives its old principal. */
function recycleIdentity(): { readonly identity: string; readonly since: number } {
  const [identity = '', since] = [identityNow(), stage.mark];
  control().recycleIdentity({ id: identityIdOf('app') });
  return { identity, since };
}

function recycleHost(): { readonly system: string; readonly since: number } {
  const [system = '', since] = [systemNow(), stage.mark];
  control().recycleHost({ id: VM });
  return { system, since };
}

/** Until azid's n-th write to the VM is under way there. */
const underWay = (n: number, since: number) =>
  world.until(
    `write ${n} to be under way`,
    () => trailOf(world, 'vm1', since).length === n && stage.host(VM).busy,
  );

const DETACH = 'SystemAssigned -*';

describe('an identity made again', () => {
  it('whose detaching fails in the end is detached again', async () => {
    control().failNextOperation({ id: VM });
    const { since, ...old } = recycleIdentity();
    await whole(old);
    expect(trailOf(world, 'vm1', since)).toEqual([DETACH, DETACH, '+app']);
  });

  it('whose attaching fails in the end is attached again, and not detached', async () => {
    control().holdOperations({ id: VM });
    const { since, ...old } = recycleIdentity();
    await underWay(1, since);
    control().failNextOperation({ id: VM, outcome: 'Canceled' });
    control().releaseOperations({ id: VM });
    await whole(old);
    expect(trailOf(world, 'vm1', since)).toEqual([DETACH, '+app', '+app']);
  });

  const refusals = [
    { what: 'a busy resource', status: 409, code: 'Conflict' },
    { what: 'a failing Azure', status: 503, code: 'ServiceUnavailable' },
    { what: 'a throttling Azure', status: 429, code: 'TooManyRequests' },
    { what: 'a missing right', status: 403, code: 'AuthorizationFailed' },
    { what: 'a change in between', status: 412, code: 'PreconditionFailed' },
  ];
  it.each(sampleOf(refusals, 2, 'refused halves'))(
    'both halves of which are refused by $what has each tried again',
    async ({ status, code }) => {
      const effect = { kind: 'status', status, code } as const;
      for (const after of [0, 1])
        control().addFault({ method: 'PATCH', path: VM, caller: 'controller', count: 1, after, effect });
      const { since, ...old } = recycleIdentity();
      await whole(old);
      const expected = [DETACH, '+app'].flatMap((words) => [`${words} ${status}`, words]);
      expect(trailOf(world, 'vm1', since)).toEqual(expected);
    },
  );

  it.each([0, 1])('of whose write %i the answer is lost is not written more than it needs', async (after) => {
    const effect = { kind: 'reset', when: 'after' } as const;
    control().addFault({ method: 'PATCH', path: VM, caller: 'controller', count: 1, after, effect });
    const { since, ...old } = recycleIdentity();
    await whole(old);
    expect(trailOf(world, 'vm1', since)).toEqual([DETACH, '+app']);
  });

  it.each(['while it is detached', 'while it is attached'])(
    'and azid killed %s: the next one goes on from there',
    async (when) => {
      const n = when === 'while it is detached' ? 1 : 2;
      const { since, ...old } = recycleIdentity();
      if (n === 2) await world.until('it to be detached', () => trailOf(world, 'vm1', since).length === 1);
      control().holdOperations({ id: VM });
      await underWay(n, since);
      await world.kill(operator);
      control().releaseOperations({ id: VM });
      await world.start();
      await whole(old);
      expect(trailOf(world, 'vm1', since)).toEqual([DETACH, '+app']);
    },
  );

  it('with its attachment deleted in between is not attached any more', async () => {
    control().holdOperations({ id: VM });
    const { since } = recycleIdentity();
    await underWay(1, since);
    await stage.detach('vm1');
    control().releaseOperations({ id: VM });
    await stage.gone(() => stage.attachment('vm1'), 'the attachment');
    expect(stage.on(VM)).toEqual([]);
    expect(trailOf(world, 'vm1', since)).toEqual([DETACH]);
    expect(systemNow()).toBeDefined();
  });

  it('with the policy removed in between waits for a policy, without the identity', async () => {
    control().holdOperations({ id: VM });
    const { since, ...old } = recycleIdentity();
    await underWay(1, since);
    await cluster.delete(identityPolicy.resource, stage.namespace);
    await stage.stalled(() => stage.attachment('vm1'), 'PolicyDenied');
    control().releaseOperations({ id: VM });
    await world.pass(RESYNC);
    expect(trailOf(world, 'vm1', since)).toEqual([DETACH]);
    expect(stage.on(VM)).toEqual([]);
    await stage.policy();
    await whole(old);
    expect(trailOf(world, 'vm1', since)).toEqual([DETACH, '+app']);
  });

  it('whose new grant is refused keeps its old one until the new one stands', async () => {
    const refused = control().addFault({
      method: 'PUT',
      path: 'roleAssignments',
      caller: 'controller',
      count: 2,
      effect: { kind: 'status', status: 500 },
    });
    const { since, ...old } = recycleIdentity();
    await world.until('it to be refused', () => control().faultHits(refused).hits === 1);
    expect(granted(old.identity)).toBe(1);
    await whole(old);
    const grants = trail(world, since).filter((words) => words.startsWith('grant'));
    expect(grants).toEqual(['grant + 500', 'grant + 500', 'grant +', 'grant -']);
  });
});

describe('a resource made again', () => {
  it('the operation on which fails is written again', async () => {
    control().failNextOperation({ id: VM });
    const { since, ...old } = recycleHost();
    await whole(old);
    expect(trail(world, since)).toEqual(['vm1 +app', 'vm1 +app', 'grant +', 'grant -']);
  });

  it('the PATCH of which is refused is written again', async () => {
    const effect = { kind: 'status', status: 409, code: 'Conflict' } as const;
    control().addFault({ method: 'PATCH', path: VM, caller: 'controller', count: 1, effect });
    const { since, ...old } = recycleHost();
    await whole(old);
    expect(trail(world, since)).toEqual(['vm1 +app 409', 'vm1 +app', 'grant +', 'grant -']);
  });

  it('and azid killed while it is written: no second write', async () => {
    control().holdOperations({ id: VM });
    const { since, ...old } = recycleHost();
    await underWay(1, since);
    await world.kill(operator);
    control().releaseOperations({ id: VM });
    await world.start();
    await whole(old);
    expect(trail(world, since)).toEqual(['vm1 +app', 'grant +', 'grant -']);
  });

  it('and azid killed before the grants follow: the next one grants, and takes the old one away', async () => {
    const held = control().addFault({
      path: 'roleAssignments',
      caller: 'controller',
      effect: { kind: 'status', status: 503 },
    });
    const { since, ...old } = recycleHost();
    await world.until('its own identity to be on', () => systemNow() !== undefined);
    await world.kill(operator);
    control().clearFaults({ id: held.id });
    await world.start();
    await whole(old);
    expect(trailOf(world, 'vm1', since)).toEqual(['+app']);
    const grants = trail(world, since).filter((words) => /^grant .$/.test(words));
    expect(grants).toEqual(['grant +', 'grant -']);
  });

  it('and again while azid writes to it: the write of before counts for nothing', async () => {
    control().holdOperations({ id: VM });
    const { since, ...old } = recycleHost();
    await underWay(1, since);
    control().recycleHost({ id: VM });
    control().releaseOperations({ id: VM });
    await whole(old);
    expect(trailOf(world, 'vm1', since)).toEqual(['+app', '+app']);
  });

  it('and its identity, too: what is gone is not taken off, and both principals are followed', async () => {
    const { since, ...old } = recycleHost();
    const { identity } = recycleIdentity();
    await whole({ ...old, identity });
    expect(trailOf(world, 'vm1', since)).toEqual(['+app']);
  });

  it('with the policy removed while azid writes to it: what was begun ends, and nothing is granted', async () => {
    control().holdOperations({ id: VM });
    const { since, ...old } = recycleHost();
    await underWay(1, since);
    await cluster.delete(identityPolicy.resource, stage.namespace);
    await stage.stalled(() => stage.attachment('vm1'), 'PolicyDenied');
    control().releaseOperations({ id: VM });
    await world.pass(RESYNC);
    expect(trail(world, since)).toEqual(['vm1 +app']);
    expect(granted(systemNow())).toBe(0);
    await stage.policy();
    await whole(old);
    expect(trailOf(world, 'vm1', since)).toEqual(['+app']);
  });
});
