import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JSONWebKeySet } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import type { CheckFinding } from '../../src/check/finding.ts';
import { createToken, customResourceDefinitions, leases } from '../../src/kube/builtin.ts';
import type { Resource } from '../../src/kube/types.ts';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { type OwnIdentity, seedAzure } from '../../src/sandbox/setup/azure-seed.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { Azid } from '../support/process/child.ts';
import { Cluster, SUBSCRIPTION, until } from '../support/testbed.ts';
import { changesAzure } from '../support/trail.ts';

/** `azid check`: against a real API server and a simulated Azure, with what an installer gets wrong. */

const TENANT = '99999999-8888-4777-8666-555555555555';
const SUB = `/subscriptions/${SUBSCRIPTION}`;
const RBAC = 'rbac.authorization.k8s.io';
const clusterRoles: Resource = resource(RBAC, 'ClusterRole', 'clusterroles');
const clusterRoleBindings: Resource = resource(RBAC, 'ClusterRoleBinding', 'clusterrolebindings');
const webhooks = resource(
  'admissionregistration.k8s.io',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
);
const never = new AbortController().signal;

let cluster: Cluster;
let azure: Simulator;
let own: OwnIdentity;
let folder: string;
const running: Azid[] = [];

// Its own: what is installed is taken apart here.
beforeAll(async () => {
  cluster = await Cluster.start({ own: true });
  folder = await mkdtemp(join(tmpdir(), 'azid-check-'));
});
afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  azure = await startSimulator({
    clock: systemClock,
    preset: 'fast',
    tenantId: TENANT,
    subscriptionId: SUBSCRIPTION,
  });
  const keys = () =>
    cluster.client.transport.request<JSONWebKeySet>(
      { method: 'GET', path: '/openid/v1/jwks', accept: 'application/jwk-set+json' },
      never,
    );
  own = await seedAzure(azure, { issuer: cluster.plane.issuer, keys });
  await writeFile(join(folder, 'azure.pem'), azure.caPem);
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name: 'shop' },
    spec: {
      namespaces: { names: ['shop'] },
      identities: { scopes: [`${SUB}/resourceGroups/quickstart`] },
      grants: [{ roles: ['Reader'], scopes: [SUB] }],
      attachments: [{ scopes: [SUB], types: ['Microsoft.Compute/virtualMachines'] }],
    },
  });
});
afterEach(async () => {
  for (const azid of running.splice(0)) {
    azid.signal('SIGKILL');
    await azid.ended;
  }
  await azure.stop();
  await cluster.clean();
  await cluster.delete(leases, 'azid-system/azid-controller');
});

function resource(group: string, kind: string, plural: string): Resource {
  return { group, version: 'v1', kind, plural, namespaced: false };
}

const azureFlags = () => [
  ...[
    '--arm-endpoint',
    azure.origin,
    '--authority-host',
    azure.origin,
    '--ca-file',
    join(folder, 'azure.pem'),
  ],
  ...['--tenant-id', TENANT, '--client-id', own.clientId],
];

interface Checked {
  readonly code: number | string;
  readonly findings: readonly CheckFinding[];
  of(area: string): readonly CheckFinding[];
}

/** As an administrator of the cluster. */
async function check(...flags: readonly string[]): Promise<Checked> {
  const given = ['--kubeconfig', cluster.plane.kubeconfigPath, '--cluster-issuer', cluster.plane.issuer];
  const azid = new Azid(['check', '-o', 'json', ...given, ...azureFlags(), ...flags]);
  const code = await azid.ended;
  if (!azid.output.startsWith('{')) throw new Error(`expected JSON, got: ${azid.output}`);
  const { findings, exitCode } = JSON.parse(azid.output) as {
    exitCode: number;
    findings: readonly CheckFinding[];
  };
  expect(code).toBe(exitCode);
  return { code, findings, of: (area) => findings.filter((each) => each.area === area) };
}

const wrong = ({ findings }: Checked) =>
  findings.filter(({ state }) => state !== 'ok').map(({ area, state }) => `${area}: ${state}`);

/** A controller as it runs in a pod. */
async function startController(): Promise<Azid> {
  const token = async (audiences: readonly string[]) =>
    (await createToken(cluster.client, 'azid-system', 'azid-controller', { audiences }, never)).token;
  const kubeconfig = join(folder, 'controller');
  await cluster.plane.writeKubeconfig(kubeconfig, { token: await token([]) });
  await writeFile(join(folder, 'token'), await token(['api://AzureADTokenExchange']));
  const azid = new Azid([
    'controller',
    ...azureFlags(),
    ...['--kubeconfig', kubeconfig, '--listen-address', '127.0.0.1:0', '--azure-lag', '1s'],
    ...['--federated-token-file', join(folder, 'token'), '--cluster-issuer', cluster.plane.issuer],
  ]);
  running.push(azid);
  await azid.says('"working"');
  return azid;
}

