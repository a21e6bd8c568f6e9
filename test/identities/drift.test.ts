import { describe, expect, it } from 'vitest';
import { FINALIZER } from '../../src/api/schema/common.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { configMaps } from '../../src/kube/builtin.ts';
import { useStage } from '../support/stage.ts';

/** Nothing tells azid of these changes: its resync alone must find and mend them (docs/guarantees.md G1). */
const stage = useStage();
const RESYNC = 11 * 60_000;

async function settledIdentity(spec = {}): Promise<UserAssignedIdentity> {
  await stage.world.start();
  await stage.declare('web', { tags: { app: 'shop' }, ...spec });
  const object = await stage.ready('web');
  await stage.settled(60_000);
  return object;
}

describe('the resync alone', () => {
  it('makes an identity again that somebody deleted, and says so', async () => {
    const { status } = await settledIdentity({ output: { configMap: { name: 'web-id' } } });
    const before = stage.mark;
    stage.world.azure.control.deleteIdentity({ id: stage.id('web') });
    const again = await stage.ready('web', (object) => object.status?.principalId !== status?.principalId);
    expect(stage.writes(before)).toEqual(['PUT web']);
    expect(again.status?.principalId).toBe(stage.inAzure('web')?.principalId);
    expect((await stage.configMap('web-id'))?.data).toMatchObject({ principalId: again.status?.principalId });
    expect(await stage.event('web', 'Recreated')).toContain('new principal');
  });

  it('notices a recycled identity: same ARM id, new principal', async () => {
    const { status } = await settledIdentity({ output: { configMap: { name: 'web-id' } } });
    const before = stage.mark;
    const recycled = stage.world.azure.control.recycleIdentity({ id: stage.id('web') });
    const now = await stage.ready('web', (object) => object.status?.principalId === recycled.principalId);
    expect(now.status).toMatchObject({ id: status?.id, clientId: recycled.clientId });
    expect(stage.writes(before)).toEqual([]);
    const note = await stage.event('web', 'IdentityRecycled');
    expect(note).toContain(recycled.principalId);
    expect(note).toContain(status?.principalId);
    expect((await stage.configMap('web-id'))?.data).toMatchObject({
      principalId: recycled.principalId,
      clientId: recycled.clientId,
    });
  });

  it('refuses an identity that somebody else made anew under the name', async () => {
    await settledIdentity();
    const { control } = stage.world.azure;
    control.deleteIdentity({ id: stage.id('web') });
    const stranger = control.createIdentity({ name: 'web', resourceGroup: 'rg1', tags: { by: 'hand' } });
    const before = stage.mark;
    await stage.stalled('web', 'AlreadyExists');
    expect(stage.writes(before)).toEqual([]);
    expect(stage.inAzure('web')).toMatchObject({ principalId: stranger.principalId, tags: { by: 'hand' } });
  });

  it('puts a changed tag back and keeps those of others', async () => {
    await settledIdentity();
    const before = stage.mark;
    const { tags = {} } = stage.inAzure('web') ?? {};
    stage.world.azure.control.tagIdentity({
      id: stage.id('web'),
      tags: { ...tags, app: 'x', CostCenter: '42' },
    });
    await stage.world.until('the tag to be back', () => stage.inAzure('web')?.tags.app === 'shop');
    expect(stage.inAzure('web')?.tags.CostCenter).toBe('42');
    expect(stage.writes(before)).toEqual(['PATCH web']);
  });

  it('puts stripped marks back on the principal it made', async () => {
    const { metadata } = await settledIdentity();
    stage.world.azure.control.tagIdentity({ id: stage.id('web'), tags: { CostCenter: '42' } });
    await stage.event('web', 'MarksRestored');
    expect(stage.inAzure('web')?.tags).toMatchObject({
      'azid-owner-uid': metadata.uid,
      CostCenter: '42',
      app: 'shop',
    });
  });

  it('puts the isolation scope back', async () => {
    await settledIdentity({ isolationScope: 'Regional' });
    const path = `${stage.id('web')}?api-version=2024-11-30`;
    const body = { properties: { isolationScope: 'None' } };
    await stage.world.azure.control.arm({ method: 'PATCH', path, body });
    await stage.world.until('Regional again', () => stage.inAzure('web')?.isolationScope === 'Regional');
  });

  it('changes nothing and writes nothing when there is no drift', async () => {
    await settledIdentity();
    const before = stage.mark;
    await stage.world.pass(3 * RESYNC);
    expect(stage.requests(before).length).toBeGreaterThan(0);
    expect(stage.writes(before)).toEqual([]);
  });
});

