import { expect, it } from 'vitest';
import { type ClaimVerdict, decideClaim, type InstallationOptions } from './installation.ts';

const CLUSTER = '11111111-1111-4111-8111-111111111111';
const OTHER_CLUSTER = '22222222-2222-4222-8222-222222222222';
const KEPT = '33333333-3333-4333-8333-333333333333';
const WANTED = '44444444-4444-4444-8444-444444444444';
const claim = (clusterUid: string) => ({ installationId: KEPT, clusterUid });

const rows: {
  title: string;
  claim?: Record<string, string>;
  options?: Partial<InstallationOptions>;
  verdict: Partial<ClaimVerdict> & { type: ClaimVerdict['type'] };
}[] = [
  {
    title: 'a first start with an id writes it',
    options: { installationId: WANTED },
    verdict: { type: 'write', installationId: WANTED },
  },
  {
    title: 'a second start accepts it',
    claim: claim(CLUSTER),
    verdict: { type: 'accept', installationId: KEPT },
  },
  {
    title: 'the id in upper case is the same id',
    claim: claim(CLUSTER),
    options: { installationId: KEPT.toUpperCase() },
    verdict: { type: 'accept', installationId: KEPT },
  },
  {
    title: 'another id is refused',
    claim: claim(CLUSTER),
    options: { installationId: WANTED },
    verdict: { type: 'refuse' },
  },
  {
    title: 'another id is taken with the flag',
    claim: claim(CLUSTER),
    options: { installationId: WANTED, takeOver: true },
    verdict: { type: 'write', installationId: WANTED },
  },
  { title: 'a copy of another cluster is refused', claim: claim(OTHER_CLUSTER), verdict: { type: 'refuse' } },
  {
    title: 'a copy takes over with the flag, under the same id',
    claim: claim(OTHER_CLUSTER),
    options: { takeOver: true },
    verdict: { type: 'write', installationId: KEPT },
  },
  {
    title: 'what was handed over is refused',
    claim: { ...claim(CLUSTER), handedOverAt: '2026-11-29T12:00:00Z' },
    verdict: { type: 'refuse' },
  },
  {
    title: 'what was handed over is refused, whatever is to be taken over',
    claim: { ...claim(CLUSTER), handedOverAt: '2026-11-29T12:00:00Z' },
    options: { takeOver: true, installationId: WANTED },
    verdict: { type: 'refuse' },
  },
  {
    title: 'what is not all there yet is refused',
    claim: { ...claim(CLUSTER), importingSince: '2026-11-29T12:00:00Z' },
    options: { takeOver: true },
    verdict: { type: 'refuse' },
  },
  {
    title: 'what was imported is accepted',
    claim: { ...claim(CLUSTER), importedAt: '2026-11-29T12:00:00Z' },
    verdict: { type: 'accept', installationId: KEPT },
  },
  {
    title: 'the shard default writes that there are shards',
    claim: claim(CLUSTER),
    options: { shard: { name: 'default', leaseName: 'azid' } },
    verdict: { type: 'write', installationId: KEPT },
  },
  {
    title: 'another shard is refused before that',
    claim: claim(CLUSTER),
    options: { shard: { name: 'blue', leaseName: 'azid' } },
    verdict: { type: 'refuse' },
  },
  {
    title: 'another shard is refused where nobody has worked yet',
    options: { shard: { name: 'blue', leaseName: 'azid' } },
    verdict: { type: 'refuse' },
  },
  {
    title: 'any shard is accepted after that',
    claim: { ...claim(CLUSTER), sharded: 'azid' },
    options: { shard: { name: 'blue', leaseName: 'azid' } },
    verdict: { type: 'accept', installationId: KEPT },
  },
  {
    title: 'a shard whose Lease the others do not see is refused',
    claim: { ...claim(CLUSTER), sharded: 'azid' },
    options: { shard: { name: 'default', leaseName: 'mine' }, takeOver: true },
    verdict: { type: 'refuse' },
  },
  {
    title: 'one for the whole is refused beside shards, whatever is to be taken over',
    claim: { ...claim(CLUSTER), sharded: 'azid' },
    options: { takeOver: true },
    verdict: { type: 'refuse' },
  },
  {
    title: 'a claim that lost its cluster is refused',
    claim: { installationId: KEPT },
    verdict: { type: 'refuse' },
  },
];

it.each(rows)('$title', ({ claim, options, verdict }) => {
  expect(
    decideClaim(claim, CLUSTER, { namespace: 'azid-system', takeOver: false, ...options }),
  ).toMatchObject(verdict);
});

it('derives the same id from the same cluster and another from another', () => {
  const derive = (cluster: string) =>
    decideClaim(undefined, cluster, { namespace: 'azid-system', takeOver: false });
  // Frozen: a change here would make azid a stranger to everything it has made.
  expect(derive(CLUSTER)).toEqual({ type: 'write', installationId: 'e93a8a0c-76ff-51e9-aa2f-5eda714fe70d' });
  expect(derive(OTHER_CLUSTER)).not.toEqual(derive(CLUSTER));
});

it('says what was expected, what was given and what to do', () => {
  const refused = decideClaim(claim(OTHER_CLUSTER), CLUSTER, { namespace: 'azid-system', takeOver: false });
  expect(refused).toMatchObject({
    message: expect.stringMatching(/azid-system\/azid-installation.*--take-over true here/),
  });
  const installationId = '11111111-0000-4000-8000-000000000001';
  const options = { namespace: 'azid-system', takeOver: false, installationId };
  // The flag takes a value: without it the command ends with "argument missing".
  expect(decideClaim(claim(CLUSTER), CLUSTER, options)).toMatchObject({
    message: expect.stringMatching(/expected .* or pass --take-over true to act as 11111111-/),
  });
});