it('all is ok where azid works as deploy/ says, and nothing is written to either side', async () => {
  await startController();
  await until('the policy to be in force', async () => {
    const [policy] = await cluster.list(KINDS[0]?.resource ?? clusterRoles);
    return JSON.stringify(policy).includes('Accepted');
  });
  const before = await Promise.all(KINDS.map(({ resource: each }) => cluster.list(each)));
  const since = azure.requests().length;
  const checked = await check();
  expect(wrong(checked)).toEqual([]);
  expect(checked.code).toBe(0);
  expect(checked.of('crds')).toMatchObject([{ message: '11 of 11 kinds are installed as of this version' }]);
  expect(checked.of('rbac')).toMatchObject([{ message: expect.stringMatching(/ has the \d\d rights/) }]);
  expect(checked.of('lease')).toMatchObject([{ message: expect.stringMatching(/ works since 20/) }]);
  expect(checked.of('installation')).toHaveLength(1);
  expect(checked.of('sign-in')).toMatchObject([
    { message: expect.stringContaining(`client ${own.clientId}, principal ${own.principalId}`) },
  ]);
  expect(checked.of('rights').map(({ message }) => message)).toEqual([
    expect.stringContaining(`needed at ${SUB}`),
    expect.stringContaining(`needed at ${SUB}/resourcegroups/quickstart`),
  ]);
  const asked = azure.requests(since).filter(({ operation }) => operation !== 'token');
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(changesAzure)).toEqual([]);
  expect(await Promise.all(KINDS.map(({ resource: each }) => cluster.list(each)))).toEqual(before);
});

