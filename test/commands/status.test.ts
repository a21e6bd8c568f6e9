import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kindNamed } from '../../src/api/index.ts';
import { ArmAccess } from '../../src/azure/arm/arm-access.ts';
import { CLOUDS } from '../../src/azure/arm/clouds.ts';
import { FederatedCredentials } from '../../src/azure/federated-credentials.ts';
import { Hosts } from '../../src/azure/hosts/hosts.ts';
import { Identities } from '../../src/azure/identities.ts';
import { RequestScheduler } from '../../src/azure/requests/request-scheduler.ts';
import { RoleAssignments } from '../../src/azure/role-assignments.ts';
import { RoleDefinitions } from '../../src/azure/role-definitions.ts';
import { statusJson, statusText } from '../../src/cli/status/status-text.ts';
import type { AzureReads } from '../../src/inspect/azure/live.ts';
import { reportOf, type StatusReport } from '../../src/inspect/report.ts';
import { createToken } from '../../src/kube/builtin.ts';
import type { Interceptor, KubeRequest } from '../../src/kube/transport/request.ts';
import { findCondition } from '../../src/runtime/status/conditions.ts';
import { tokenCredential } from '../../src/simulator/sdk.fixture.ts';
import { Estate } from '../support/kinds/estate.ts';
import { RG1, vmId } from '../support/kinds/hosts.ts';
import { Azid } from '../support/process/child.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { changesAzure } from '../support/trail.ts';
import { useWorld } from '../support/use-world.ts';

/** `azid status`: what a person sees of one object, which is what the controller goes by; nothing is written to either side. */

let cluster: Cluster;
let world: World;
let estate: Estate;
let folder: string;
let tests = 0;
useWorld(async (ground) => {
  ({ cluster, world } = ground);
  estate = new Estate(cluster, world, `status-${++tests}`);
});
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azid-status-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  await world.start();
  await estate.build();
  await estate.ready();
});

/** As somebody who may read everything in Azure. */
async function azureReads(): Promise<AzureReads> {
  const { azure, clock, pace } = world;
  const cloud = { ...CLOUDS.Public, armEndpoint: azure.origin, caPem: azure.caPem };
  const credential = await tokenCredential(azure);
  const access = new ArmAccess({
    cloud,
    credential,
    clock,
    version: 'test',
    intercept: (_request, next) => pace.counted(next),
  });
  const scheduler = new RequestScheduler({ clock });
  const calls = { access, scheduler, clock, tenantId: azure.tenantId, credential: 'person' };
  return {
    identities: new Identities(calls),
    credentials: new FederatedCredentials(calls),
    assignments: new RoleAssignments(calls),
    definitions: new RoleDefinitions(calls),
    hosts: new Hosts(calls),
  };
}

async function report(kindName: string, name: string, withAzure = true): Promise<StatusReport> {
  const kind = kindNamed(kindName);
  if (!kind) throw new Error(`expected ${kindName} to be a kind`);
  const written: KubeRequest[] = [];
  const noted: Interceptor = (request, next) => {
    if (request.method !== 'GET') written.push(request);
    return next(request);
  };
  const since = world.azure.requests().length;
  const deps = {
    ...estate.deps([], noted),
    azidNamespace: 'azid-system',
    defaultAudience: CLOUDS.Public.federationAudience,
    ...(withAzure && { azure: await azureReads() }),
  };
  const key = kind.resource.namespaced ? `${estate.stage.namespace}/${name}` : name;
  const done = await estate.outcome(reportOf(kind, key, deps));
  const others = world.azure.requests(since).filter(({ caller }) => caller !== 'controller');
  expect(others.filter(changesAzure)).toEqual([]);
  if (!withAzure) expect(others).toEqual([]);
  expect(written).toEqual([]);
  return done;
}

const text = (done: StatusReport, wide = false) => statusText(done, wide, world.clock.now());
const message = ({ object }: StatusReport) =>
  findCondition(object.status?.conditions ?? [], 'Ready')?.message ?? '';
const rule = ({ policy }: StatusReport) =>
  policy.map(({ answer, policy: name = '', rule: path = '' }) => `${answer} ${name} ${path}`.trim());

