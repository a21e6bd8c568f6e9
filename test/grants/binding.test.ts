import { describe, expect, it } from 'vitest';
import { type AssignmentExpiry, assignmentExpiry } from '../../src/api/assignment-expiry.ts';
import { identityPolicy } from '../../src/api/identity-policy.ts';
import { type RoleGrantSpec, roleGrant } from '../../src/api/role-grant.ts';
import { conditionOf, GrantStage, NAMESPACE, RG1, SUB, WEB } from '../support/kinds/grants.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * An end binds (docs/guarantees.md G23): what was given until a time is revoked then, whatever its owner does meanwhile. In an honest
 * Azure, and counted: one DELETE of the assignment, and no other write than the one that made it.
 */

let cluster: Cluster;
let world: World;
let stage: GrantStage;
useWorld(
  async (own) => {
    ({ cluster, world } = own);
    stage = new GrantStage(cluster, world);
    await stage.prepare();
    await stage.policy(TEMPORARY);
  },
  { preset: 'honest', azureLagMs: 30_000 },
);

const MINUTE = 60_000;
const TEMPORARY = [{ roles: ['Reader'], scopes: [SUB], maxDuration: '1h' }];
const KEY = `${NAMESPACE}/read`;
const at = (ms: number) => new Date(world.clock.now() + ms).toISOString().replace(/\.\d+Z$/, 'Z');
const patch = (body: object) => cluster.patch(roleGrant.resource, KEY, body);
const edit = (spec: Partial<Record<keyof RoleGrantSpec, unknown>>) => patch({ spec });
const records = (): Promise<readonly AssignmentExpiry[]> => cluster.list(assignmentExpiry.resource);
const recordsGone = () => world.until('the record to go', async () => (await records()).length === 0, 60_000);

/** A grant that stands until 20 min from now; its principal. */
async function given(spec: Partial<RoleGrantSpec> = {}): Promise<{ principal: string; end: string }> {
  const end = at(20 * MINUTE);
  await stage.declare('read', { expiresAt: end, ...spec });
  await world.start();
  await stage.ready('read');
  const principal = await stage.principal();
  // Lists lag.
  await world.pass(MINUTE);
  expect(await stage.assignments(principal)).toHaveLength(1);
  return { principal, end };
}

/** The assignment stands until its end and is gone a minute later, by one DELETE. */
async function endsInTime(
  principal: string,
  until: number,
  writes: readonly string[] = ['PUT 201', 'DELETE 200'],
) {
  await world.pass(until - MINUTE - world.clock.now());
  expect(await stage.assignments(principal), 'before the end').toHaveLength(1);
  await world.pass(2 * MINUTE);
  expect(await stage.assignments(principal), 'after the end').toEqual([]);
  await world.pass(10 * MINUTE);
  expect(stage.writes()).toEqual(writes);
  await recordsGone();
  await world.pass(45 * MINUTE);
  expect(await stage.assignments(principal), 'for good').toEqual([]);
  expect(stage.writes()).toEqual(writes);
}

describe('an end that was given binds, though its owner', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['removes expiresAt', () => edit({ expiresAt: null })],
    ['sets it to a time that no policy allows', () => edit({ expiresAt: '2099-01-01T00:00:00Z' })],
  ])('%s', async (_, act) => {
    const { principal, end } = await given();
    await act();
    expect(await stage.stalled('read', 'PolicyDenied')).toContain(`what was granted before ends at ${end}`);
    await endsInTime(principal, Date.parse(end));
    const after = await stage.reach('read', 'denied', (each) => each.status?.assignmentId === undefined);
    expect(conditionOf(after, 'Ready')?.reason).toBe('PolicyDenied');
    expect(conditionOf(after, 'Propagated')?.reason).toBe('NotGranted');
    expect(after.status?.ledger ?? []).toEqual([]);
  });

  it.each<[string, object]>([
    ['alone', {}],
    ['and removes expiresAt', { expiresAt: null }],
    ['and sets it to a time that no policy allows', { expiresAt: '2099-01-01T00:00:00Z' }],
    [
      'and moves it to another scope',
      { expiresAt: '2099-01-01T00:00:00Z', scope: `${SUB}/resourceGroups/rg2` },
    ],
  ])('suspends it, %s; and it is no longer called granted', async (_, more) => {
    const { principal, end } = await given();
    await edit({ suspend: true, ...more });
    await endsInTime(principal, Date.parse(end));
    const after = await stage.get('read');
    const ready = after && conditionOf(after, 'Ready');
    expect(ready?.status).toBe('False');
    expect(['Expired', 'PolicyDenied']).toContain(ready?.reason);
    expect(after?.status?.assignmentId).toBeUndefined();
  });

  it('deletes it with Retain', async () => {
    const { principal, end } = await given();
    await edit({ deletionPolicy: 'Retain' });
    await stage.delete('read');
    await stage.gone('read');
    await endsInTime(principal, Date.parse(end));
  });

  it('deletes it released', async () => {
    const { principal, end } = await given();
    await patch({ metadata: { annotations: { 'azid.dev/release': 'true' } } });
    await stage.delete('read');
    await stage.gone('read');
    await endsInTime(principal, Date.parse(end));
  });

  it('strips the finalizer and deletes it, while azid is down', async () => {
    const { principal, end } = await given();
    for (const operator of world.operators) await world.kill(operator);
    await patch({ metadata: { finalizers: null } });
    await stage.delete('read');
    await stage.gone('read');
    await world.start();
    await endsInTime(principal, Date.parse(end));
  });

  it('deletes it retained, then the identity so, then the policy goes', async () => {
    const { principal, end } = await given({ deletionPolicy: 'Retain' });
    await stage.identity('web', { deletionPolicy: 'Retain' });
    await stage.delete('read');
    await stage.gone('read');
    await stage.deleteIdentity('web');
    await world.until('the identity to go', async () => (await stage.getIdentity('web')) === undefined);
    await cluster.delete(identityPolicy.resource, NAMESPACE);
    await endsInTime(principal, Date.parse(end));
    expect(world.azure.control.identities({}).map(({ id }) => id.toLowerCase())).toContain(WEB.toLowerCase());
  });
});

