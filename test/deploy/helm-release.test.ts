import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../src/sandbox/apiserver/control-plane.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { Kubectl } from '../../src/sandbox/cluster.ts';
import { until } from '../support/testbed.ts';
import { ALL_ADMISSION } from './admission.ts';
import { buildHelm, CHART, ROOT } from './tools.ts';

/** A release of the chart from its first day to its last, on an API server with all admission on: what goes with it, and what stays. */

const { signal } = new AbortController();
let folder: TemporaryFolder;
let plane: ControlPlane;
let kubectl: Kubectl;
let helm: (...args: readonly string[]) => Promise<string>;
beforeAll(async () => {
  const program = await buildHelm();
  folder = await temporaryFolder();
  plane = await startControlPlane({ log: () => {}, admin: 'token', ...ALL_ADMISSION });
  kubectl = new Kubectl({
    binary: await plane.kubectlPath(),
    kubeconfig: plane.kubeconfigPath,
    folder: folder.path,
  });
  helm = (...args) => program([...args, '--namespace', 'azid-system', '--kubeconfig', plane.kubeconfigPath]);
}, 900_000);
afterAll(async () => {
  await plane?.stop();
  await folder?.[Symbol.asyncDispose]();
});

const run = (...args: string[]) => kubectl.run(args, signal);
const VALUES = ['-f', `${CHART}/ci/example-values.yaml`, '--set', 'namespace.create=false'];
const list = async (kind: string) =>
  (await run('get', kind, '-A', '-o', 'name'))
    .trim()
    .split('\n')
    .filter((name) => name.includes('azid'));
const uidOf = (name: string) => run('get', name, '-o', 'jsonpath={.metadata.uid}');

it('is installed, upgraded, uninstalled and installed again, and no object of azid goes meanwhile', async () => {
  await run('apply', '--server-side', '-f', join(ROOT, 'deploy/kustomize/base/namespace.yaml'));
  const notes = await helm('install', 'azid', CHART, ...VALUES);
  expect(notes).toContain('system:serviceaccount:azid-system:azid-controller');
  const crds = await list('crds');
  expect(crds.length).toBeGreaterThan(10);
  await until('the kinds to be served', () =>
    run('wait', '--for=condition=Established', ...crds).then(
      () => true,
      () => false,
    ),
  );
  await until('a policy to be taken', () =>
    run('create', '-f', join(ROOT, 'examples/quickstart/1-policy.yaml')).then(
      () => true,
      () => false,
    ),
  );
  const [policy = ''] = (await run('get', 'identitypolicies', '-o', 'name')).trim().split('\n');
  const uids = { policy: await uidOf(policy), crd: await uidOf(crds[0] ?? '') };

  await helm('upgrade', 'azid', CHART, ...VALUES, '--set', 'replicas=3');
  const deployment = ['get', 'deployment', '-n', 'azid-system', 'azid-controller'];
  expect(await run(...deployment, '-o', 'jsonpath={.spec.replicas}')).toBe('3');

  const uninstalled = await helm('uninstall', 'azid');
  expect(uninstalled).toContain('kept due to the resource policy');
  for (const kind of [
    'deployments',
    'networkpolicies',
    'clusterroles',
    'clusterrolebindings',
    'serviceaccounts',
  ])
    expect(
      (await list(kind)).filter((name) => name.includes('azid-controller')),
      kind,
    ).toEqual([]);
  expect(await list('crds')).toEqual(crds);
  expect({ policy: await uidOf(policy), crd: await uidOf(crds[0] ?? '') }).toEqual(uids);
  expect(await list('namespaces')).toEqual(['namespace/azid-system']);

  await helm('install', 'azid', CHART, ...VALUES);
  expect({ policy: await uidOf(policy), crd: await uidOf(crds[0] ?? '') }).toEqual(uids);
  expect(await run(...deployment, '-o', 'jsonpath={.spec.replicas}')).toBe('2');
});

/** As a release packs it (scripts/release/pack.ts): its image stands among the defaults. */
async function released(version: string): Promise<{ chart: string; image: string }> {
  const chart = folder.file(version);
  await cp(join(ROOT, CHART), chart, { recursive: true });
  const values = join(chart, 'values.yaml');
  const digest = `sha256:${version.repeat(64)}`;
  await writeFile(values, (await readFile(values, 'utf8')).replace('digest: ""', `digest: ${digest}`));
  return { chart, image: digest };
}

it('gets the image of a newer chart as docs/guides/upgrade.md says, and keeps the values that were given', async () => {
  const [old, next] = [await released('a'), await released('b')];
  const deployed = async () => {
    const path = '{.spec.template.spec.containers[0].image} {.spec.replicas}';
    return run('get', 'deployment', '-n', 'azid-system', 'azid-controller', '-o', `jsonpath=${path}`);
  };
  await helm('upgrade', '--install', 'azid', old.chart, ...VALUES, '--set', 'replicas=3');
  expect(await deployed()).toMatch(new RegExp(`@${old.image} 3$`));
  await helm('upgrade', 'azid', next.chart, '--reset-then-reuse-values');
  expect(await deployed()).toMatch(new RegExp(`@${next.image} 3$`));
  // What the guide warns of.
  await helm('upgrade', 'azid', old.chart, '--reuse-values');
  expect(await deployed()).toMatch(new RegExp(`@${next.image} 3$`));
  // And back: the ids that were given stay, and the CRDs as they are, until they are asked for again.
  const crds = await list('crds');
  await helm('upgrade', 'azid', old.chart, '--reset-then-reuse-values', '--set', 'crds.install=false');
  expect(await deployed()).toMatch(new RegExp(`@${old.image} 3$`));
  expect(await list('crds')).toEqual(crds);
  await expect(helm('upgrade', 'azid', old.chart, '--set', 'crds.install=false')).rejects.toThrow(
    'azure.tenantId',
  );
  await helm('upgrade', 'azid', next.chart, '--reset-then-reuse-values', '--set', 'crds.install=true');
  expect(await list('crds')).toEqual(crds);
});
