import { describe, expect, it } from 'vitest';
import { RG1, useStage } from '../support/stage.ts';

const stage = useStage();

/** An identity somebody made by hand, as the simulator spells it. */
function foreign(name: string) {
  return stage.world.azure.control.createIdentity({ name, resourceGroup: 'rg1', tags: { CostCenter: '42' } });
}
const adoptable = (name: string) => ({ adoption: { identityIds: [stage.id(name)] } });

describe('an identity that azid did not make', () => {
  it('is not taken over silently', async () => {
    const { tags, principalId } = foreign('web');
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    const message = await stage.stalled('web', 'AlreadyExists');
    expect(message).toContain(stage.id('web'));
    expect(message).toContain('spec.adoption: Adopt');
    expect(stage.writes()).toEqual([]);
    expect(stage.inAzure('web')).toMatchObject({ tags, principalId });
  });

  it('is not adopted when only the object asks for it', async () => {
    foreign('web');
    await stage.world.start();
    await stage.declare('web', { adoption: 'Adopt' });
    expect(await stage.stalled('web', 'AdoptionDenied')).toContain('adoption.identityIds');
    expect(stage.writes()).toEqual([]);
  });

  it('is not adopted when only a policy allows it', async () => {
    foreign('web');
    await stage.policy(stage.namespace, adoptable('web'));
    await stage.world.start();
    await stage.declare('web');
    await stage.stalled('web', 'AlreadyExists');
    expect(stage.writes()).toEqual([]);
  });

  it('is adopted when both say so, and keeps its principal and its tags', async () => {
    const { principalId } = foreign('web');
    await stage.policy(stage.namespace, adoptable('web'));
    await stage.world.start();
    await stage.declare('web', { adoption: 'Adopt', tags: { app: 'shop' } });
    const { status, metadata } = await stage.ready('web');
    expect(status?.principalId).toBe(principalId);
    expect(stage.writes()).toEqual(['PATCH web']);
    expect(stage.inAzure('web')?.tags).toMatchObject({
      CostCenter: '42',
      app: 'shop',
      'azid-owner-uid': metadata.uid,
    });
    expect(await stage.event('web', 'Adopted')).toContain(`policy ${stage.namespace}`);
  });

  it('is adopted as soon as the policy says so', async () => {
    foreign('web');
    await stage.world.start();
    await stage.declare('web', { adoption: 'Adopt' });
    await stage.stalled('web', 'AdoptionDenied');
    await stage.policy(stage.namespace, adoptable('web'));
    await stage.ready('web');
  });

  it('survives the deletion of an object that never got it', async () => {
    const { principalId, tags } = foreign('web');
    await stage.world.start();
    await stage.declare('web');
    await stage.stalled('web', 'AlreadyExists');
    await stage.delete('web');
    await stage.gone('web');
    expect(stage.inAzure('web')).toMatchObject({ principalId, tags });
    expect(stage.writes()).toEqual([]);
  });

  it('becomes free for the object when its maker removes it', async () => {
    const { id } = foreign('web');
    await stage.world.start();
    await stage.declare('web');
    await stage.stalled('web', 'AlreadyExists');
    stage.world.azure.control.deleteIdentity({ id });
    await stage.ready('web');
  });

  it('and that appears between the read and the PUT gets its tags back as far as they are known', async () => {
    await stage.world.start({
      interceptArm: async (request, next) => {
        if (request.method === 'PUT' && !stage.inAzure('web')) foreign('web');
        return next();
      },
    });
    await stage.declare('web', { tags: { app: 'shop' } });
    await stage.stalled('web', 'AlreadyExists');
    const tags = stage.inAzure('web')?.tags ?? {};
    expect(Object.keys(tags).filter((name) => name.startsWith('azid-') || name === 'app')).toEqual([]);
    expect(stage.writes()).toEqual(['PUT web', 'PATCH web']);
  });
});

describe('azid itself', () => {
  it('is out of reach: an object that names its identity is refused, adoption or not', async () => {
    const group = RG1.replace('rg1', 'azid-system');
    const before = stage.inAzure('azid-controller', group);
    await stage.policy(stage.namespace, {
      identities: { scopes: [group] },
      adoption: { identityIds: [stage.id('azid-controller', group)] },
    });
    await stage.world.start();
    await stage.declare('azid-controller', { resourceGroup: 'azid-system', adoption: 'Adopt' });
    expect(await stage.stalled('azid-controller', 'ReservedIdentity')).toContain("azid's own");
    await stage.delete('azid-controller');
    await stage.gone('azid-controller');
    expect(stage.inAzure('azid-controller', group)).toEqual(before);
    expect(stage.writes()).toEqual([]);
  });
});

describe('two objects for one identity', () => {
  it('the second is refused, naming the first, and takes over when the first lets go', async () => {
    await stage.world.start();
    await stage.declare('first', { name: 'shared' });
    await stage.ready('first');
    const before = stage.mark;
    await stage.declare('second', { name: 'Shared' });
    expect(await stage.stalled('second', 'OwnedByAnother')).toContain(`${stage.namespace}/first`);
    expect(stage.writes(before)).toEqual([]);
    await stage.delete('first');
    await stage.gone('first');
    const { metadata } = await stage.ready('second');
    expect(stage.inAzure('shared')?.tags['azid-owner-uid']).toBe(metadata.uid);
  });

  it('the second deletes nothing when it goes first', async () => {
    await stage.world.start();
    await stage.declare('first', { name: 'shared' });
    const { status } = await stage.ready('first');
    await stage.declare('second', { name: 'shared' });
    await stage.stalled('second', 'OwnedByAnother');
    await stage.delete('second');
    await stage.gone('second');
    expect(stage.inAzure('shared')?.principalId).toBe(status?.principalId);
    expect(stage.writes()).toEqual(['PUT shared']);
  });

  it('of another installation are distinguished by their marks', async () => {
    const other = '0b8f4f0e-1d9c-4b7e-9a51-6a1f0f6f7c11';
    stage.world.azure.control.createIdentity({
      name: 'web',
      resourceGroup: 'rg1',
      tags: { 'azid-installation': other, 'azid-owner': `${stage.namespace}/web`, 'azid-owner-uid': 'x' },
    });
    await stage.policy(stage.namespace, adoptable('web'));
    await stage.world.start();
    await stage.declare('web', { adoption: 'Adopt' });
    expect(await stage.stalled('web', 'OwnedByAnotherInstallation')).toContain(other);
    expect(stage.writes()).toEqual([]);
  });
});
