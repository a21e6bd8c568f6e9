import { describe, expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { GrantStage, NAMESPACE } from '../support/kinds/grants.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** The end of a RoleGrant whose status was lost while no azid ran, as by a restore. */

let cluster: Cluster;
let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new GrantStage(cluster, world);
  await stage.prepare();
});

describe('a grant whose status was lost, and that goes, takes its assignment along', () => {
  const lost = () => cluster.patch(roleGrant.resource, `${NAMESPACE}/read`, { status: null }, 'status');

  it('control: with Azure well', async () => {
    const principal = await stage.grantedAndAway();
    await lost();
    await stage.delete('read');
    await world.start();
    await stage.gone('read');
    expect(await stage.assignments(principal)).toEqual([]);
  });

  it('while Azure does not show the identity for a moment', async () => {
    const principal = await stage.grantedAndAway();
    await lost();
    await stage.delete('read');
    stage.refuseReads('/userAssignedIdentities', 6);
    await world.start();
    await stage.gone('read');
    expect(await stage.assignments(principal)).toEqual([]);
  });

  it('though a policy was narrowed meanwhile', async () => {
    const principal = await stage.grantedAndAway();
    await lost();
    await stage.delete('read');
    await stage.policy([
      { roles: ['Reader'], scopes: ['/subscriptions/22222222-2222-4333-8444-555555555555'] },
    ]);
    await world.start();
    await stage.gone('read');
    expect(await stage.assignments(principal)).toEqual([]);
  });
});
