import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { timestamp } from '../../src/runtime/status/conditions.ts';
import { MAX_SHORT_MESSAGE, shortMessage } from '../../src/runtime/status/message.ts';
import { useStage } from '../support/stage.ts';
import { sample } from '../support/status/samples.ts';
import { until } from '../support/testbed.ts';

/** What `kubectl get` shows, asked as the editor of a namespace: no error, no line that a terminal breaks. */
const stage = useStage({ cluster: { controllerManager: true } });
const WIDTH = 120;
const EDITOR = 'editor';
/** As long as the names of examples and guides are. */
const NAME = 'shop-frontend-blobs';
const LONG =
  'no policy allows role Storage Blob Data Contributor on /subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/quickstart for ServicePrincipal 99999999-2222-4333-8444-555555555555; ask an administrator for a policy that does';

let folder: string;
let kubectl: (...args: string[]) => Promise<{ stdout: string; stderr: string }>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azid-tables-'));
  const kubeconfig = join(folder, 'editor');
  await stage.cluster.plane.writeKubeconfig(kubeconfig, { user: EDITOR });
  const binary = await stage.cluster.plane.kubectlPath();
  kubectl = (...args) =>
    promisify(execFile)(binary, [
      '--kubeconfig',
      kubeconfig,
      '--cache-dir',
      join(folder, 'cache'),
      '-n',
      stage.namespace,
      ...args,
    ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  await stage.cluster.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: EDITOR, namespace: stage.namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: EDITOR }],
  });
  await until('the role to be aggregated', () =>
    kubectl('auth', 'can-i', 'list', 'uai').then(
      () => true,
      () => false,
    ),
  );
  for (const { resource } of KINDS) {
    const object = await stage.cluster.apply(sample(resource, NAME, stage.namespace));
    const { name, namespace } = object.metadata;
    const at = timestamp(stage.world.clock.now());
    const condition = { type: 'Ready', status: 'Unknown', reason: 'FederatedCredentialLimitReached' };
    await stage.cluster.patch(
      resource,
      namespace ? `${namespace}/${name}` : name,
      {
        status: {
          summary: shortMessage(LONG),
          conditions: [{ ...condition, message: LONG, lastTransitionTime: at }],
        },
      },
      'status',
    );
  }
});

const widest = (text: string) => Math.max(...text.split('\n').map((line) => [...line.trimEnd()].length));

it('`kubectl get azid` shows an editor all there is, within 120 columns, with a message on every line', async () => {
  const { stdout, stderr } = await kubectl('get', 'azid');
  expect(stderr).toBe('');
  expect(widest(stdout), stdout).toBeLessThanOrEqual(WIDTH);
  for (const { resource, internal } of KINDS)
    expect(stdout.includes(`${resource.kind.toLowerCase()}.azid.dev/`), resource.kind).toBe(!internal);
  const lines = stdout.split('\n').filter((line) => line.includes(`/${NAME} `));
  expect(lines).toHaveLength(KINDS.filter(({ internal }) => !internal).length);
  for (const line of lines) expect(line).toContain('no policy allows role Storage Blob Data');
});

describe.each(KINDS.map((kind) => [kind.resource.kind, kind] as const))('a table of %s', (_, kind) => {
  const { plural } = kind.resource;

  it('fits 120 columns, and what is long comes with -o wide', async () => {
    if (kind.internal) return;
    const { stdout } = await kubectl('get', plural);
    expect(widest(stdout), stdout).toBeLessThanOrEqual(WIDTH);
    const wide = await kubectl('get', plural, '-o', 'wide');
    expect(wide.stdout).toContain(LONG);
    expect(wide.stdout).toContain('FederatedCredentialLimitReached');
    expect(wide.stdout).not.toContain('<invalid>');
  });

  it('has a short message by default, and no column that could be longer', () => {
    const shown = kind.columns.filter(({ priority = 0 }) => priority === 0);
    expect(shown.map(({ name }) => name)).toContain('Message');
    for (const { name, type } of shown) {
      const short = type === 'integer' || type === 'date' || name === 'Ready' || name === 'Message';
      expect(short, name).toBe(true);
    }
    expect(MAX_SHORT_MESSAGE).toBeLessThan(WIDTH);
  });
});

it('the editor reads policies, and nothing of azid’s own ledgers', async () => {
  await expect(kubectl('get', 'hostid')).rejects.toThrow('Forbidden');
  await expect(kubectl('get', 'hostid', '-n', 'azid-system')).rejects.toThrow('Forbidden');
  await expect(kubectl('delete', 'idpol', NAME)).rejects.toThrow('Forbidden');
  expect((await kubectl('get', 'idpol', NAME)).stderr).toBe('');
});

it('what azid says of an object shows in short, and in full with -o wide', async () => {
  await stage.world.start();
  await stage.declare('web');
  await stage.ready('web');
  expect((await kubectl('get', 'uai', 'web')).stdout).toMatch(
    /^web +True +identity …\/web is as declared +/m,
  );
  // Who changed it last.
  expect((await kubectl('get', 'uai', 'web', '-o', 'wide')).stdout).toMatch(
    /CHANGED-BY.*\n.* azid \([0-9a-f-]{36}\) /,
  );
  await stage.declare('lost', { resourceGroup: 'rg2' });
  const message = await stage.stalled('lost', 'PolicyDenied');
  expect((await kubectl('get', 'uai', 'lost')).stdout).toMatch(/^lost +False +\S.{10,} +\d+s$/m);
  expect((await kubectl('get', 'uai', 'lost', '-o', 'wide')).stdout).toContain(message);
  await stage.declare('web', { suspend: true });
  await stage.suspended('web', 'InSync');
  expect((await kubectl('get', 'uai', 'web')).stdout).toContain('spec.suspend is true');
});
