import { describe, expect, it } from 'vitest';
import { useStage } from '../support/stage.ts';
import { until } from '../support/testbed.ts';

const stage = useStage({ cluster: { own: true } });

/** Real time passes while a frozen or absent API server is waited for; the fake clock must move with it. */
async function whileTimePasses<T>(work: Promise<T>): Promise<T> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  await stage.world.until('the API server', () => over, 120_000);
  return done;
}

describe('an API server', () => {
  it('that restarts is found again: edits made after it arrive', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    await whileTimePasses(stage.cluster.plane.restartApiServer());
    await stage.declare('web', { tags: { app: 'store' } });
    await stage.declare('api');
    await stage.ready('web', () => stage.inAzure('web')?.tags.app === 'store');
    await stage.ready('api');
    expect(stage.writes()).toEqual(['PUT web', 'PATCH web', 'PUT api']);
  });

  it('that is away while Azure changes costs nothing but time', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    await stage.settled(60_000);
    await whileTimePasses(stage.cluster.plane.stopApiServer());
    stage.world.azure.control.deleteIdentity({ id: stage.id('web') });
    await stage.world.elapse(15 * 60_000);
    await whileTimePasses(stage.cluster.plane.startApiServer());
    await stage.ready('web', ({ status }) => status?.principalId === stage.inAzure('web')?.principalId);
    expect(stage.requests().filter(({ status }) => status === 201)).toHaveLength(2);
  });

  it('that falls silent and comes back is noticed: no watch stays deaf', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    stage.cluster.plane.freeze();
    try {
      // Longer than a watch may be silent, so every watch is given up and opened again.
      await stage.world.elapse(5 * 60_000);
    } finally {
      stage.cluster.plane.resume();
    }
    await until('the API server to answer', async () => (await stage.get('web')) !== undefined);
    await stage.declare('web', { tags: { app: 'store' } });
    await stage.ready('web', () => stage.inAzure('web')?.tags.app === 'store');
  });
});

describe('an Azure', () => {
  const everything = { effect: { kind: 'reset', when: 'before' } } as const;

  it('that cannot be reached at the start is waited for, and the object says so', async () => {
    const { control } = stage.world.azure;
    control.addFault(everything);
    await stage.world.start();
    await stage.declare('web');
    await stage.reach('web', 'working', 'retrying', ({ status }) =>
      (status?.conditions ?? []).some(({ reason }) => reason === 'AzureUnreachable'),
    );
    await stage.world.elapse(10 * 60_000);
    control.clearFaults({});
    await stage.ready('web');
    expect(stage.writes()).toEqual(['PUT web']);
  });

  it('that goes away later leaves what is Ready as it is, and edits are made up for', async () => {
    const { control } = stage.world.azure;
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.declare('api');
    await stage.ready('web');
    await stage.ready('api');
    control.addFault(everything);
    await stage.declare('web', { tags: { app: 'store' } });
    await stage.world.elapse(30 * 60_000);
    await stage.ready('api');
    control.clearFaults({});
    await stage.ready('web', () => stage.inAzure('web')?.tags.app === 'store');
  });
});
