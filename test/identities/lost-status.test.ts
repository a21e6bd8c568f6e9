import { describe, expect, it } from 'vitest';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { RG1, RG2, useStage } from '../support/stage.ts';
import { conditionOf } from '../support/status/conformance.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

/** A status that was emptied, as a restore does, while a policy's defaults have changed since. */
const stage = useStage();

async function emptied(): Promise<string | undefined> {
  const first = await stage.world.start();
  await stage.declare('web');
  const { status } = await stage.ready('web');
  await stage.settled(60_000);
  await stage.world.stop(first);
  await stage.cluster.patch(
    userAssignedIdentity.resource,
    `${stage.namespace}/web`,
    { status: null },
    'status',
  );
  return status?.principalId;
}
const moved = () =>
  stage.policy(stage.namespace, {
    identities: { scopes: [`/subscriptions/${SUBSCRIPTION}`] },
    defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg2', location: 'westeurope' },
  });

it('makes no second identity: the record and a list give the coordinates back', async () => {
  const principalId = await emptied();
  await moved();
  await stage.world.start();
  await stage.settled(60_000);
  expect(stage.inAzure('web', RG2)).toBeUndefined();
  const { status } = await stage.ready('web');
  expect(status?.principalId).toBe(principalId);
  expect(status?.coordinates?.resourceGroup).toBe('rg1');
});

it('a deletion takes the identity along, where a list shows it', async () => {
  await emptied();
  await moved();
  await stage.delete('web');
  await stage.world.start();
  await stage.gone('web');
  expect(stage.inAzure('web', RG1)).toBeUndefined();
  expect((await stage.events('web')).map(({ reason }) => reason)).not.toContain('LeftBehind');
});

it('nor is it left where no policy gives defaults any more', async () => {
  await emptied();
  await stage.policy(stage.namespace, { defaults: { subscriptionId: SUBSCRIPTION } });
  await stage.delete('web');
  await stage.world.start();
  await stage.gone('web');
  expect(stage.inAzure('web', RG1)).toBeUndefined();
});

it('nor is a second one made for an object that a backup brought back under another uid, to an azid that has just started', async () => {
  const principalId = await emptied();
  await moved();
  const key = `${stage.namespace}/web`;
  await stage.cluster.patch(userAssignedIdentity.resource, key, { metadata: { finalizers: null } });
  await stage.delete('web');
  await stage.declare('web');
  await stage.world.start();
  await stage.settled(60_000);
  expect(stage.inAzure('web', RG2)).toBeUndefined();
  expect((await stage.get('web'))?.status?.principalId).toBe(principalId);
});

describe('in a subscription that no policy names any more', () => {
  const elsewhere = '22222222-2222-4333-8444-555555555555';
  const movedAway = () => {
    stage.world.addSubscription(elsewhere);
    return stage.policy(stage.namespace, {
      identities: { scopes: [`/subscriptions/${elsewhere}`] },
      defaults: { subscriptionId: elsewhere, resourceGroup: 'rg1', location: 'westeurope' },
    });
  };

  it('makes no second identity, says what is on record, and finds it as soon as a policy names the subscription', async () => {
    const principalId = await emptied();
    await movedAway();
    const before = stage.mark;
    await stage.world.start();
    expect(await stage.stalled('web', 'IdentityNotFound')).toContain(`principal ${principalId}`);
    expect(stage.writes(before)).toEqual([]);
    await moved();
    const { status } = await stage.ready('web');
    expect(status?.principalId).toBe(principalId);
  });

  it('a deletion says what it leaves', async () => {
    const principalId = await emptied();
    await movedAway();
    await stage.delete('web');
    await stage.world.start();
    await stage.gone('web');
    expect(await stage.event('web', 'LeftBehind')).toContain(`principal ${principalId}`);
    expect(stage.inAzure('web', RG1)).toBeDefined();
  });
});

describe('is searched for in a list that is complete:', () => {
  it('while azid may not read its group nothing is made, nor reported as gone', async () => {
    const principalId = await emptied();
    await moved();
    stage.world.moveRights(RG2);
    const before = stage.mark;
    await stage.world.start();
    await stage.world.until('the wait to be told', async () =>
      /on record.*may leave it out/.test(
        conditionOf((await stage.get('web')) ?? ({} as never), 'Ready')?.message ?? '',
      ),
    );
    await stage.settled(60_000);
    expect(stage.writes(before)).toEqual([]);
    stage.world.giveRights();
    const { status } = await stage.ready('web');
    expect(status?.principalId).toBe(principalId);
  });

  it('a deletion waits for it', async () => {
    await emptied();
    await moved();
    await stage.delete('web');
    stage.world.moveRights(RG2);
    await stage.world.start();
    await stage.settled(60_000);
    const object = await stage.get('web');
    expect(object && conditionOf(object, 'DeletionBlocked')?.reason).toBe('IdentityNotFound');
    stage.world.giveRights();
    await stage.gone('web');
    expect(stage.inAzure('web', RG1)).toBeUndefined();
  });
});

it('a new object is made its identity though the list fails; what the list then shows of an earlier one is reported', async () => {
  const { control } = stage.world.azure;
  const path = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  control.addFault({ path, effect: { kind: 'status', status: 503 } });
  await stage.world.start();
  await stage.declare('web');
  expect((await stage.ready('web')).status?.coordinates?.resourceGroup).toBe('rg1');
  const tags = { ...stage.inAzure('web')?.tags, 'azid-owner-uid': 'earlier' };
  const left = control.createIdentity({ name: 'web', resourceGroup: 'rg2', tags });
  const told = (status: 'True' | 'False') =>
    stage.reach(
      'web',
      'done',
      `reporting a second identity: ${status}`,
      (object) => conditionOf(object, 'SecondIdentity')?.status === status,
    );
  const before = stage.mark;
  control.clearFaults({});
  await stage.settled(15 * 60_000);
  expect(conditionOf(await told('True'), 'SecondIdentity')?.message).toContain(left.id);
  control.deleteIdentity({ id: left.id });
  await stage.settled(15 * 60_000);
  await told('False');
  expect(stage.writes(before)).toEqual([]);
});
