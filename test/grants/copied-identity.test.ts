import { expect, it } from 'vitest';
import { GrantStage, WEB } from '../support/kinds/grants.ts';
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

/** An administrator moves by hand: exports a template with its tags, deploys it to a group that no policy allows, deletes the old one. */
it('a copy of an identity, tags and all, is granted nothing: azid did not make it, nobody adopted it, and no policy allows an identity there', async () => {
  await world.start();
  await stage.declare('read');
  await stage.ready('read');
  await world.pass(60_000);
  const { control } = world.azure;
  const own = control.identities({}).find(({ id }) => id.toLowerCase() === WEB.toLowerCase());
  const copy = control.createIdentity({ name: 'web', resourceGroup: 'rg2', tags: { ...own?.tags } });
  control.deleteIdentity({ id: WEB });
  const before = world.azure.requests().length;
  await world.pass(25 * 60_000);
  const puts = world.azure
    .requests(before)
    .filter(
      ({ caller, method, path }) =>
        caller === 'controller' && method === 'PUT' && /roleAssignments/i.test(path),
    )
    .map(
      ({ body }) => (body as { properties?: { principalId?: string } } | undefined)?.properties?.principalId,
    );
  expect(puts).not.toContain(copy.principalId);
  // It is granted to the one that azid made in its place.
  const remade = control.identities({}).find(({ id }) => id.toLowerCase() === WEB.toLowerCase());
  expect(puts).toContain(remade?.principalId);
});
