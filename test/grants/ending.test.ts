import { describe, expect, it } from 'vitest';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { conditionOf, GrantStage, NAMESPACE, RG1, SUB, WEB } from '../support/kinds/grants.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

let cluster: Cluster;
let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new GrantStage(cluster, world);
  await stage.prepare();
});

const at = (ms: number) => new Date(world.clock.now() + ms).toISOString().replace(/\.\d+Z$/, 'Z');
const identityGone = (name = 'web') =>
  world.until(`identity ${name} to be gone`, async () => (await stage.getIdentity(name)) === undefined);
/** azid's writes of anything in Azure, as `DELETE roleassignments`. */
const deletions = () =>
  world.azure
    .requests()
    .filter(({ caller, method }) => caller === 'controller' && method === 'DELETE')
    .map(({ path }) => path.split('?')[0]?.split('/').at(-2)?.toLowerCase());

describe('expiry', () => {
  it('takes the grant at its time, for good', async () => {
    await stage.declare('read', { expiresAt: at(20 * 60_000) });
    await world.start();
    await stage.ready('read');
    const principal = await stage.principal();
    await world.pass(19 * 60_000);
    expect(await stage.assignments(principal)).toHaveLength(1);
    await world.pass(2 * 60_000);
    await stage.stalled('read', 'Expired');
    expect(await stage.assignments(principal)).toEqual([]);
    const { mark } = stage;
    await world.pass(35 * 60_000);
    expect(stage.writes(mark)).toEqual([]);
    await stage.declare('read', { expiresAt: at(60 * 60_000) });
    await stage.ready('read');
  });

  it('while the controller is down is made up for at its start', async () => {
    await stage.declare('read', { expiresAt: at(5 * 60_000) });
    const first = await world.start();
    await stage.ready('read');
    const principal = await stage.principal();
    await world.kill(first);
    await world.pass(10 * 60_000);
    expect(await stage.assignments(principal)).toHaveLength(1);
    await world.start();
    await stage.stalled('read', 'Expired');
    expect(await stage.assignments(principal)).toEqual([]);
  });

  it('in the past is stalled without a write', async () => {
    await stage.declare('read', { expiresAt: at(-60_000) });
    await world.start();
    await stage.stalled('read', 'Expired');
    expect(stage.writes()).toEqual([]);
  });
});

describe('deletion', () => {
  it('of grant and identity at once: the grant goes first', async () => {
    await stage.declare('read');
    await world.start();
    await stage.ready('read');
    await stage.deleteIdentity('web');
    await stage.delete('read');
    await stage.gone('read');
    await identityGone();
    expect(deletions()).toEqual(['roleassignments', 'userassignedidentities']);
  });

  it('of the identity alone waits for what refers to it, by name, and goes on as soon as that is gone', async () => {
    await stage.declare('read');
    await world.start();
    await stage.ready('read');
    await stage.deleteIdentity('web');
    await world.until('the identity to say what it waits for', async () => {
      const ready = (await stage.getIdentity('web'))?.status?.conditions?.find(
        ({ type }) => type === 'Ready',
      );
      return ready?.reason === 'InUse' && ready.message.includes('RoleGrant team-a/read');
    });
    expect(deletions()).toEqual([]);
    await stage.delete('read');
    await identityGone();
    expect(deletions()).toEqual(['roleassignments', 'userassignedidentities']);
  });

  it('works with the policy gone first, and then nothing holds the identity', async () => {
    await stage.declare('read');
    await stage.declare('other', { scope: SUB });
    await world.start();
    await stage.ready('read');
    await stage.ready('other');
    const principal = await stage.principal();
    await cluster.delete(identityPolicy.resource, NAMESPACE);
    await stage.stalled('other', 'PolicyDenied');
    expect(await stage.assignments(principal)).toHaveLength(2);
    await stage.delete('read');
    await stage.gone('read');
    await stage.deleteIdentity('web');
    await identityGone();
    // What the denied grant still had went with its principal: taking back needs no permission.
    await stage.reach('other', 'without a ledger', (each) => (each.status?.ledger?.length ?? 0) === 0);
    expect(await stage.assignments(principal)).toEqual([]);
    await stage.stalled('other', 'PolicyDenied');
    await stage.delete('other');
    await stage.gone('other');
  });

  it('takes along what nobody owns any more', async () => {
    await stage.declare('read', { deletionPolicy: 'Retain' });
    await world.start();
    await stage.ready('read');
    const principal = await stage.principal();
    const { id } = world.azure.control.grant({ principalId: principal, role: 'Contributor', scope: RG1 });
    await stage.delete('read');
    await stage.gone('read');
    expect(await stage.assignments(principal)).toHaveLength(2);
    await stage.deleteIdentity('web');
    await identityGone();
    expect(deletions()).toEqual(['roleassignments', 'userassignedidentities']);
    expect((await stage.assignments(principal)).map((each) => each.id)).toEqual([id]);
  });

  it('of an identity that was let go: its grants wait, and the assignments of the dead principal go', async () => {
    await stage.declare('read');
    await world.start();
    const { status } = await stage.ready('read');
    const principal = await stage.principal();
    await stage.deleteIdentity('web');
    await cluster.patch(userAssignedIdentity.resource, `${NAMESPACE}/web`, {
      metadata: { annotations: { 'azid.dev/release': 'true' } },
    });
    await world.pass(60_000);
    await identityGone();
    const waiting = await stage.reach(
      'read',
      'waiting',
      (each) => conditionOf(each, 'Ready')?.reason === 'DependencyNotReady',
    );
    // The identity lives on in Azure: nothing is taken from it by mistake.
    expect(waiting.status?.ledger).toEqual([status?.assignmentId]);
    expect(await stage.assignments(principal)).toHaveLength(1);
    world.azure.control.deleteIdentity({ id: WEB });
    await world.pass(40 * 60_000);
    await stage.reach('read', 'without a ledger', (each) => (each.status?.ledger?.length ?? 0) === 0);
    expect(await stage.assignments(principal)).toEqual([]);
  });

  it('under a scope that is gone ends, whatever Azure answers to a DELETE there', async () => {
    world.azure.control.createResourceGroup({ name: 'rg3' });
    await stage.declare('read', { scope: `${SUB}/resourceGroups/rg3` });
    await world.start();
    await stage.ready('read');
    world.azure.control.deleteResourceGroup({ name: 'rg3' });
    await stage.delete('read');
    await stage.gone('read');
  });

  it('that Azure refuses is bounded, and says what stays', async () => {
    await stage.declare('read');
    await world.start({ releaseAfterMs: 30 * 60_000 });
    await stage.ready('read');
    world.azure.control.lock({ scope: SUB, level: 'CanNotDelete' });
    await stage.delete('read');
    await stage.reach('read', 'held', (each) => conditionOf(each, 'Ready')?.reason === 'ScopeLocked');
    await world.pass(31 * 60_000);
    await stage.gone('read');
  });
});
