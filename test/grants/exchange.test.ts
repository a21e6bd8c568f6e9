import { expect, it } from 'vitest';
import { GrantStage, RG1, SUB } from '../support/kinds/grants.ts';
import type { World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ world } = own);
  stage = new GrantStage(own.cluster, world);
  await stage.prepare();
});

const condition = (value: string) => ({
  expression: `@Resource[a:b] StringEquals '${value}'`,
  version: '2.0' as const,
});

it('grants with different conditions that exchange their scopes wait for nobody: equal grants share an assignment', async () => {
  await stage.declare('one', { scope: RG1, condition: condition('one') });
  await stage.declare('two', { scope: SUB, condition: condition('two') });
  await world.start();
  await stage.ready('one');
  await stage.ready('two');
  const begun = world.clock.monotonic();
  await Promise.all([
    stage.declare('one', { scope: SUB, condition: condition('one') }),
    stage.declare('two', { scope: RG1, condition: condition('two') }),
  ]);
  const principal = await stage.principal();
  const found = async () =>
    (await stage.assignments(principal))
      .map(({ properties }) => `${properties.scope} ${properties.condition}`)
      .toSorted();
  const wanted = [`${SUB} ${condition('one').expression}`, `${RG1} ${condition('two').expression}`];
  await world.until('the exchange', async () => (await found()).join() === wanted.join());
  await stage.ready('one');
  await stage.ready('two');
  expect(world.clock.monotonic() - begun).toBeLessThan(60_000);
});
