import { describe, expect, it } from 'vitest';
import { useStage } from '../support/stage.ts';
import { history, WAYS } from './ways.ts';

/**
 * Whoever else works in the subscription does so by templates, SDKs and plain calls. azid's answer follows from what Azure shows
 * afterwards, not from the way; who did it stands in the Activity Log. `az` does the same in `test/clients/az-and-azid.test.ts`.
 */
const stage = useStage();
const azure = () => stage.world.azure;
const log = () => history(azure(), stage.id('web'));

describe.each(WAYS)('someone else, by $name', (way) => {
  it('makes an identity: azid does not take it over, and writes nothing', async () => {
    await way.put(azure(), 'web', { by: 'hand' });
    const made = stage.inAzure('web');
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    expect(await stage.stalled('web', 'AlreadyExists')).toContain(stage.id('web'));
    expect(stage.writes()).toEqual([]);
    expect(stage.inAzure('web')).toEqual(made);
    expect(await log()).toEqual(['write by someone else']);
    // When its maker takes it away, the object gets one of its own.
    await way.delete(azure(), 'web');
    const { status } = await stage.ready('web');
    expect(status?.principalId).not.toBe(made?.principalId);
    expect(await log()).toEqual(['write by someone else', 'delete by someone else', 'write by azid']);
  });

  it('changes one of azid’s: tags and marks come back, the principal and tags of others stay', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    const { metadata, status } = await stage.ready('web');
    await stage.settled(60_000);
    const before = stage.mark;
    await way.put(azure(), 'web', { app: 'other', CostCenter: '42' });
    expect(stage.inAzure('web')?.tags).toEqual({ app: 'other', CostCenter: '42' });
    await stage.world.until('the drift to be repaired', () => stage.inAzure('web')?.tags.app === 'shop');
    await stage.settled(60_000);
    expect(stage.inAzure('web')).toMatchObject({
      principalId: status?.principalId,
      tags: { app: 'shop', CostCenter: '42', 'azid-owner-uid': metadata.uid },
    });
    expect(new Set(stage.writes(before))).toEqual(new Set(['PATCH web']));
    expect((await log()).slice(0, 3)).toEqual(['write by azid', 'write by someone else', 'write by azid']);
  });

  it('deletes one of azid’s: it is made again, and the object says that its principal is new', async () => {
    await stage.world.start();
    await stage.declare('web', { tags: { app: 'shop' } });
    const { status } = await stage.ready('web');
    await stage.settled(60_000);
    const before = stage.mark;
    await way.delete(azure(), 'web');
    expect(stage.inAzure('web')).toBeUndefined();
    const again = await stage.ready('web', (object) => object.status?.principalId !== status?.principalId);
    expect(stage.writes(before)).toEqual(['PUT web']);
    expect(again.status?.principalId).toBe(stage.inAzure('web')?.principalId);
    expect(await stage.event('web', 'Recreated')).toContain('new principal');
    expect(await log()).toEqual(['write by azid', 'delete by someone else', 'write by azid']);
  });
});
