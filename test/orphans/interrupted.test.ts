import { describe, expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { RG1, useStage } from '../support/stage.ts';
import { CLAIMED, DELETING, HOUR, Orphans } from './orphan-stage.ts';

/** A run that is cut off, held back, or limited, and one over all that an identity had. */

const stage = useStage();
const orphans = new Orphans(stage);
const deletions = (since: number) => stage.writes(since).filter((each) => each.startsWith('DELETE'));
const lost = (count: number) => Array.from({ length: count }, (_, at) => `lost-${at}`);

/** So few among so many are no vanishing. */
async function due(count: number, spec: object = {}): Promise<number> {
  await orphans.begin(5);
  await orphans.orphan(...lost(count));
  await orphans.sweep({ ...DELETING, limits: { deletionsPerRun: 0, maxShare: 90 } });
  await orphans.run();
  await stage.world.pass(CLAIMED);
  expect(orphans.identities()).toHaveLength(5 + count);
  const mark = stage.mark;
  await orphans.sweep({
    ...DELETING,
    ...spec,
    limits: { maxShare: 90, ...('limits' in spec ? (spec.limits as object) : {}) },
  });
  return mark;
}

const left = () => orphans.identities().filter((name) => name.startsWith('lost')).length;

describe('a run', () => {
  it('deletes no more than its limit, and the rest in those that follow', async () => {
    const mark = await due(5, { limits: { deletionsPerRun: 2 } });
    const first = await orphans.until(
      'a run to have deleted',
      ({ status }) => (status?.history?.[0]?.deleted ?? 0) > 0,
    );
    expect(first.status?.history?.[0]?.deleted).toBe(2);
    await stage.world.pass(HOUR);
    await stage.world.until('all to be gone', () => left() === 0);
    const { status } = (await orphans.get()) ?? {};
    expect(Math.max(...(status?.history ?? []).map(({ deleted }) => deleted))).toBe(2);
    expect(deletions(mark)).toHaveLength(5);
    expect(orphans.identities()).toHaveLength(5);
  });

  it('goes on after a process that was killed between two deletions, within the same limit', async () => {
    const mark = await due(4, { limits: { deletionsPerRun: 3 }, interval: '7d' });
    await stage.world.until('one to be gone', () => left() < 4);
    const [operator] = stage.world.operators;
    if (operator) await stage.world.kill(operator);
    const before = left();
    expect(before).toBeGreaterThan(0);
    await stage.world.pass(60_000);
    expect(left()).toBe(before);
    await stage.world.start();
    await orphans.until(
      'the run to be over',
      ({ status }) => status?.run === undefined && status?.history?.[0]?.deleted === 3,
    );
    expect(left()).toBe(1);
    expect(deletions(mark)).toHaveLength(3);
    expect(await orphans.records()).toHaveLength(3);
  });

  it('goes on after Azure asked for a pause', async () => {
    const mark = await due(3);
    stage.world.azure.control.addFault({
      method: 'DELETE',
      path: '/lost-1',
      count: 2,
      effect: {
        kind: 'status',
        status: 429,
        code: 'TooManyRequests',
        message: 'later',
        retryAfterSeconds: 60,
      },
    });
    await stage.world.until('all to be gone', () => left() === 0, 60_000);
    expect(deletions(mark).length).toBeGreaterThanOrEqual(4);
    expect(orphans.identities()).toHaveLength(5);
  });

  it('takes what azid made on an abandoned identity before it, and what Retain left never', async () => {
    await stage.policy(stage.namespace, {
      grants: [{ scopes: [RG1], roles: ['Reader'] }],
      federation: [{ issuers: ['https://issuer.example.org'], subjects: ['job:*'] }],
    });
    await orphans.begin(5);
    // What is older than the records of what was retained proves nothing.
    await stage.world.pass(11 * 60_000);
    const { control } = stage.world.azure;
    const make = (kind: string, name: string, spec: object) =>
      stage.cluster.apply({
        apiVersion: 'azid.dev/v1alpha1',
        kind,
        metadata: { name, namespace: stage.namespace },
        spec,
      });
    for (const name of ['lost', 'kept']) {
      await stage.declare(name);
      await stage.ready(name);
      const deletionPolicy = name === 'kept' ? 'Retain' : 'Delete';
      await make('RoleGrant', name, {
        principal: { identityRef: { name } },
        role: { name: 'Reader' },
        scope: RG1,
        deletionPolicy,
      });
    }
    await stage.world.until('both to be granted', () => {
      const principals = ['lost', 'kept'].map((name) => stage.inAzure(name)?.principalId);
      return (
        control.assignments({}).filter(({ principalId }) => principals.includes(principalId)).length === 2
      );
    });
    await stage.world.pass(60_000);
    // One is deleted as it should be, and its assignment stays; then all else goes by force.
    await stage.cluster.delete(roleGrant.resource, `${stage.namespace}/kept`);
    await stage.world.until('the grant to be gone', async () => {
      return (await stage.cluster.get(roleGrant.resource, `${stage.namespace}/kept`)) === undefined;
    });
    for (const operator of stage.world.operators) await stage.world.stop(operator);
    await orphans.strip(roleGrant.resource as Resource<KubeObject>, `${stage.namespace}/lost`);
    for (const name of ['lost', 'kept'])
      await orphans.strip(
        userAssignedIdentity.resource as Resource<KubeObject>,
        `${stage.namespace}/${name}`,
      );
    await stage.world.start();
    const before = { lost: stage.inAzure('lost')?.principalId, kept: stage.inAzure('kept')?.principalId };
    await orphans.sweep({ ...DELETING, limits: { maxShare: 90 } });
    await orphans.run();
    await stage.world.pass(CLAIMED);
    await orphans.until('the orphan to be gone', () => !orphans.identities().includes('lost'));
    const held = (principal: string | undefined) =>
      control.assignments({}).filter(({ principalId }) => principalId === principal).length;
    expect(held(before.lost)).toBe(0);
    expect(held(before.kept)).toBe(1);
    expect(orphans.identities()).toContain('kept');
    const records = await orphans.records();
    const identity = records.find(({ spec }) => spec.type === 'Identity');
    expect(identity?.spec.assignments?.map(({ scope }) => scope.toLowerCase())).toEqual([RG1.toLowerCase()]);
    expect(records.map(({ spec }) => spec.type).sort()).toEqual(['Identity', 'RoleAssignment']);
  });
});
