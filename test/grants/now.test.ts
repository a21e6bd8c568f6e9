import { describe, expect, it } from 'vitest';
import { conditionOf, GrantStage, RG1, SUB } from '../support/kinds/grants.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * Ready is about now (docs/guarantees.md G26): each thing a grant rests on goes or changes, and the object says so after a
 * request, and by itself within a resync.
 */

let cluster: Cluster;
let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new GrantStage(cluster, world);
  await stage.prepare();
});

const control = () => world.azure.control;
const RESYNC = 11 * 60_000;
const reasonOf = (object: Awaited<ReturnType<GrantStage['lookNow']>>) => conditionOf(object, 'Ready')?.reason;

/** Somebody changes something behind everybody's back; no event tells azid. */
interface Change {
  readonly what: string;
  /** How the object reads then. */
  readonly says: string;
  prepare?(): Promise<void> | void;
  declare?(): Promise<unknown>;
  readonly readyBefore?: string;
  change(): Promise<unknown> | unknown;
  /** How long it may take by itself; roles are listed every hour. */
  readonly withinMs?: number;
}

const scope = `${SUB}/resourceGroups/rg3`;
let foreign = '';
let role = '';

const changes: readonly Change[] = [
  {
    what: 'the assignment of somebody else that satisfied it',
    async prepare() {
      const principalId = await stage.principal();
      foreign = control().grant({ principalId, role: 'Reader', scope: RG1 }).id;
    },
    readyBefore: 'ExistsUnmanaged',
    change: () => stage.arm('DELETE', foreign),
    says: 'Granted',
  },
  {
    what: 'its own assignment',
    change: async () => stage.arm('DELETE', (await stage.get('read'))?.status?.assignmentId ?? ''),
    says: 'Granted',
  },
  {
    what: 'the name of its role',
    async prepare() {
      const actions = ['Microsoft.Resources/subscriptions/resourceGroups/read'];
      role = control().defineRole({ roleName: 'Ours', actions }).id.slice(-36);
      await stage.policy([{ roles: [role], scopes: [SUB] }]);
    },
    declare: () => stage.declare('read', { role: { name: 'Ours' } }),
    change: () => {
      const properties = {
        roleName: 'Theirs',
        type: 'CustomRole',
        assignableScopes: ['/'],
        permissions: [{ actions: ['*/read'] }],
      };
      return stage.arm('PUT', `${SUB}/providers/Microsoft.Authorization/roleDefinitions/${role}`, {
        properties,
      });
    },
    says: 'RoleNotFound',
    withinMs: 70 * 60_000,
  },
  {
    what: 'its scope',
    prepare: () => void control().createResourceGroup({ name: 'rg3' }),
    declare: () => stage.declare('read', { scope }),
    change: () => control().deleteResourceGroup({ name: 'rg3' }),
    says: 'ScopeNotFound',
  },
  {
    what: 'the policy that allows it',
    change: () => stage.policy([{ roles: ['Owner'], scopes: [SUB] }]),
    says: 'PolicyDenied',
  },
];

describe.each(changes)(
  '$what goes or changes',
  ({ prepare, declare, readyBefore, change, says, withinMs }) => {
    const arrange = async () => {
      await world.start();
      await prepare?.();
      await (declare?.() ?? stage.declare('read'));
      await stage.ready('read', readyBefore);
      // What was read when it was made is of then.
      await world.pass(60_000);
    };
    const writes = (since: number) => stage.writes(since).filter((each) => each.startsWith('PUT 2'));

    it('and the object says so after a request', async () => {
      await arrange();
      const since = stage.mark;
      await change();
      expect(reasonOf(await stage.lookNow('read'))).toBe(says);
      expect(writes(since)).toHaveLength(says === 'Granted' ? 1 : 0);
    });

    it('and by itself within a resync', async () => {
      await arrange();
      const since = stage.mark;
      await change();
      await world.pass(withinMs ?? RESYNC);
      await stage.reach('read', says, (each) => reasonOf(each) === says);
      expect(writes(since)).toHaveLength(says === 'Granted' ? 1 : 0);
    });
  },
);

it('its identity goes: the grant says so after a request, and follows the one that is made in its place', async () => {
  await world.start();
  await stage.declare('read');
  await stage.ready('read');
  const before = await stage.principal();
  await world.pass(60_000);
  const [since, id] = [world.clock.monotonic(), (await stage.getIdentity('web'))?.status?.id ?? ''];
  control().deleteIdentity({ id });
  await stage.lookNow('read');
  const { status } = await stage.ready('read', 'Granted', (each) => each.status?.principalId !== before);
  expect(status?.principalId).toBe(await stage.principal());
  // Long before any list.
  expect(world.clock.monotonic() - since).toBeLessThan(RESYNC / 2);
});

it('an end says which assignment still gives the role, and no longer once that went', async () => {
  await world.start();
  const principalId = await stage.principal();
  const { id } = control().grant({ principalId, role: 'Reader', scope: RG1 });
  const expiresAt = new Date(world.clock.now() + 120_000).toISOString();
  await stage.declare('read', { expiresAt });
  await stage.ready('read', 'ExistsUnmanaged');
  await world.pass(180_000);
  expect(await stage.stalled('read', 'Expired')).toContain(id);
  expect(await stage.arm('DELETE', id)).toBe(200);
  expect(conditionOf(await stage.lookNow('read'), 'Ready')?.message).not.toContain('still gives');
});

it('an older grant that Azure refuses keeps nobody from an equal one without its condition', async () => {
  await world.start();
  await stage.principal();
  await stage.declare('older', { condition: { expression: '1 == 2', version: '2.0' } });
  await stage.reach('older', 'refused', (each) => conditionOf(each, 'Stalled') !== undefined);
  await stage.declare('younger');
  await stage.ready('younger');
  await world.pass(RESYNC);
  await stage.ready('younger');
  expect(
    (await stage.assignments(await stage.principal())).map(({ properties }) => properties.condition),
  ).toEqual([null]);
  await stage.delete('younger');
  await stage.gone('younger');
  expect(await stage.assignments(await stage.principal())).toEqual([]);
});
