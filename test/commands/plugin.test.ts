import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { Cluster } from '../support/testbed.ts';

/** `kubectl azid …`: the same command, called by the real kubectl as its plugin. */

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const MANIFEST = new URL('../../package.json', import.meta.url);

let cluster: Cluster;
let folder: TemporaryFolder;
let kubectlPath: string;
beforeAll(async () => {
  cluster = await Cluster.start();
  folder = await temporaryFolder();
  kubectlPath = await cluster.plane.kubectlPath();
  // What npm makes of `bin` in package.json.
  await symlink(MAIN, folder.file('kubectl-azid'));
  await symlink(process.execPath, folder.file('node'));
});
afterAll(async () => {
  await cluster?.stop();
  await folder?.[Symbol.asyncDispose]();
});

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function kubectl(...args: readonly string[]): Promise<Run> {
  const env = {
    PATH: `${folder.path}:${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: folder.path,
    KUBECONFIG: cluster.plane.kubeconfigPath,
  };
  try {
    const { stdout, stderr } = await promisify(execFile)(kubectlPath, [...args], { env });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

describe('kubectl azid', () => {
  it('is what package.json installs under that name', async () => {
    const { default: manifest } = (await import(MANIFEST.href, { with: { type: 'json' } })) as {
      default: { bin: Record<string, string> };
    };
    expect(manifest.bin['kubectl-azid']).toBe('src/main.ts');
    expect(manifest.bin['kubectl-azid']).toBe(manifest.bin.azid);
    expect(join(dirname(fileURLToPath(MANIFEST)), 'src/main.ts')).toBe(MAIN);
  });

  it('is found by kubectl', async () => {
    const { out } = await kubectl('plugin', 'list');
    expect(out).toContain(folder.file('kubectl-azid'));
  });

  it('works in the cluster of the kubeconfig, and hands on exit codes', async () => {
    const versions = await kubectl('azid', 'version', '-o', 'json');
    expect([versions.code, versions.err]).toEqual([0, '']);
    expect(JSON.parse(versions.out)).toMatchObject({
      client: { version: expect.any(String), apiVersion: 'v1alpha1' },
      crds: { versions: ['v1alpha1'], kinds: 11, installed: 11, ofThisVersion: 11 },
    });
    const explained = await kubectl('azid', 'explain', 'PolicyDenied', '--kind', 'grant');
    expect(explained.out).toContain('RoleGrant (grant): ');
    const unknown = await kubectl('azid', 'explain', 'PolicyDenid');
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('did you mean PolicyDenied?')]);
    const missing = await kubectl('azid', 'status', 'uai/none', '-n', 'default');
    expect([missing.code, missing.err]).toEqual([
      1,
      expect.stringContaining('expected UserAssignedIdentity none'),
    ]);
  });

  it('names itself in its help as it was called', async () => {
    const { out } = await kubectl('azid', 'status', '--help');
    expect(out).toMatch(/^Usage: kubectl azid status \[options\] <object>/);
    expect((await kubectl('azid', 'check', '--azure-as', 'root')).err).toContain(
      'Allowed choices are controller, caller, nobody.',
    );
  });
});

it('azid version tells of the controller by its Deployment, and says what it cannot know', async () => {
  const deployment = (await kubectl('get', 'deployment', '-n', 'azid-system', '-o', 'name')).out.trim();
  const { out } = await kubectl('azid', 'version');
  expect(out).toMatch(/^Client: \d.*\nCRDs: v1alpha1: 11 of 11 kinds, 11 as of this client's version\n/);
  if (deployment === '')
    expect(out).toContain('Controller: unknown: no Deployment of ServiceAccount azid-controller');
  else expect(out).toMatch(/Controller: \S+ \(image \S+ of Deployment azid-system\//);
  const other = await kubectl('azid', 'version', '--namespace', 'default');
  expect(other.out).toContain(
    'Controller: unknown: no Deployment of ServiceAccount azid-controller in namespace default',
  );
  const alone = await kubectl('azid', 'version', '--client');
  expect(alone.out).toMatch(/^Client: .*\n$/);
});