describe('azid', () => {
  it('that was down at the end makes up for it at its start, with an empty memory', async () => {
    const { principal } = await given({ deletionPolicy: 'Retain' });
    await stage.delete('read');
    await stage.gone('read');
    for (const operator of world.operators) await world.kill(operator);
    await world.pass(40 * MINUTE);
    expect(await stage.assignments(principal)).toHaveLength(1);
    await world.start();
    await world.until('it to be revoked', async () => (await stage.assignments(principal)).length === 0);
    await world.pass(5 * MINUTE);
    await recordsGone();
  });

  it('takes over what was given before ends were recorded, without a write to Azure', async () => {
    const { principal, end } = await given();
    for (const operator of world.operators) await world.kill(operator);
    for (const { metadata } of await records()) {
      const key = `azid-system/${metadata.name}`;
      await cluster.patch(assignmentExpiry.resource, key, { metadata: { finalizers: null } });
      await cluster.delete(assignmentExpiry.resource, key);
    }
    const { mark } = stage;
    await world.start();
    await world.until('the end to be recorded', async () => (await records()).length === 1);
    await stage.ready('read');
    expect(stage.writes(mark)).toEqual([]);
    await edit({ deletionPolicy: 'Retain' });
    await stage.delete('read');
    await stage.gone('read');
    await endsInTime(principal, Date.parse(end));
  });

  it('records again what was removed by hand, and gives it up on request', async () => {
    const { principal } = await given({ deletionPolicy: 'Retain' });
    const [record] = await records();
    const key = `azid-system/${record?.metadata.name}`;
    await cluster.delete(assignmentExpiry.resource, key);
    await world.pass(MINUTE);
    expect((await records()).map(({ metadata }) => metadata.uid)).toEqual([record?.metadata.uid]);
    const release = { metadata: { annotations: { 'azid.dev/release': 'true' } } };
    await cluster.patch(assignmentExpiry.resource, key, release);
    await world.until('it to be recorded anew', async () => {
      const [again] = await records();
      return again !== undefined && again.metadata.uid !== record?.metadata.uid;
    });
    await stage.delete('read');
    await stage.gone('read');
    await cluster.patch(assignmentExpiry.resource, key, release);
    await cluster.delete(assignmentExpiry.resource, key);
    await recordsGone();
    await world.pass(40 * MINUTE);
    expect(await stage.assignments(principal)).toHaveLength(1);
  });

  it('makes no record of a grant without an end', async () => {
    await stage.policy();
    await stage.declare('read');
    await world.start();
    await stage.ready('read');
    expect(await records()).toEqual([]);
    await stage.delete('read');
    await stage.gone('read');
    expect(await records()).toEqual([]);
  });
});

describe('a status that somebody wrote', () => {
  it.each<[string, object | null]>([
    ['emptied', null],
    ['forged to hold nothing', { ledger: [], assignmentId: null }],
  ])('%s, with the grant moved away, does not lose the end', async (_, status) => {
    await stage.policy();
    const { principal, end } = await given();
    await edit({ suspend: true });
    await world.pass(MINUTE);
    await cluster.patch(roleGrant.resource, KEY, { status }, 'status');
    await edit({ scope: `${SUB}/resourceGroups/rg2`, expiresAt: null });
    await endsInTime(principal, Date.parse(end));
  });
});

