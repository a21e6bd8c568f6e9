import { expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { HostStage, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** Two teams declare the same resource's own identity: it stays on while one of them is left, and so does what it was given. */

let cluster: Cluster;
let world: World;
useWorld(async (own) => {
  ({ cluster, world } = own);
});

it('only with the last team goes what azid left on the identity, and the identity', async () => {
  const teams = ['team-a', 'team-b'].map((namespace) => new HostStage(cluster, world, namespace));
  const [a, b] = teams as [HostStage, HostStage];
  for (const team of teams) await team.prepare();
  await world.start();
  a.createVm('vm1');
  for (const team of teams) {
    await team.system('vm1', { deletionPolicy: 'Delete' });
    await team.systemReady('vm1');
  }
  await b.grantSystem('vm1', { deletionPolicy: 'Retain' });
  const { status } = await b.granted('vm1');
  await cluster.delete(roleGrant.resource, `${b.namespace}/vm1`);
  await b.gone(() => b.grant('vm1'), 'the grant that is retained');
  const retained = () => world.azure.control.assignments().some(({ id }) => id === status?.assignmentId);
  const before = a.host(vmId('vm1'));

  await a.deleteSystem('vm1');
  await a.gone(() => a.systemIdentity('vm1'), 'the object of team-a');
  await world.pass(60_000);
  expect(retained()).toBe(true);
  expect(a.host(vmId('vm1'))).toEqual(before);

  await b.deleteSystem('vm1');
  await b.gone(() => b.systemIdentity('vm1'), 'the object of team-b');
  expect(retained()).toBe(false);
  expect(a.host(vmId('vm1'))).not.toEqual(before);
});
