import { describe, expect, it } from 'vitest';
import { FINALIZER } from '../../src/api/schema/common.ts';
import { Journal } from '../support/journal.ts';
import { useStage } from '../support/stage.ts';
import { SUBSCRIPTION } from '../support/testbed.ts';

const stage = useStage();

describe('an identity that is declared', () => {
  it('is made, and its status says what pods and grants need', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' }, isolationScope: 'Regional' });
    const { status } = await stage.ready('web');
    const made = stage.inAzure('web');
    expect(made).toMatchObject({ location: 'westeurope', isolationScope: 'Regional' });
    expect(made?.tags).toMatchObject({ app: 'shop', 'azid-owner': `${stage.namespace}/web` });
    expect(status).toMatchObject({
      id: made?.id,
      clientId: made?.clientId,
      principalId: made?.principalId,
      tenantId: stage.world.azure.tenantId,
      coordinates: {
        subscriptionId: SUBSCRIPTION,
        resourceGroup: 'rg1',
        location: 'westeurope',
        name: 'web',
      },
    });
    expect(stage.writes()).toEqual(['PUT web']);
    expect(await stage.event('web', 'Created')).toContain(`policy ${stage.namespace}`);
  });

  it('gets a condition, the finalizer and a stored intent before the PUT leaves', async () => {
    const journal = new Journal();
    await stage.world.start(journal);
    await stage.declare('web');
    await stage.ready('web');
    const object = 'userassignedidentities/web';
    const writes = journal.writes.filter((line) => line.includes('/web'));
    expect(writes.slice(0, 4)).toEqual([
      `kube PATCH ${object}/status`,
      `kube PATCH ${object}`,
      `kube PATCH ${object}/status`,
      'azure PUT userAssignedIdentities/web',
    ]);
    const bodies = journal.kubeWrites.map(({ request }) => JSON.stringify(request.body));
    expect(bodies.find((body) => body.includes(FINALIZER))).toBeDefined();
    expect(bodies.find((body) => body.includes('createStartedAt'))).toContain('"resourceGroup":"rg1"');
  });

  it('shows that azid has seen it while Azure has not answered yet', async () => {
    stage.world.azure.control.setKnobs({ latencyMs: { 'identities.createOrUpdate': 5_000 } });
    await stage.world.start();
    await stage.declare('web');
    await stage.reach('web', 'first', 'seen', ({ status }) => status?.createStartedAt !== undefined);
    await stage.ready('web');
  });

  it('takes its name from the object, or from spec.name where that cannot be one', async () => {
    await stage.world.start();
    await stage.declare('shop.example', { name: 'Shop_1' });
    const { status } = await stage.ready('shop.example');
    expect(stage.inAzure('Shop_1')?.principalId).toBe(status?.principalId);
  });
});

describe('a change', () => {
  it('of a tag is one PATCH that carries tags and nothing else', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop', tier: 'gold' } });
    await stage.ready('web');
    const before = stage.mark;
    await stage.declare('web', { tags: { app: 'store' } });
    await stage.ready('web');
    expect(stage.writes(before)).toEqual(['PATCH web']);
    const [patch] = stage.requests(before).filter(({ method }) => method === 'PATCH');
    expect(Object.keys(patch?.body as object)).toEqual(['tags']);
    expect(stage.inAzure('web')?.tags).toMatchObject({ app: 'store' });
    expect(stage.inAzure('web')?.tags).not.toHaveProperty('tier');
  });

  it('of the isolation scope leaves the tags out of the PATCH', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    const before = stage.mark;
    await stage.declare('web', { tags: { app: 'shop' }, isolationScope: 'Regional' });
    await stage.ready('web');
    const [patch] = stage.requests(before).filter(({ method }) => method === 'PATCH');
    expect(JSON.stringify(patch?.body)).toMatch(/^\{"properties":\{"isolationScope":"Regional"\}\}$/);
    expect(stage.inAzure('web')).toMatchObject({ isolationScope: 'Regional', tags: { app: 'shop' } });
  });

  it('keeps the tags of others and gives back a tag that azid stops setting', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.ready('web');
    const { tags = {} } = stage.inAzure('web') ?? {};
    stage.world.azure.control.tagIdentity({ id: stage.id('web'), tags: { ...tags, CostCenter: '42' } });
    await stage.declare('web', { tags: { team: 'a' } });
    await stage.ready('web');
    expect(stage.inAzure('web')?.tags).toMatchObject({ CostCenter: '42', team: 'a' });
    expect(stage.inAzure('web')?.tags).not.toHaveProperty('app');
  });

  it('of a policy default moves no identity that exists', async () => {
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    const before = stage.mark;
    await stage.policy(stage.namespace, {
      identities: { scopes: [`/subscriptions/${SUBSCRIPTION}`] },
      defaults: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg2', location: 'northeurope' },
    });
    await stage.settled(60_000);
    const { status } = await stage.ready('web');
    expect(status?.coordinates).toMatchObject({ resourceGroup: 'rg1', location: 'westeurope' });
    expect(stage.writes(before)).toEqual([]);
  });
});

