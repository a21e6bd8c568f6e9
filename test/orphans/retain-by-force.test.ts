import { describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { configMaps } from '../../src/kube/builtin.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { RETAINED_CONFIG_MAP } from '../../src/reconcilers/own-config-maps.ts';
import { useStage } from '../support/stage.ts';
import { CLAIMED, DELETING, HOUR, Orphans } from './orphan-stage.ts';
import { theirs } from './theirs.ts';

/** Objects that say `deletionPolicy: Retain` and never come to their deletion: what they have stays, whatever sweeps. */

const stage = useStage();
const orphans = new Orphans(stage);
const SWEEP = { ...DELETING, limits: { maxShare: 100 } } as const;
const KINDS = [roleGrant, federatedIdentityCredential, userAssignedIdentity];
const NAMESPACE = 'force';

/** All of these go by force while azid is away, which would do its part otherwise. */
async function strip(...names: readonly string[]): Promise<void> {
  for (const operator of stage.world.operators) await stage.world.stop(operator);
  for (const name of names)
    for (const { resource } of KINDS)
      await orphans.strip(resource as Resource<KubeObject>, `${NAMESPACE}/${name}`);
  await stage.world.start();
}

/** What azid has on record of what is kept: ids. */
async function onRecord(): Promise<readonly string[]> {
  const maps = await stage.cluster.list(configMaps);
  return maps
    .filter(({ metadata: { name } }) => name.startsWith(`${RETAINED_CONFIG_MAP}-`))
    .flatMap(({ data = {} }) => Object.values(data))
    .map((text) => text.split(' ')[2] ?? '')
    .map((id) => id.split('/').at(-2) ?? '')
    .sort();
}

const ALL = ['federatedidentitycredentials', 'roleassignments', 'userassignedidentities'];

describe('what says Retain', () => {
  it('stays when its object goes by force; what says Delete goes, and what said Retain until it was edited', async () => {
    await orphans.begin(4);
    await stage.world.pass(11 * 60_000);
    const kept = await theirs(stage.cluster, stage, 'kept', 'Retain', NAMESPACE);
    const lost = await theirs(stage.cluster, stage, 'lost', 'Delete', NAMESPACE);
    const edited = await theirs(stage.cluster, stage, 'edited', 'Retain', NAMESPACE);
    const late = await theirs(stage.cluster, stage, 'late', 'Delete', NAMESPACE);
    const all = [kept, lost, edited, late];
    await stage.world.until('all to be there', () => all.every((each) => each.isComplete()));
    await stage.world.pass(60_000);
    expect(await onRecord()).toEqual([...ALL, ...ALL].sort());
    await orphans.sweep(SWEEP);
    await orphans.run();
    await orphans.credentialsOnRecord();
    const mark = stage.mark;
    for (const [name, deletionPolicy] of [
      ['edited', 'Delete'],
      ['late', 'Retain'],
    ] as const)
      for (const { resource } of KINDS)
        await stage.cluster.patch(resource as Resource<KubeObject>, `${NAMESPACE}/${name}`, {
          spec: { deletionPolicy },
        });
    await stage.world.pass(60_000);
    // What is said is put on record, and taken off it, without a write to Azure.
    expect(await onRecord()).toEqual([...ALL, ...ALL].sort());
    expect(stage.writes(mark).filter((each) => !each.includes('azid-controller'))).toEqual([]);
    await strip('kept', 'lost', 'edited', 'late');
    await stage.world.pass(CLAIMED);
    await orphans.until('the orphans to be gone', () =>
      orphans.identities().every((name) => name !== 'lost' && name !== 'edited'),
    );
    await stage.world.pass(3 * HOUR);
    expect(kept.isComplete()).toBe(true);
    expect(late.isComplete()).toBe(true);
    expect((await orphans.run()).status?.candidatesTotal).toBe(0);
  });

  it('is not made before that is on record, and is as soon as it can be written', async () => {
    let isRefused = true;
    await orphans.begin(0, {
      interceptKube: (request, next) => {
        if (isRefused && request.method !== 'GET' && request.path.includes(RETAINED_CONFIG_MAP))
          throw new KubeError('no', { status: 403, reason: 'Forbidden' });
        if (isRefused && request.method === 'POST' && /\/azid-system\/configmaps/.test(request.path))
          throw new KubeError('no', { status: 403, reason: 'Forbidden' });
        return Promise.resolve(next(request));
      },
    });
    const kept = await theirs(stage.cluster, stage, 'kept', 'Retain', NAMESPACE);
    const { resource } = userAssignedIdentity;
    await stage.world.until('the object to say why', async () => {
      const { status } = (await stage.cluster.get(resource, `${NAMESPACE}/kept`)) ?? {};
      return status?.conditions?.some(({ message }) => message?.includes(RETAINED_CONFIG_MAP)) === true;
    });
    expect(orphans.identities()).toEqual([]);
    isRefused = false;
    await stage.world.until('all to be there', () => kept.isComplete(), 900_000);
    expect(await onRecord()).toEqual(ALL);
  });
});
