import { describe, expect, it } from 'vitest';
import { configMaps } from '../../src/kube/builtin.ts';
import { useStage } from '../support/stage.ts';

const stage = useStage();
const to = (name: string) => ({ output: { configMap: { name } } });

function foreignMap(name: string) {
  const metadata = { name, namespace: stage.namespace };
  return stage.cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { mine: 'yes' } });
}

describe('spec.output.configMap', () => {
  it('gives pods the ids, in a ConfigMap that goes with the object', async () => {
    await stage.world.start();
    await stage.declare('web', to('web-id'));
    const { status, metadata } = await stage.ready('web');
    const map = await stage.configMap('web-id');
    const { id, clientId, principalId, tenantId } = status ?? {};
    expect(map?.data).toEqual({ id, clientId, principalId, tenantId });
    expect(map?.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid, controller: true }]);
    await stage.delete('web');
    await stage.gone('web');
    expect(await stage.configMap('web-id')).toBeUndefined();
  });

  it('touches no ConfigMap that somebody else made, and goes on when that one is gone', async () => {
    await foreignMap('web-id');
    await stage.world.start();
    await stage.declare('web', to('web-id'));
    const message = await stage.stalled('web', 'OutputConflict');
    expect(message).toContain('spec.output.configMap.name');
    expect((await stage.configMap('web-id'))?.data).toEqual({ mine: 'yes' });
    await stage.cluster.delete(configMaps, `${stage.namespace}/web-id`);
    await stage.ready('web');
    expect((await stage.configMap('web-id'))?.data).toHaveProperty('clientId');
  });

  it('moves when it is renamed, and goes when it is left out', async () => {
    await stage.world.start();
    await stage.declare('web', to('one'));
    await stage.ready('web');
    await stage.declare('web', to('two'));
    await stage.ready('web');
    expect(await stage.configMap('one')).toBeUndefined();
    expect(await stage.configMap('two')).toBeDefined();
    await stage.declare('web');
    await stage.ready('web');
    expect(await stage.configMap('two')).toBeUndefined();
  });

  it('is written again after somebody edited or deleted it', async () => {
    await stage.world.start();
    await stage.declare('web', to('web-id'));
    const { status } = await stage.ready('web');
    const key = `${stage.namespace}/web-id`;
    await stage.cluster.patch(configMaps, key, { data: { clientId: 'forged', extra: 'x' } });
    const data = async () => (await stage.configMap('web-id'))?.data;
    await stage.world.until(
      'the edit to be undone',
      async () => (await data())?.clientId === status?.clientId,
    );
    await stage.cluster.delete(configMaps, key);
    await stage.world.until('the ConfigMap to be back', async () => (await data())?.clientId !== undefined);
    expect(stage.writes()).toEqual(['PUT web']);
  });

  it('of a second object with the same name is a conflict that leaves the first alone', async () => {
    await stage.world.start();
    await stage.declare('web', to('shared'));
    const { status } = await stage.ready('web');
    await stage.declare('api', to('shared'));
    await stage.stalled('api', 'OutputConflict');
    expect((await stage.configMap('shared'))?.data?.clientId).toBe(status?.clientId);
  });
});