describe('an identity whose object is deleted', () => {
  it('is deleted in Azure, then the object goes', async () => {
    await stage.world.start();
    await stage.declare('web');
    await stage.ready('web');
    const before = stage.mark;
    await stage.delete('web');
    await stage.gone('web');
    expect(stage.inAzure('web')).toBeUndefined();
    expect(stage.writes(before)).toEqual(['DELETE web']);
    expect(await stage.event('web', 'Deleted')).toContain('web');
  });

  it('with Retain stays, marked, with its principal and the tags of others', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' }, deletionPolicy: 'Retain' });
    const { status } = await stage.ready('web');
    await stage.delete('web');
    await stage.gone('web');
    const left = stage.inAzure('web');
    expect(left?.principalId).toBe(status?.principalId);
    expect(left?.tags).toMatchObject({ app: 'shop', 'azid-retained': `${stage.namespace}/web` });
    expect(left?.tags).not.toHaveProperty('azid-owner');
    expect(left?.tags).not.toHaveProperty('azid-owner-uid');
  });

  it('with Retain is taken back by an object of the same name, with the same principal', async () => {
    await stage.world.start();
    await stage.declare('web', { deletionPolicy: 'Retain' });
    const { status } = await stage.ready('web');
    await stage.delete('web');
    await stage.gone('web');
    const before = stage.mark;
    await stage.declare('web', { deletionPolicy: 'Retain' });
    const back = await stage.ready('web');
    expect(back.status?.principalId).toBe(status?.principalId);
    expect(stage.writes(before)).toEqual(['PATCH web']);
    expect(stage.inAzure('web')?.tags).toMatchObject({ 'azid-owner-uid': back.metadata.uid });
    expect(stage.inAzure('web')?.tags).not.toHaveProperty('azid-retained');
    expect(await stage.event('web', 'TakenBack')).toContain('web');
  });

  it('with Retain is not taken back where no policy allows it any more', async () => {
    await stage.world.start();
    await stage.declare('web', { deletionPolicy: 'Retain' });
    await stage.ready('web');
    await stage.delete('web');
    await stage.gone('web');
    await stage.policy(stage.namespace, {
      identities: { scopes: [`/subscriptions/${SUBSCRIPTION}/resourceGroups/rg2`] },
    });
    const before = stage.mark;
    await stage.declare('web');
    expect(await stage.stalled('web', 'PolicyDenied')).toContain('identities.scopes');
    expect(stage.writes(before)).toEqual([]);
  });

  it('with Retain needs adoption by an object of another name', async () => {
    await stage.world.start();
    await stage.declare('web', { deletionPolicy: 'Retain' });
    await stage.ready('web');
    await stage.delete('web');
    await stage.gone('web');
    const before = stage.mark;
    await stage.declare('heir', { name: 'web' });
    expect(await stage.stalled('heir', 'AlreadyExists')).toContain(`left by ${stage.namespace}/web`);
    expect(stage.writes(before)).toEqual([]);
  });
});