describe('a later end', () => {
  it('counts while a policy allows it: the assignment stays, with no write to Azure', async () => {
    const { principal } = await given();
    const later = at(40 * MINUTE);
    await edit({ expiresAt: later });
    await stage.ready('read');
    await world.pass(25 * MINUTE);
    expect(await stage.assignments(principal)).toHaveLength(1);
    await endsInTime(principal, Date.parse(later));
  });

  it('counts for a suspended object, too, as long as the policy allows it', async () => {
    const { principal } = await given();
    await edit({ suspend: true, expiresAt: at(50 * MINUTE) });
    await world.pass(30 * MINUTE);
    expect(await stage.assignments(principal)).toHaveLength(1);
    await cluster.delete(identityPolicy.resource, NAMESPACE);
    await world.pass(10 * MINUTE);
    expect(await stage.assignments(principal)).toEqual([]);
  });

  it('or none at all, where a policy allows that: the record goes', async () => {
    const { principal } = await given();
    await stage.policy();
    await edit({ expiresAt: null });
    await stage.ready('read');
    await recordsGone();
    await world.pass(40 * MINUTE);
    expect(await stage.assignments(principal)).toHaveLength(1);
    expect(stage.writes()).toEqual(['PUT 201']);
  });

  it('of an earlier one that was taken back does not come back by itself', async () => {
    const { principal } = await given();
    const sooner = at(10 * MINUTE);
    await edit({ expiresAt: sooner });
    await stage.ready('read');
    await world.until('the earlier end to be recorded', async () =>
      (await records()).every(({ spec }) => spec.owners.every(({ expiresAt }) => expiresAt === sooner)),
    );
    await edit({ expiresAt: '2099-01-01T00:00:00Z' });
    await stage.stalled('read', 'PolicyDenied');
    await endsInTime(principal, Date.parse(sooner));
  });
});

describe('an assignment that several share', () => {
  it('ends at the latest end that was given, though none of its owners is left', async () => {
    const { principal } = await given({ deletionPolicy: 'Retain' });
    const later = at(40 * MINUTE);
    await stage.declare('also', { expiresAt: later, deletionPolicy: 'Retain' });
    await stage.ready('also');
    for (const name of ['read', 'also']) {
      await stage.delete(name);
      await stage.gone(name);
    }
    const { mark } = stage;
    await world.pass(38 * MINUTE);
    expect(await stage.assignments(principal)).toHaveLength(1);
    await world.pass(4 * MINUTE);
    expect(await stage.assignments(principal)).toEqual([]);
    expect(stage.writes(mark)).toEqual(['DELETE 200']);
  });

  it('lasts for one without an end that a policy allows, and for nobody whom none allows', async () => {
    await stage.policy([...TEMPORARY, { roles: ['Reader'], scopes: [RG1] }]);
    const { principal } = await given({ deletionPolicy: 'Retain' });
    await stage.declare('always');
    await stage.ready('always');
    await stage.delete('read');
    await stage.gone('read');
    await world.pass(40 * MINUTE);
    expect(await stage.assignments(principal)).toHaveLength(1);
    await stage.delete('always');
    await stage.gone('always');
    await world.pass(10 * MINUTE);
    expect(await stage.assignments(principal)).toEqual([]);
    await recordsGone();
  });

  it('an owner that leaves takes its end along', async () => {
    const { principal, end } = await given({ deletionPolicy: 'Retain' });
    await stage.declare('also', { expiresAt: at(50 * MINUTE) });
    await stage.ready('also');
    await stage.delete('read');
    await stage.gone('read');
    await stage.delete('also');
    await stage.gone('also');
    const { mark } = stage;
    // It went with its last owner; what the first was given until then ends with it.
    void end;
    await world.pass(5 * MINUTE);
    expect(await stage.assignments(principal)).toEqual([]);
    expect(stage.writes(mark)).toEqual([]);
  });
});

it('a recycled principal has its new assignment until the same end', async () => {
  const { principal, end } = await given({ deletionPolicy: 'Retain' });
  world.azure.control.deleteIdentity({ id: WEB });
  const other = await (async () => {
    let id = principal;
    await world.until(
      'the identity to be made again',
      async () => {
        await world.pass(30_000);
        id = (await stage.getIdentity('web'))?.status?.principalId ?? principal;
        return id !== principal;
      },
      120_000,
    );
    return id;
  })();
  await stage.ready('read', 'Granted', (each) => each.status?.principalId === other);
  await world.until('only the new one to be recorded', async () => {
    const all = await records();
    return all.length === 1 && all[0]?.spec.principalId === other;
  });
  await stage.delete('read');
  await stage.gone('read');
  await world.pass(Date.parse(end) - MINUTE - world.clock.now());
  expect(await stage.assignments(other)).toHaveLength(1);
  await world.pass(2 * MINUTE);
  expect(await stage.assignments(other)).toEqual([]);
});