describe('azid status', () => {
  it('of an identity shows all that hangs on it, who allows it, what Azure has and what happened', async () => {
    const { namespace } = estate.stage;
    const done = await report('uai', 'app');
    expect(text(done)).toContain(`UserAssignedIdentity ${namespace}/app: made `);
    expect(text(done)).toMatch(/Conditions:\n {2}Ready +True +Ready /);
    expect(text(done)).toMatch(
      new RegExp(
        [
          `UserAssignedIdentity ${namespace}/app \\(Ready\\)`,
          '├─ in Azure: principal [0-9a-f-]{36} rg1/userAssignedIdentities/app',
          `├─ attached by: IdentityAttachment ${namespace}/vm1 \\(Ready, Attached\\)`,
          '│  └─ on: rg1/virtualMachines/vm1 \\(Attached\\)',
          '│     └─ ledger: HostIdentity azid-system/host-[0-9a-f]{40} \\(Ready, InSync\\)',
          `├─ federated by: FederatedIdentityCredential ${namespace}/deploy \\(Ready\\)`,
          '│  ├─ trusts: subject job:deploy of https://issuer.example.org/a',
          '│  └─ in Azure: .*/federatedIdentityCredentials/.*',
          `└─ granted by: RoleGrant ${namespace}/read \\(Ready, Granted\\)`,
          `   ├─ grants: role Reader on ${RG1}`,
          '   └─ in Azure: .*/roleAssignments/.*',
        ].join('\\n {2}'),
      ),
    );
    expect(rule(done)).toEqual([`allowed ${namespace} spec.identities.scopes[0]`]);
    expect(done.azure).toMatchObject([{ what: 'identity', state: 'as declared' }]);
    expect(text(done)).toMatch(/Events:\n(.*\n)* +\S+ +Normal +Created/);
    expect(text(done, true)).toContain(`in Azure: principal`);
    expect(text(done, true)).toContain(estate.stage.namespace);
    const json = JSON.parse(statusJson(done));
    expect(json).toMatchObject({
      object: { kind: 'UserAssignedIdentity', metadata: { name: 'app' } },
      tree: { object: { kind: 'UserAssignedIdentity' } },
      policy: [{ answer: 'allowed' }],
      azure: [{ state: 'as declared' }],
      unread: [],
    });
    expect(json.object.metadata.managedFields).toBeUndefined();
  });

  it.each<[string, string, readonly string[], readonly string[]]>([
    ['grant', 'read', ['principal: UserAssignedIdentity', 'grants: role Reader'], ['spec.grants[0]']],
    ['rolegrants', 'vm1', ['principal: SystemAssignedIdentity', 'of: principal'], ['spec.grants[0]']],
    ['fic', 'deploy', ['identity: UserAssignedIdentity', 'trusts: subject'], ['spec.federation[0]']],
    [
      'attach',
      'vm1',
      ['identity: UserAssignedIdentity', 'on: rg1/virtualMachines/vm1'],
      ['spec.attachments[0]'],
    ],
    ['sai', 'vm1', ['of: principal', 'granted by: RoleGrant'], ['spec.systemAssigned[0]']],
  ])(
    'of a %s: what it refers to, the rule that allows it, and Azure as declared',
    async (kind, name, lines, rules) => {
      const done = await report(kind, name);
      for (const line of lines) expect(text(done)).toContain(line);
      expect(rule(done)).toEqual(rules.map((path) => `allowed ${estate.stage.namespace} ${path}`));
      expect(done.azure?.map(({ state }) => state)).toEqual(['as declared']);
    },
  );

  it('of what no policy allows says it in the words of the controller', async () => {
    await estate.grant('own', { role: { name: 'Owner' } });
    await estate.grant('elsewhere', { scope: '/subscriptions/99999999-2222-4333-8444-555555555555' });
    await world.until('both to be denied', async () => {
      const all = await Promise.all(['own', 'elsewhere'].map((name) => estate.stage.grant(name)));
      return all.every((each) => each?.status?.conditions?.some(({ reason }) => reason === 'PolicyDenied'));
    });
    for (const name of ['own', 'elsewhere']) {
      const done = await report('grant', name);
      expect(done.policy).toMatchObject([{ answer: 'denied', why: message(done) }]);
      expect(done.azure).toEqual([]);
    }
    const unasked = await report('grant', 'own', false);
    expect(unasked.policy).toMatchObject([{ answer: 'unknown', why: expect.stringContaining('--azure') }]);
    expect(text(unasked)).toContain('Azure:\n  not asked');
    expect((await report('grant', 'elsewhere', false)).policy).toMatchObject([{ answer: 'denied' }]);
    const byName = await report('grant', 'read', false);
    expect(rule(byName)).toEqual([`unknown ${estate.stage.namespace} spec.grants[0]`]);
    expect(text(byName)).toContain('would allow it; it hangs on whether that is a built-in role');
  });

  it('shows what Azure has otherwise, or no more, or does not let one read', async () => {
    for (const operator of world.operators) await world.stop(operator);
    const { control } = world.azure;
    const { assignmentId = '' } = (await estate.stage.grant('read'))?.status ?? {};
    const { id = '' } = (await estate.stage.userIdentity('app'))?.status ?? {};
    await control.arm({ method: 'DELETE', path: `${assignmentId}?api-version=2022-04-01` });
    control.tagIdentity({ id, tags: { 'azid-owner': 'other/app' } });
    expect((await report('grant', 'read')).azure).toMatchObject([{ state: 'absent' }]);
    const identity = await report('uai', 'app');
    expect(identity.azure).toMatchObject([{ state: 'differs' }]);
    expect(text(identity)).toContain('marked for other/app, the object has ');
    control.addFault({
      operation: 'userAssignedIdentities.get',
      effect: { kind: 'status', status: 403, code: 'AuthorizationFailed', message: 'no right' },
    });
    control.addFault({
      path: '/userAssignedIdentities/app',
      effect: { kind: 'status', status: 403, code: 'AuthorizationFailed', message: 'no right' },
    });
    expect((await report('uai', 'app')).azure).toMatchObject([
      { state: 'unreadable', details: ['AuthorizationFailed: no right'] },
    ]);
  });

  it('of a ledger and of a policy: who wants what, and whom it selects', async () => {
    const [ledger] = await estate.stage.ledgers();
    if (!ledger) throw new Error('expected a ledger');
    const kind = kindNamed('hostid');
    if (!kind) throw new Error('expected the kind');
    const deps = {
      ...estate.deps(),
      azidNamespace: 'azid-system',
      defaultAudience: '',
    };
    const done = await estate.outcome(reportOf(kind, `azid-system/${ledger.metadata.name}`, deps));
    expect(text(done)).toContain(
      `wanted by: IdentityAttachment ${estate.stage.namespace}/vm1 (Ready, Attached)`,
    );
    expect(text(done)).toContain('has: its own identity (Attached)');
    expect(done.policy).toEqual([]);
    const policy = await report('idpol', estate.stage.namespace);
    expect(text(policy)).toContain(`selects: namespace ${estate.stage.namespace}: 6 objects`);
  });
});

