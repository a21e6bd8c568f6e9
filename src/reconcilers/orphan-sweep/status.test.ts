import { expect, it } from 'vitest';
import { MAX_LISTED_CANDIDATES, type OrphanSweep } from '../../api/orphan-sweep.ts';
import { UNPROVEN_REMEDY } from '../../orphans/owners.ts';
import type { Candidate } from '../../orphans/report.ts';
import { NOW } from '../../orphans/sweep.fixture.ts';
import { finishedStatus } from './status.ts';

const group = `/subscriptions/00000000-0000-4000-8000-00000000000a/resourceGroups/${'g'.repeat(90)}`;
const candidate = (n: number): Candidate => {
  const id = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${'i'.repeat(128)}/federatedIdentityCredentials/${'c'.repeat(110)}-${n}`;
  return {
    type: 'FederatedIdentityCredential',
    id,
    key: id.toLowerCase(),
    scope: group,
    reason: 'OwnerUnknown',
    owner: `${'n'.repeat(63)}/${'o'.repeat(63)}`,
    ownerUid: '00000000-0000-4000-8000-00000000000a',
    instance: JSON.stringify([
      'p'.repeat(36),
      `https://issuer/${'x'.repeat(100)}`,
      `repo:${'s'.repeat(100)}`,
    ]),
    since: NOW,
    clearSince: NOW,
    verdict: { type: 'kept', because: 'OwnerUnknown', why: 'w'.repeat(600) },
  };
};
const sweep = { metadata: { name: 'all' }, spec: { scopes: [group] } } as unknown as OrphanSweep;
const told = (count: number) =>
  finishedStatus(
    sweep,
    { candidates: Array.from({ length: count }, (_, n) => candidate(n)), stops: [] },
    { now: NOW, run: { startedAt: '2026-11-29T12:00:00Z', deleted: 0 }, nextRunAt: NOW, unused: [] },
  );

it('as many candidates as are told at most, with the longest names, have room in an object', () => {
  const status = told(MAX_LISTED_CANDIDATES + 100);
  expect(status.candidates).toHaveLength(MAX_LISTED_CANDIDATES);
  expect(status.candidatesTotal).toBe(MAX_LISTED_CANDIDATES + 100);
  expect(JSON.stringify(status).length).toBeLessThan(1_450_000);
  expect(told(10).candidates?.[0]?.message.length).toBeGreaterThan(500);
});

it('and what a person is to do has room in the shortest message', () => {
  expect(UNPROVEN_REMEDY.length).toBeLessThanOrEqual(200);
});