describe('what an installer gets wrong', () => {
  it('no controller, no policy, an issuer that Entra cannot reach', async () => {
    await cluster.clean();
    const azid = new Azid(['check', '--azure-as', 'nobody', '--kubeconfig', cluster.plane.kubeconfigPath]);
    expect(await azid.ended).toBe(1);
    expect(azid.output).toContain(
      'unknown  lease: it is not known whether a controller works: there is no Lease',
    );
    expect(azid.output).toContain('problem  policies: there is no IdentityPolicy');
    expect(azid.output).toMatch(
      /problem {2}issuer: Entra cannot reach https:.*\n {9}-> run the API server with/,
    );
    expect(azid.output).not.toContain('sign-in');
    expect(azid.output).toMatch(/\d+ ok, 2 problems, 1 unknown\n$/);
  });

  it('a CRD that is missing, and one of another version', async () => {
    const name = (kind: string) =>
      `${KINDS.find(({ resource: each }) => each.kind === kind)?.resource.plural}.azid.dev`;
    const changed = await cluster.get(customResourceDefinitions, name('EventSource'));
    const [version] = changed?.spec.versions ?? [];
    await cluster.patch(customResourceDefinitions, name('EventSource'), {
      spec: { versions: [{ ...version, additionalPrinterColumns: [] }] },
    });
    await cluster.delete(customResourceDefinitions, name('OrphanRecord'));
    await until('the CRD to be gone', async () => {
      return (await cluster.get(customResourceDefinitions, name('OrphanRecord'))) === undefined;
    });
    try {
      const checked = await check('--azure-as', 'nobody');
      expect(checked.code).toBe(1);
      expect(checked.of('crds').map(({ message }) => message)).toEqual([
        'not installed: OrphanRecord',
        'installed as of another version of azid: EventSource',
        '9 of 11 kinds are installed as of this version',
      ]);
    } finally {
      await Cluster.install(cluster.plane);
    }
  });

  it('rights in Kubernetes, and a ServiceAccount of another name', async () => {
    await cluster.patch(clusterRoles, 'azid-controller', {
      rules: [{ apiGroups: ['azid.dev'], resources: ['*'], verbs: ['get', 'list', 'watch'] }],
    });
    try {
      const checked = await check('--azure-as', 'nobody');
      expect(checked.of('rbac')[0]).toMatchObject({
        state: 'problem',
        message: expect.stringMatching(/get,list,watch configmaps;.* patch rolegrants\.azid\.dev/),
        remedy: expect.stringContaining('ClusterRole'),
      });
    } finally {
      await Cluster.install(cluster.plane);
    }
    const other = await check('--azure-as', 'nobody', '--service-account', 'azid');
    expect(other.of('rbac')).toMatchObject([
      { state: 'problem', message: expect.stringContaining('does not exist') },
    ]);
  });

  it('and no mistake: no right to write outputs in every namespace', async () => {
    await cluster.delete(clusterRoleBindings, 'azid-controller-outputs');
    try {
      // It goes by bindings that it watches itself, so a moment later.
      let found: readonly CheckFinding[] = [];
      await until('the API server to go by that', async () => {
        found = (await check('--azure-as', 'nobody')).of('rbac');
        return found.length > 1;
      });
      expect(found).toMatchObject([
        { state: 'ok', message: expect.stringMatching(/ has the \d\d rights/) },
        {
          state: 'ok',
          message: expect.stringContaining('outputs only where bound'),
          remedy: expect.stringContaining('kubectl create rolebinding'),
        },
      ]);
    } finally {
      await Cluster.install(cluster.plane);
    }
  });

  it('a webhook that nobody serves', async () => {
    await cluster.client.create(
      webhooks,
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: 'guard' },
        webhooks: [
          {
            name: 'guard.example.org',
            admissionReviewVersions: ['v1'],
            sideEffects: 'None',
            clientConfig: { service: { namespace: 'guard', name: 'guard' } },
            rules: [
              { apiGroups: ['azid.dev'], apiVersions: ['*'], resources: ['*'], operations: ['UPDATE'] },
            ],
          },
        ],
      } as never,
      never,
    );
    try {
      const checked = await check('--azure-as', 'nobody');
      expect(checked.of('admission')).toMatchObject([
        {
          state: 'problem',
          message: expect.stringContaining('guard/guard.example.org (Service guard/guard)'),
        },
        { state: 'ok' },
      ]);
    } finally {
      await cluster.delete(webhooks, 'guard');
    }
  });

  it('a client id that nothing federates, and rights in Azure', async () => {
    const stranger = await check('--client-id', TENANT);
    expect(stranger.of('sign-in')).toMatchObject([
      { state: 'problem', remedy: expect.stringContaining('docs/') },
    ]);
    expect(stranger.of('rights')).toEqual([]);
    azure.control.dropRights({ principalId: own.principalId });
    azure.control.grant({ principalId: own.principalId, role: 'Reader', scope: SUB });
    azure.control.settle();
    const reader = await check();
    expect(reader.of('sign-in')).toMatchObject([{ state: 'ok' }]);
    expect(reader.of('rights').map(({ state }) => state)).toEqual(['problem', 'problem']);
    expect(
      reader
        .of('rights')
        .map(({ message }) => message)
        .join(),
    ).toContain('Microsoft.Authorization/roleAssignments/write');
    azure.control.dropRights({ principalId: own.principalId });
    azure.control.settle();
    const nobody = await check();
    expect(nobody.of('rights').map(({ message }) => message)).toEqual([
      expect.stringMatching(/ 8 of 8 are missing: /),
      expect.stringMatching(/ 3 of 3 are missing: /),
    ]);
    expect(nobody.code).toBe(1);
  });

  it('a cluster that is a copy of another one', async () => {
    await startController();
    const maps: Resource = {
      group: '',
      version: 'v1',
      kind: 'ConfigMap',
      plural: 'configmaps',
      namespaced: true,
    };
    await cluster.patch(maps, 'azid-system/azid-installation', { data: { clusterUid: 'other' } });
    const checked = await check('--azure-as', 'nobody');
    expect(checked.of('installation')).toMatchObject([
      { state: 'problem', message: expect.stringContaining('and both acting as one') },
    ]);
    await cluster.delete(maps, 'azid-system/azid-installation');
  });
});

it('without rights of an administrator it says what could not be told', async () => {
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'somebody', namespace: 'default' },
  });
  const { token } = await createToken(cluster.client, 'default', 'somebody', { audiences: [] }, never);
  const kubeconfig = join(folder, 'somebody');
  await cluster.plane.writeKubeconfig(kubeconfig, { token });
  const azid = new Azid([
    'check',
    '--kubeconfig',
    kubeconfig,
    '--cluster-issuer',
    'https://issuer.example.org',
  ]);
  expect(await azid.ended).toBe(2);
  for (const area of ['crds', 'rbac', 'lease', 'admission'])
    expect(azid.output).toMatch(
      new RegExp(`unknown +${area}: .*forbidden.*\\n +-> run the check with the rights`, 'i'),
    );
  expect(azid.output).toMatch(/unknown +sign-in: Azure was not asked/);
  expect(azid.output).toMatch(/ok +policies: /);
  const asController = new Azid(['check', '--kubeconfig', kubeconfig, ...azureFlags()]);
  await asController.ended;
  expect(asController.output).toMatch(
    /unknown +sign-in: whether ServiceAccount azid-system\/azid-controller gets a token: .*forbidden.*\n +-> you need create/i,
  );
});