describe('a team that may only view its namespace', () => {
  it('is shown what it may read, and what is left out', async () => {
    const { namespace } = estate.stage;
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'viewer', namespace },
    });
    await cluster.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'viewer', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'azid-view' },
      subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace }],
    });
    const never = new AbortController().signal;
    const { token } = await createToken(cluster.client, namespace, 'viewer', { audiences: [] }, never);
    const kubeconfig = join(folder, 'viewer');
    await cluster.plane.writeKubeconfig(kubeconfig, { token });
    const azid = new Azid(['status', 'attach/vm1', '-n', namespace, '--kubeconfig', kubeconfig]);
    expect(await azid.ended, azid.output).toBe(0);
    expect(azid.output).toContain(`identity: UserAssignedIdentity ${namespace}/app (Ready)`);
    expect(azid.output).toContain('hostidentities are left out: you may not read them');
    expect(azid.output).toContain(
      `cannot be decided here: the identity on ${vmId('vm1')}: namespace ${namespace}: `,
    );
    expect(azid.output).toContain('Events:\n  could not be read: ');
    const refused = new Azid(['status', 'grant/read', '-n', 'default', '--kubeconfig', kubeconfig]);
    expect(await refused.ended).toBe(1);
    expect(refused.output).toMatch(/^azid status: .*forbidden.*; the command needs the rights of azid-view/i);
  });
});

describe('what is asked for in a wrong way', () => {
  it.each([
    [['grant'], "expected KIND/NAME such as grant/checkout-blobs, got 'grant'"],
    [['pods/a'], "expected a kind of azid such as RoleGrant or its short name grant, got 'pods'"],
    [['grant/nothing', '-n', 'default'], 'expected RoleGrant nothing to exist in namespace default'],
    [['idpol/nothing'], 'expected IdentityPolicy nothing to exist, it does not'],
    [['grant/read', '--azure'], '--azure: expected --tenant-id'],
  ])('%j is refused with what was expected', async (args, expected) => {
    const azid = new Azid(['status', ...args, '--kubeconfig', cluster.plane.kubeconfigPath]);
    expect(await azid.ended).toBe(1);
    expect(azid.output).toContain(expected);
    expect(azid.output).not.toMatch(/\n\s+at .*\.ts:/);
  });
});
