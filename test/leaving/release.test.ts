import { afterEach, describe, expect, it } from 'vitest';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { type ConfigMap, configMaps } from '../../src/kube/builtin.ts';
import { type ReleaseOptions, release } from '../../src/leaving/release.ts';
import { LEFT_BEHIND_CONFIG_MAP } from '../../src/reconcilers/own-config-maps.ts';
import { Estate } from '../support/kinds/estate.ts';
import { RG1 } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** `azid release`: one object goes whose deletion hangs, and what stays in Azure is on record. */

let cluster: Cluster;
let world: World;
let estate: Estate;
let tests = 0;
useWorld(async (ground) => {
  ({ cluster, world } = ground);
  estate = new Estate(cluster, world, `release-${++tests}`);
  await world.start({ leaseName: 'azid-controller' });
  await estate.stage.prepare();
  await estate.stage.reach(() => estate.stage.userIdentity('app'), 'app to be Ready', ready);
});
afterEach(() => cluster.delete(configMaps, RECORD));

const RECORD = `azid-system/${LEFT_BEHIND_CONFIG_MAP}`;
const APP = `${RG1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`.replace(
  'resourceGroups',
  'resourcegroups',
);
const OPTIONS: ReleaseOptions = { timeoutMs: 120_000, withoutController: false, confirm: async () => true };
const ready = ({
  status,
}: {
  status?: { conditions?: readonly { type: string; status: string }[] | undefined };
}) => status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false;

const releaseApp = (options: Partial<ReleaseOptions> = {}) =>
  estate.outcome(
    release({ kind: 'uai', key: `${estate.stage.namespace}/app` }, estate.deps(), { ...OPTIONS, ...options }),
  );
const deleteApp = () => cluster.delete(userAssignedIdentity.resource, `${estate.stage.namespace}/app`);
async function recorded(): Promise<readonly unknown[]> {
  const map = await cluster.get<ConfigMap>(configMaps, RECORD);
  return Object.values(map?.data ?? {}).map((text) => JSON.parse(text));
}

describe('azid release', () => {
  it('has the controller let go of what Azure refuses', async () => {
    world.azure.control.lock({ scope: RG1, level: 'CanNotDelete' });
    await deleteApp();
    expect(await releaseApp()).toMatchObject({ azure: [APP] });
    expect(await estate.stage.userIdentity('app')).toBeUndefined();
    expect(await recorded()).toMatchObject([{ kind: 'UserAssignedIdentity', azure: [APP] }]);
    expect(estate.inAzure().identities).toHaveLength(1);
  });

  it('takes the finalizer off itself where the controller is gone', async () => {
    const [operator] = world.operators;
    if (operator) await world.kill(operator);
    await deleteApp();
    expect(await releaseApp()).toMatchObject({ azure: [APP] });
    expect(await estate.stage.userIdentity('app')).toBeUndefined();
    expect(await recorded()).toMatchObject([{ azure: [APP], why: 'released with azid release' }]);
  });

  it('never does so behind a controller that works', async () => {
    world.azure.control.lock({ scope: RG1, level: 'CanNotDelete' });
    await deleteApp();
    await expect(releaseApp({ withoutController: true })).rejects.toThrow(
      /works: leave --without-controller out/,
    );
    expect(await estate.stage.userIdentity('app')).toBeDefined();
  });

  it('refuses what is not being deleted, and what does not exist', async () => {
    await expect(releaseApp()).rejects.toThrow('is not being deleted');
    const other = { kind: 'UserAssignedIdentity', key: `${estate.stage.namespace}/none` };
    await expect(estate.outcome(release(other, estate.deps(), OPTIONS))).rejects.toThrow('does not');
    await expect(
      estate.outcome(release({ kind: 'pod', key: 'a/b' }, estate.deps(), OPTIONS)),
    ).rejects.toThrow('expected a kind of azid');
    await expect(
      estate.outcome(release({ kind: 'grant', key: 'read' }, estate.deps(), OPTIONS)),
    ).rejects.toThrow('as namespace/name, got "read"');
  });

  it('does nothing that was not confirmed', async () => {
    world.azure.control.lock({ scope: RG1, level: 'CanNotDelete' });
    await deleteApp();
    let asked: readonly string[] = [];
    const confirm = async (ids: readonly string[]) => {
      asked = ids;
      return false;
    };
    expect(await releaseApp({ confirm })).toBeUndefined();
    expect(asked).toEqual([APP]);
    expect(await recorded()).toEqual([]);
  });
});
