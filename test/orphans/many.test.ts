import { expect, it } from 'vitest';
import { MAKERS, ownerMarks } from '../../src/azure/names/identity-marks.ts';
import { isFull } from '../../src/runtime/volume.fixture.ts';
import { RG1, useStage } from '../support/stage.ts';
import { DELETING, HOUR, Orphans } from './orphan-stage.ts';

/**
 * Many orphans among many more that live: all of them are found, and they go within the limits. `AZID_ORPHANS=500 AZID_LIVING=4500` is
 * the size that was asked for; it takes some minutes.
 */
// Fewer would not tell a status for each pass from one for each deletion.
const ORPHANS = Number(process.env.AZID_ORPHANS ?? 50);
const LIVING = Number(process.env.AZID_LIVING ?? (isFull ? 450 : 150));
const PER_RUN = Math.max(20, ORPHANS / 10);

const stage = useStage();
const orphans = new Orphans(stage);
const uid = (at: number) => `00000000-0000-4000-8000-${at.toString(16).padStart(12, '0')}`;

it(`finds ${ORPHANS} orphans among ${ORPHANS + LIVING}, and deletes at most ${PER_RUN} in a run`, {
  timeout: 1_200_000,
}, async () => {
  let statuses = 0;
  await orphans.begin(1, {
    interceptKube: (request, next) => {
      if (request.method === 'PATCH' && /orphansweeps\/[^/]+\/status/.test(request.path)) statuses += 1;
      return next(request);
    },
  });
  const installationId = stage.inAzure('lives-0')?.tags['azid-installation'] ?? '';
  const { control } = stage.world.azure;
  const made = { [MAKERS]: stage.inAzure('lives-0')?.tags[MAKERS] ?? '' };
  const make = (name: string, at: number) =>
    control.createIdentity({
      name,
      resourceGroup: 'rg1',
      tags: { ...ownerMarks({ installationId, namespace: stage.namespace, name, uid: uid(at) }), ...made },
    });
  for (let at = 0; at < ORPHANS; at++) make(`lost-${at}`, at);
  // Kept by deletionPolicy: Retain, another installation's, or somebody's: each lives in its own way.
  for (let at = 0; at < LIVING; at++) {
    const name = `other-${at}`;
    const owner = { installationId, namespace: stage.namespace, name, uid: uid(100_000 + at) };
    const foreign = { ...owner, installationId: '99999999-2222-4333-8444-555555555555' };
    const tags =
      at % 3 === 0
        ? { 'azid-installation': installationId, 'azid-retained': `${stage.namespace}/${name}` }
        : ownerMarks(at % 3 === 1 ? foreign : owner);
    const { principalId } = control.createIdentity({ name, resourceGroup: 'rg1', tags: { ...tags } });
    // Marked for an object that is gone, and used by somebody.
    if (at % 3 === 2) control.grant({ principalId, role: 'Reader', scope: RG1 });
  }
  control.settle();
  await stage.world.pass(15 * 60_000);
  const limits = { deletionsPerRun: PER_RUN, maxShare: 100 };
  const mark = stage.mark;
  await orphans.sweep({ ...DELETING, limits });
  const first = await orphans.run();
  const listed = first.status?.candidates?.filter(({ verdict }) => verdict === 'Waiting') ?? [];
  expect(listed.length).toBe(Math.min(ORPHANS, listed.length + 1_000));
  expect(first.status?.candidatesTotal).toBe(ORPHANS + Math.floor(LIVING / 3));
  const lost = () => orphans.identities().filter((name) => name.startsWith('lost-')).length;
  for (let steps = 0; lost() > 0 && steps < 300; steps++) await stage.world.pass(HOUR / 12);
  expect(lost()).toBe(0);
  expect(orphans.identities().filter((name) => name.startsWith('other-'))).toHaveLength(LIVING);
  const { status } = (await orphans.get()) ?? {};
  // Each has all candidates in it: not one for each deletion.
  const runs = Math.ceil(ORPHANS / PER_RUN) + 2;
  expect(statuses).toBeLessThanOrEqual(ORPHANS / 10 + 8 * runs);
  for (const { deleted } of status?.history ?? []) expect(deleted).toBeLessThanOrEqual(PER_RUN);
  expect(stage.writes(mark).filter((each) => each.startsWith('DELETE lost-'))).toHaveLength(ORPHANS);
  expect((await orphans.records()).length).toBe(ORPHANS);
});
