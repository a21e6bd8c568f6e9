import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { conditionOf, GrantStage, NAMESPACE, RG1, SUB } from '../support/kinds/grants.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

let cluster: Cluster;
let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new GrantStage(cluster, world);
  await stage.prepare();
});

const LATE = `${RG1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/late`;
const CONDITION = { expression: "@Resource[a:b] StringEquals 'c'", version: '2.0' } as const;

/** The older grant waits for its identity's object; the younger names the same principal by its id, with a condition. */
async function takenByTheOlder(): Promise<string> {
  world.azure.control.createIdentity({ name: 'late', resourceGroup: 'rg1' });
  const principal =
    world.azure.control.identities().find(({ id }) => id.toLowerCase() === LATE.toLowerCase())?.principalId ??
    '';
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name: NAMESPACE },
    spec: {
      namespaces: { names: [NAMESPACE] },
      identities: { scopes: [RG1] },
      adoption: { identityIds: [LATE] },
      defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope' },
      grants: [{ roles: ['Reader'], scopes: [SUB], principals: { ids: [principal] } }],
    },
  });
  await stage.declare('older', { principal: { identityRef: { name: 'late' } } });
  await delay(1_100); // creationTimestamp has whole seconds.
  await stage.declare('younger', {
    principal: { id: principal, type: 'ServicePrincipal' },
    condition: CONDITION,
  });
  await world.start();
  await stage.ready('younger');
  // Until it is known to act it is looked at anyway.
  await world.pass(11 * 60_000);
  await stage.identity('late', { adoption: 'Adopt' });
  await stage.ready('older');
  // The assignment has no condition any more.
  expect((await stage.assignments(principal)).map(({ properties }) => properties.condition)).toEqual([null]);
  return principal;
}

it('whoever is asked to reconcile says that another has it with another condition', async () => {
  await takenByTheOlder();
  await stage.lookNow('younger');
  await stage.stalled('younger', 'ConflictingGrant');
});

it('whoever is Ready says so by itself, within a resync, when azid changes what it has for another', async () => {
  await takenByTheOlder();
  await world.pass(25 * 60_000);
  const object = await stage.get('younger');
  expect(object && conditionOf(object, 'Ready')).toMatchObject({
    status: 'False',
    reason: 'ConflictingGrant',
  });
});
