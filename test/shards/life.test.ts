import { describe, expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { RG1, vmId } from '../support/kinds/hosts.ts';
import { BLUE, policyIn, useShards } from './shard-stage.ts';

const shards = useShards();

/** Reader on rg1 for identity `app`. */
const grant = (stage: typeof shards.home, name: string, spec: object = {}) =>
  shards.cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'RoleGrant',
    metadata: { name, namespace: stage.namespace },
    spec: { principal: { identityRef: { name: 'app' } }, role: { name: 'Reader' }, scope: RG1, ...spec },
  });
const principalOf = async (stage: typeof shards.home): Promise<string> => {
  const ready = await stage.reach(
    () => stage.userIdentity('app'),
    'app to have a principal',
    ({ status }) => status?.principalId !== undefined,
  );
  return ready.status?.principalId ?? '';
};
const assignmentsOf = (principalId: string) =>
  shards.world.azure.control.assignments().filter((each) => each.principalId === principalId);

describe('two shards', () => {
  it('each give what their own namespaces declare, and the resource that both want has one writer', async () => {
    shards.home.createVm('vm1');
    await shards.home.policy({ ...policyIn('rg1') });
    await shards.both();
    for (const stage of [shards.home, shards.blue]) {
      await stage.attach('vm1');
      await grant(stage, 'read');
      await stage.credential('deploy');
    }
    for (const stage of [shards.home, shards.blue]) {
      await stage.granted('read');
      await stage.credentialReady('deploy');
      await stage.attached('vm1');
    }
    expect(shards.home.on(vmId('vm1'))).toEqual(['app', 'app']);
    const by = (who: string) => shards.writes.filter((line) => line.startsWith(`${who}: `));
    expect(by(BLUE).filter((line) => line.endsWith('vm1'))).toEqual([]);
    expect(by(BLUE).filter((line) => line.endsWith('PUT app'))).toHaveLength(1);
    expect(by('default').filter((line) => line.endsWith('PUT app'))).toHaveLength(1);
    // Nothing is done twice, nor undone.
    const quiet = shards.since();
    await shards.world.pass(30 * 60_000);
    expect(quiet()).toEqual([]);
    // One of two goes, and the other keeps what it has.
    await shards.blue.detach('vm1');
    await shards.blue.gone(() => shards.blue.attachment('vm1'), 'the attachment of blue');
    expect(shards.home.on(vmId('vm1'))).toHaveLength(1);
    await shards.home.attached('vm1');
  });

  it('follow an edit and a recycled identity, each its own, and the attachment follows the other shard’s', async () => {
    shards.home.createVm('vm1');
    await shards.both();
    await shards.blue.attach('vm1');
    await grant(shards.blue, 'read');
    await shards.blue.attached('vm1');
    await shards.blue.granted('read');
    const before = await principalOf(shards.blue);
    await shards.blue.identity('app', { tags: { stage: 'test' } });
    await shards.blue.reach(
      () => shards.blue.userIdentity('app'),
      'the tag to be there',
      () =>
        shards.world.azure.control
          .identities({})
          .some(({ name, tags }) => name === 'app' && tags.stage === 'test'),
    );
    const [mine] = shards.world.azure.control
      .identities({})
      .filter(({ principalId }) => principalId === before);
    shards.world.azure.control.deleteIdentity({ id: mine?.id ?? '' });
    await shards.world.pass(11 * 60_000);
    await shards.blue.granted('read', ({ status }) => status?.principalId !== before);
    const after = await principalOf(shards.blue);
    expect(after).not.toBe(before);
    await shards.world.until('the attachment to have the new one', () =>
      shards.home.host(vmId('vm1')).attached.some(({ principalId }) => principalId === after),
    );
    expect(assignmentsOf(after)).toHaveLength(1);
  });

  it('delete what they have, in its order: an identity waits for its attachment, which the other shard takes off', async () => {
    shards.home.createVm('vm1');
    await shards.both();
    await shards.blue.attach('vm1');
    await grant(shards.blue, 'read');
    await shards.blue.attached('vm1');
    await shards.blue.granted('read');
    const principal = await principalOf(shards.blue);
    await shards.cluster.delete(userAssignedIdentity.resource, 'team-blue/app');
    await shards.world.pass(60_000);
    expect(shards.home.on(vmId('vm1'))).toEqual(['app']);
    await shards.blue.detach('vm1');
    await shards.cluster.delete(roleGrant.resource, 'team-blue/read');
    await shards.blue.gone(() => shards.blue.userIdentity('app'), 'the identity');
    expect(shards.home.on(vmId('vm1'))).toEqual([]);
    expect(assignmentsOf(principal)).toEqual([]);
  });
});