describe('what a restore or another tool does to the object', () => {
  it('status wiped: coordinates come back from the mark, nothing is made again', async () => {
    const { status } = await settledIdentity();
    await stage.policy(stage.namespace, {
      defaults: {
        subscriptionId: stage.world.azure.subscriptionId,
        resourceGroup: 'rg2',
        location: 'northeurope',
      },
    });
    await stage.settled(30_000);
    const before = stage.mark;
    await stage.cluster.patch(
      userAssignedIdentity.resource,
      `${stage.namespace}/web`,
      { status: null },
      'status',
    );
    // Nobody asks: azid's own status writes do not enqueue it, those of others do.
    const restored = await stage.ready('web', (object) => object.status?.id === status?.id);
    expect(restored.status).toMatchObject({
      principalId: status?.principalId,
      coordinates: status?.coordinates,
    });
    expect(stage.writes(before)).toEqual([]);
  });

  it('a sync with Replace=true strips the finalizer: it comes back', async () => {
    await settledIdentity();
    const before = stage.mark;
    await stage.cluster.patch(userAssignedIdentity.resource, `${stage.namespace}/web`, {
      metadata: { finalizers: null, annotations: null },
    });
    await stage.ready('web', ({ metadata }) => metadata.finalizers?.includes(FINALIZER) ?? false);
    expect(stage.writes(before)).toEqual([]);
  });

  it('made again under its name without azid seeing it: the identity is its own, back again', async () => {
    const { status } = await settledIdentity();
    const [operator] = stage.world.operators;
    if (operator) await stage.world.kill(operator);
    await stage.cluster.patch(userAssignedIdentity.resource, `${stage.namespace}/web`, {
      metadata: { finalizers: null },
    });
    await stage.delete('web');
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.world.start();
    const { status: now, metadata } = await stage.ready('web');
    expect(now?.principalId).toBe(status?.principalId);
    expect(stage.inAzure('web')?.tags['azid-owner-uid']).toBe(metadata.uid);
  });
});

describe('marks that are stripped while no azid runs', () => {
  const records = async () => {
    const maps = await stage.cluster.list(configMaps);
    const kept = maps.filter(({ metadata }) => metadata.labels?.['azid.dev/record'] === 'principals');
    return Object.assign({}, ...kept.map(({ data }) => data)) as Record<string, string>;
  };

  async function stopped(): Promise<UserAssignedIdentity> {
    const operator = await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    const object = await stage.ready('web');
    await stage.world.kill(operator);
    return object;
  }

  it('are put back by the next one, which never saw them, on the very principal that azid made', async () => {
    const { metadata } = await stopped();
    stage.world.azure.control.tagIdentity({ id: stage.id('web'), tags: { CostCenter: '42' } });
    const before = stage.mark;
    await stage.world.start();
    await stage.event('web', 'MarksRestored');
    expect(stage.inAzure('web')?.tags).toMatchObject({ 'azid-owner-uid': metadata.uid, CostCenter: '42' });
    expect(stage.writes(before)).toEqual(['PATCH web']);
  });

  it('are not put on another principal, whatever the status says of it', async () => {
    await stopped();
    const { control } = stage.world.azure;
    control.deleteIdentity({ id: stage.id('web') });
    const { principalId, clientId } = control.createIdentity({ name: 'web', resourceGroup: 'rg1' });
    await stage.cluster.patch(
      userAssignedIdentity.resource,
      `${stage.namespace}/web`,
      { status: { principalId, clientId } },
      'status',
    );
    const before = stage.mark;
    await stage.world.start();
    await stage.stalled('web', 'AlreadyExists');
    expect(stage.writes(before)).toEqual([]);
  });

  it('are on record by the uid of the object, for as long as it lives', async () => {
    const { metadata } = await stopped();
    const principalId = stage.inAzure('web')?.principalId ?? 'none';
    expect((await records())[metadata.uid]?.split(' ')[0]).toBe(principalId);
    await stage.cluster.patch(userAssignedIdentity.resource, `${stage.namespace}/web`, {
      metadata: { finalizers: null },
    });
    await stage.delete('web');
    await stage.world.start();
    expect(await records()).toEqual({});
  });

  it('stay off where the record is of another installation', async () => {
    const { metadata } = await stopped();
    const [digit] = metadata.uid;
    const principalId = stage.inAzure('web')?.principalId;
    await stage.cluster.patch(configMaps, `azid-system/azid-principals-${digit}`, {
      data: { [metadata.uid]: `${principalId} 00000000-0000-4000-8000-000000000000` },
    });
    stage.world.azure.control.tagIdentity({ id: stage.id('web'), tags: {} });
    await stage.world.start();
    expect(await stage.stalled('web', 'AlreadyExists')).toContain('spec.adoption: Adopt');
  });
});
