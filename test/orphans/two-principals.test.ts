import { afterAll, beforeAll, expect, it } from 'vitest';
import { MAKERS } from '../../src/azure/names/identity-marks.ts';
import { loadKubeEndpoint } from '../../src/kube/access/config.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { tokenCredential } from '../../src/simulator/sdk.fixture.ts';
import { useStage } from '../support/stage.ts';
import { CALM_LEASE, Cluster, SUBSCRIPTION } from '../support/testbed.ts';
import { CLAIMED, DELETING, HOUR, Orphans } from './orphan-stage.ts';
import { theirs } from './theirs.ts';

/**
 * Two clusters with one installation id, whose azid sign in as different identities: neither sees the other's claim, and each lacks the
 * other's objects.
 */

const SHARED = '77777777-2222-4333-8444-555555555555';
const stage = useStage();
const orphans = new Orphans(stage);
let second: Cluster;
beforeAll(async () => {
  second = await Cluster.start();
});
afterAll(() => second?.stop());

/** The azid of the second cluster, with rights and an identity of its own. */
async function startSecond() {
  const { world } = stage;
  const { control } = world.azure;
  const own = control.createIdentity({ name: 'azid-second', resourceGroup: 'azid-system' });
  control.nameCaller({ objectId: own.principalId, name: 'second' });
  for (const role of ['Owner', 'Reader'])
    control.grant({ principalId: own.principalId, role, scope: `/subscriptions/${SUBSCRIPTION}` });
  control.settle();
  const operator = await world.start({
    endpoint: loadKubeEndpoint({ clock: systemClock, kubeconfig: second.plane.kubeconfigPath }),
    credential: await tokenCredential(world.azure, 'second'),
    installationId: SHARED,
    takeOver: true,
    leaseName: 'azid-second',
    leaseTimes: CALM_LEASE,
  });
  return { operator, principalId: own.principalId };
}

/** With two controllers at work an hour of the fake clock takes a while: no single wait is to be long. */
async function passed(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= HOUR / 4) await stage.world.pass(Math.min(left, HOUR / 4));
}

it('of whom neither sees the other: what the other one made is listed and stays, until a person says whose it was', {
  timeout: 900_000,
}, async () => {
  await orphans.begin(4, { installationId: SHARED, takeOver: true });
  await orphans.sweep({ ...DELETING, limits: { maxShare: 100 } });
  await orphans.run();
  await orphans.credentialsOnRecord();
  const { operator, principalId } = await startSecond();
  const there = await theirs(second, stage, 'there');
  await stage.world.until('the other cluster to have all', () => there.isComplete());
  expect(stage.inAzure('there')?.tags[MAKERS]).toBe(principalId);
  await orphans.orphan('lost');
  const mark = stage.mark;
  await orphans.run();
  await passed(CLAIMED);
  await orphans.until('the orphan to be gone', () => !orphans.identities().includes('lost'));
  await passed(HOUR);
  expect(there.isComplete()).toBe(true);
  const listed = (await orphans.run()).status?.candidates ?? [];
  expect(listed.map(({ type, verdict }) => `${type} ${verdict}`)).toContain('Identity Kept');
  for (const { message } of listed) expect(message).toMatch(/which is not azid's own|hang/);
  expect(stage.writes(mark).filter((each) => each.startsWith('DELETE'))).toEqual(['DELETE lost']);
  // It is left for good, and a person says so.
  await stage.world.stop(operator);
  await orphans.sweep({ ...DELETING, limits: { maxShare: 100 }, formerPrincipalIds: [principalId] });
  await passed(1.5 * HOUR);
  await orphans.until('all of it to be gone', () => !there.isComplete());
});