it('a resource’s own identity is switched on by the one, granted to by the other, follows a new machine, and ends after its grant', async () => {
  const { blue: stage } = shards;
  stage.createVm('vm1');
  await shards.both();
  await stage.system('vm1', { deletionPolicy: 'Delete' });
  await stage.grantSystem('vm1');
  await stage.systemReady('vm1');
  const first = (await stage.granted('vm1')).status?.principalId ?? '';
  expect(assignmentsOf(first)).toHaveLength(1);
  stage.createVm('vm1');
  await shards.world.pass(11 * 60_000);
  const { status } = await stage.granted('vm1', (each) => each.status?.principalId !== first);
  const second = status?.principalId ?? '';
  expect(second).toBe(stage.host(vmId('vm1')).system?.principalId);
  expect([assignmentsOf(first), assignmentsOf(second).length]).toEqual([[], 1]);
  await stage.deleteSystem('vm1');
  await shards.world.pass(60_000);
  expect(stage.host(vmId('vm1')).system?.principalId).toBe(second);
  await shards.cluster.delete(roleGrant.resource, 'team-blue/vm1');
  await stage.gone(() => stage.systemIdentity('vm1'), 'the system-assigned identity');
  expect(stage.host(vmId('vm1')).system).toBeNull();
  expect(assignmentsOf(second)).toEqual([]);
  const by = (line: string) => line.split(':')[0];
  expect(new Set(shards.writes.filter((line) => line.endsWith(' vm1')).map(by))).toEqual(
    new Set(['default']),
  );
});

describe('equal grants of two shards', () => {
  /** A grant of `team-home` to the principal of blue's identity: the same assignment. */
  const shared = async (): Promise<string> => {
    await shards.both();
    await grant(shards.blue, 'read');
    await shards.blue.granted('read');
    const principal = await principalOf(shards.blue);
    await shards.home.policy({
      grants: [{ roles: ['Reader'], scopes: [RG1], principals: { ids: [principal] } }],
    });
    await grant(shards.home, 'read', { principal: { id: principal, type: 'ServicePrincipal' } });
    await shards.home.granted('read');
    expect(assignmentsOf(principal)).toHaveLength(1);
    return principal;
  };

  it.each([
    ['that made it', 'team-blue', 'team-home'],
    ['that joined it', 'team-home', 'team-blue'],
  ])(
    'have one assignment, which stays when the one %s goes, and goes with the other',
    async (_, first, second) => {
      const principal = await shared();
      const deletions = () => shards.writes.filter((line) => line.includes(' DELETE '));
      await shards.cluster.delete(roleGrant.resource, `${first}/read`);
      await shards.world.until(
        'the first to be gone',
        async () => !(await shards.cluster.get(roleGrant.resource, `${first}/read`)),
      );
      await shards.world.pass(30 * 60_000);
      expect(assignmentsOf(principal)).toHaveLength(1);
      expect(deletions()).toEqual([]);
      await shards.cluster.delete(roleGrant.resource, `${second}/read`);
      await shards.world.until(
        'the second to be gone',
        async () => !(await shards.cluster.get(roleGrant.resource, `${second}/read`)),
      );
      expect(assignmentsOf(principal)).toEqual([]);
      expect(deletions()).toHaveLength(1);
    },
  );

  it('that go at the same time leave nothing: neither takes the other for one that stays', async () => {
    const principal = await shared();
    await Promise.all(
      ['team-blue', 'team-home'].map((each) => shards.cluster.delete(roleGrant.resource, `${each}/read`)),
    );
    await shards.world.until(
      'both to be gone',
      async () => (await shards.cluster.list(roleGrant.resource)).length === 0,
    );
    expect(assignmentsOf(principal)).toEqual([]);
  });
});
