import { describe, expect, it } from 'vitest';
import { RG2, useStage } from '../support/stage.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** Presence is a fact, absence a suspicion (docs/architecture.md section 2): a list alone makes nothing and deletes nothing. */
const stage = useStage();
const RESYNC = 11 * 60_000;
const NAMES = ['a-one', 'b-two', 'c-three', 'd-four', 'e-five'];

async function five(): Promise<void> {
  await Promise.all(NAMES.map((name) => stage.declare(name)));
  for (const name of NAMES) await stage.ready(name);
  // Past Azure's lag, so that the next list must show them.
  await stage.settled(60_000);
}

const principals = () => NAMES.map((name) => stage.inAzure(name)?.principalId);
const completeness = () => stage.world.operators[0]?.caches?.identities.completeness(SUBSCRIPTION);
const complete = () =>
  stage.world.until('the mirror to be complete', () => completeness()?.state === 'complete');
const partial = () =>
  stage.world.until('the mirror to be partial', () => completeness()?.state === 'partial');

describe('a list that fails on its second page', () => {
  it('changes nothing, and counts again when it is whole', async () => {
    const { control } = stage.world.azure;
    control.setKnobs({ paging: { pageSize: 2 } });
    await stage.world.start();
    await five();
    await complete();
    const [before, made] = [stage.mark, principals()];
    control.addFault({ path: '$skiptoken', effect: { kind: 'status', status: 500 } });
    await partial();
    await stage.world.pass(2 * RESYNC);
    expect(stage.writes(before)).toEqual([]);
    expect(principals()).toEqual(made);
    control.clearFaults({});
    await complete();
    for (const name of NAMES) await stage.ready(name);
    expect(stage.writes(before)).toEqual([]);
  });

  it('from the first list on keeps no object from being reconciled', async () => {
    const { control } = stage.world.azure;
    control.setKnobs({ paging: { pageSize: 2 } });
    await stage.world.stop(await stage.world.start());
    const first = await stage.world.start();
    await five();
    await stage.world.stop(first);
    const [before, made] = [stage.mark, principals()];
    control.addFault({ path: '$skiptoken', effect: { kind: 'status', status: 500 } });
    await stage.world.start();
    await stage.world.pass(RESYNC);
    for (const name of NAMES) await stage.ready(name);
    expect(completeness()?.state).toBe('partial');
    expect(stage.writes(before)).toEqual([]);
    expect(principals()).toEqual(made);
    await stage.declare('b-two', { tags: { app: 'shop' } });
    await stage.ready('b-two');
    expect(stage.writes(before)).toEqual(['PATCH b-two']);
  });
});

describe('a list that is short for lack of rights', () => {
  it('makes nothing and deletes nothing, differs from an empty one, and recovers', async () => {
    await stage.world.start();
    await five();
    await complete();
    const [before, made] = [stage.mark, principals()];
    // The role now reaches only the other group: lists answer 200 and hold nothing.
    stage.world.moveRights(RG2);
    await partial();
    await stage.stalled('a-one', 'AuthorizationFailed');
    await stage.world.pass(2 * RESYNC);
    expect(stage.writes(before)).toEqual([]);
    expect(principals()).toEqual(made);
    stage.world.giveRights();
    for (const name of NAMES) await stage.ready(name);
    await complete();
    expect(stage.writes(before)).toEqual([]);
  });
});

describe('a list that lags, in an Azure as it is', () => {
  it('makes nothing twice and deletes nothing', async () => {
    const { control } = stage.world.azure;
    control.usePreset({ preset: 'honest' });
    control.setKnobs({ propagation: { listLagMs: 90_000, readAfterWriteMs: 5_000 } });
    await stage.world.start({ azureLagMs: 120_000 });
    await Promise.all(NAMES.map((name) => stage.declare(name)));
    for (const name of NAMES) await stage.ready(name);
    await stage.world.pass(2 * RESYNC);
    for (const name of NAMES) await stage.ready(name);
    expect(stage.writes().sort()).toEqual(NAMES.map((name) => `PUT ${name}`));
  });

  it('shows an older state after a change: the change stays', async () => {
    const { control } = stage.world.azure;
    control.setKnobs({ propagation: { listLagMs: 90_000 } });
    const operator = await stage.world.start({ azureLagMs: 120_000 });
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    await stage.world.pass(RESYNC);
    const before = stage.mark;
    await stage.declare('web', { tags: { app: 'store' } });
    await stage.ready('web');
    operator.caches?.identities.resyncNow(SUBSCRIPTION);
    await stage.world.pass(RESYNC);
    expect(stage.inAzure('web')?.tags.app).toBe('store');
    expect(stage.writes(before)).toEqual(['PATCH web']);
  });

  it('after a deletion brings nothing back', async () => {
    stage.world.azure.control.setKnobs({ propagation: { listLagMs: 90_000 } });
    const operator = await stage.world.start({ azureLagMs: 120_000 });
    await stage.declare('web');
    await stage.declare('other');
    await stage.ready('web');
    await stage.ready('other');
    await stage.world.pass(RESYNC);
    const before = stage.mark;
    await stage.delete('web');
    await stage.gone('web');
    operator.caches?.identities.resyncNow(SUBSCRIPTION);
    await stage.world.pass(RESYNC);
    expect(stage.writes(before)).toEqual(['DELETE web']);
    expect(stage.inAzure('web')).toBeUndefined();
  });
});
