import { expect, it } from 'vitest';
import { useStage } from '../support/stage.ts';
import { CLAIMED, DELETING, HOUR, Orphans } from './orphan-stage.ts';

/** What is in the way of one deletion, and what azid cannot see from where it stands. */

const stage = useStage();
const orphans = new Orphans(stage);
const SWEEP = { ...DELETING, limits: { maxShare: 100 } } as const;
const OTHER = '22222222-2222-4333-8444-555555555555';

it('one deletion that Azure fails again and again keeps neither the others nor the end of the run', async () => {
  await orphans.begin(2);
  await orphans.orphan('lost-a', 'lost-b', 'lost-c');
  for (const name of ['lost-a', 'lost-b'])
    stage.world.azure.control.addFault({
      method: 'DELETE',
      pathPattern: `/${name}(\\?|$)`,
      effect: { kind: 'status', status: 500, code: 'InternalServerError', message: 'no' },
    });
  await orphans.sweep(SWEEP);
  await orphans.run();
  await stage.world.pass(CLAIMED);
  await orphans.until('the third to be gone', () => !orphans.identities().includes('lost-c'));
  const seen = await orphans.run();
  expect(orphans.candidate(seen, stage.id('lost-a'))).toMatchObject({ verdict: 'Kept' });
  expect(orphans.candidate(seen, stage.id('lost-a'))?.message).toContain('InternalServerError');
  stage.world.azure.control.clearFaults({});
  await stage.world.pass(HOUR);
  await orphans.until('all to be gone', ({ status }) => status?.candidatesTotal === 0);
});

it('a right that somebody else gave in a subscription that azid may read, but never looks at, keeps an identity', async () => {
  stage.world.addSubscription(OTHER);
  await orphans.begin(2);
  await orphans.orphan('lost');
  const { control } = stage.world.azure;
  const scope = `/subscriptions/${OTHER}/resourceGroups/rg1`;
  control.grant({ principalId: stage.inAzure('lost')?.principalId ?? '', role: 'Reader', scope });
  control.settle();
  await orphans.sweep(SWEEP);
  await orphans.run();
  await stage.world.pass(CLAIMED);
  const seen = await orphans.run();
  expect(orphans.candidate(seen, stage.id('lost'))).toMatchObject({ verdict: 'Kept' });
  expect(orphans.candidate(seen, stage.id('lost'))?.message).toContain(OTHER);
  expect(orphans.identities()).toContain('lost');
});

it('where azid may not read all resources, no identity is taken for one that nothing uses', async () => {
  const { world } = stage;
  await orphans.begin(2);
  await orphans.orphan('lost');
  const { control } = world.azure;
  await orphans.allow(['azid orphans']);
  const identity = { type: 'UserAssigned', userAssignedIdentities: { [stage.id('lost')]: {} } } as const;
  control.createHost({ name: 'vm1', resourceGroup: 'rg1', identity });
  control.settle();
  await orphans.sweep(SWEEP);
  await orphans.run();
  await world.pass(CLAIMED);
  const seen = await orphans.run();
  expect(orphans.candidate(seen, stage.id('lost'))?.message).toContain('Reader');
  expect(orphans.identities()).toContain('lost');
});
