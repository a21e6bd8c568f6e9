import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { assembleRootfs, contentsOf } from '../../scripts/image/rootfs.ts';
import { packRelease, type ReleaseOptions } from '../../scripts/release/pack.ts';
import { softwareBill } from '../../scripts/release/sbom.ts';
import { versionOf } from '../../scripts/release/version.ts';
import { getBinaries } from '../../src/sandbox/apiserver/binaries/binaries.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { bundleProduct } from '../../src/sandbox/controller/bundle.ts';
import { helmProgram, KUBE, type Manifest, named, ROOT, renderOverlay } from '../deploy/tools.ts';
import { buildGoProgram } from '../support/process/go-program.ts';

/** What a release would publish, packed here with an invented digest: it is what the tests of `test/deploy` install. */

const run = promisify(execFile);
const version = await versionOf(ROOT);
const DIGEST = `sha256:${'d'.repeat(64)}`;
const IMAGE = { repository: 'registry.example/azid', digest: DIGEST };

let folder: TemporaryFolder;
let kubectl: string;
let helm: string;
let names: readonly string[];
const file = (name: string) => folder.file(`release/${name}`);
const text = (name: string) => readFile(file(name), 'utf8');
const pack = (to: string, options: Partial<Pick<ReleaseOptions, 'repository' | 'image' | 'extra'>> = {}) =>
  packRelease({
    root: ROOT,
    dist: folder.file('dist'),
    folder: folder.file(to),
    repository: 'example/azid',
    image: IMAGE,
    programs: { helm, kubectl },
    ...options,
  });

beforeAll(async () => {
  folder = await temporaryFolder();
  [{ kubectl }, helm] = await Promise.all([getBinaries(['kubectl']), helmProgram()]);
  await bundleProduct(folder.file('dist'));
  await writeFile(folder.file('sbom-amd64.spdx.json'), '{}');
  names = await pack('release', { extra: [folder.file('sbom-amd64.spdx.json')] });
}, 900_000);
afterAll(() => folder?.[Symbol.asyncDispose]());

const manifestsIn = (yaml: string) =>
  parseAllDocuments(yaml).flatMap((document) => (document.toJS() as Manifest | null) ?? []);
const byName = (manifests: readonly Manifest[]) =>
  Object.fromEntries(manifests.map((each) => [named(each), each]));

it('is these files, and nothing of the making is left', async () => {
  expect(names).toEqual([
    'SHA256SUMS',
    `azid-${version}.tgz`,
    'azure.json',
    'crds.yaml',
    'install.yaml',
    'krew.yaml',
    `kubectl-azid-${version}.tar.gz`,
    'sbom-amd64.spdx.json',
  ]);
  expect((await readdir(folder.path)).sort()).toEqual(['dist', 'release', 'sbom-amd64.spdx.json']);
});

it('has the sum of each file, as sha256sum checks them', async () => {
  const { stdout } = await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: file('') });
  expect(stdout.trim().split('\n')).toEqual(names.slice(1).map((name) => `${name}: OK`));
});

describe('the chart', () => {
  it('gives what the chart of the repository gives with the same image', async () => {
    const args = (chart: string, ...more: string[]) => [
      ...['template', 'azid', chart, ...KUBE, '--namespace', 'azid-system'],
      ...['-f', 'deploy/helm/azid/ci/example-values.yaml', ...more],
    ];
    // The example's repository would win over the one of the release.
    const unset = ['--set', `image.repository=${IMAGE.repository}`];
    const [packed, ours] = await Promise.all(
      [
        args(file(`azid-${version}.tgz`), ...unset),
        args('deploy/helm/azid', ...unset, '--set', `image.digest=${DIGEST}`),
      ].map(async (each) => (await run(helm, each, { cwd: ROOT, maxBuffer: 64 * 2 ** 20 })).stdout),
    );
    expect(byName(manifestsIn(packed ?? ''))).toEqual(byName(manifestsIn(ours ?? '')));
    expect(packed).toContain(`registry.example/azid:${version}@${DIGEST}`);
  });

  it('names its image by itself, for whoever installs and for Artifact Hub', async () => {
    const show = async (what: string) =>
      parse((await run(helm, ['show', what, file(`azid-${version}.tgz`)])).stdout);
    expect((await show('values')).image).toMatchObject(IMAGE);
    const { version: chartVersion, annotations } = await show('chart');
    expect(chartVersion).toBe(version);
    expect(parse(annotations['artifacthub.io/images'])).toEqual([
      { name: 'azid', image: `registry.example/azid@${DIGEST}` },
    ]);
    expect(parse(annotations['artifacthub.io/crds'])).toHaveLength(11);
  });
});

describe('the manifests', () => {
  it('are those of the overlay that the tests install, but for the ids and the digest', async () => {
    const [installed, tested] = [
      byName(manifestsIn(await text('install.yaml'))),
      byName(await renderOverlay()),
    ];
    expect(Object.keys(installed)).toEqual(Object.keys(tested));
    const deployment = 'Deployment/azid-system/azid-controller';
    const { [deployment]: ours, ...others } = installed;
    const { [deployment]: example, ...rest } = tested;
    expect(others).toEqual(rest);
    const plain = JSON.stringify(example)
      .replace(`registry.example/azid:${version}`, `registry.example/azid@${DIGEST}`)
      .replaceAll(/("name":"AZURE_(?:TENANT|CLIENT)_ID","value":)"[^"]+"/g, '$1""');
    expect(ours).toEqual(JSON.parse(plain));
  });

  it('of the kinds are those of crds/', async () => {
    const folderOf = fileURLToPath(new URL('../../crds/', import.meta.url));
    const own = (await readdir(folderOf)).filter((name) => name.endsWith('.yaml'));
    const each = await Promise.all(own.map((name) => readFile(join(folderOf, name), 'utf8')));
    expect(byName(manifestsIn(await text('crds.yaml')))).toEqual(byName(each.flatMap(manifestsIn)));
    expect(own).toHaveLength(11);
  });
});

it("Azure's side is the template that the tests deploy", async () => {
  expect(await text('azure.json')).toBe(await readFile(join(ROOT, 'deploy/azure/bicep/main.json'), 'utf8'));
});

describe('the plugin', () => {
  let home: string;
  let krew: string;
  beforeAll(async () => {
    krew = await buildGoProgram({
      name: 'krew',
      folder: fileURLToPath(new URL('.', import.meta.url)),
      package: 'sigs.k8s.io/krew/cmd/krew',
    });
    home = folder.file('home');
    await mkdir(home);
  }, 900_000);
  const install = (manifest: string) =>
    run(krew, ['install', `--manifest=${manifest}`, `--archive=${file(`kubectl-azid-${version}.tar.gz`)}`], {
      env: { HOME: home, KREW_ROOT: join(home, 'krew'), PATH: '/usr/bin:/bin' },
    });

  it('is refused by krew where the sum is another', async () => {
    const wrong = folder.file('azid.yaml');
    await writeFile(wrong, (await text('krew.yaml')).replace(/sha256: .*/, `sha256: ${'a'.repeat(64)}`));
    await expect(install(wrong)).rejects.toThrow(/checksum does not match/);
  });

  it('is taken by krew, and called by kubectl', async () => {
    const { stderr } = await install(file('krew.yaml'));
    expect(stderr).toContain('Installed plugin: azid');
    const bin = join(home, 'bin');
    await mkdir(bin);
    await symlink(process.execPath, join(bin, 'node'));
    const env = { HOME: home, PATH: `${join(home, 'krew/bin')}:${bin}:/usr/bin:/bin` };
    const { stdout } = await run(kubectl, ['azid', 'version', '--client'], { env });
    expect(stdout).toContain(version);
    const help = await run(kubectl, ['azid', 'status', '--help'], { env });
    expect(help.stdout).toMatch(/^Usage: kubectl azid status/);
  });

  it('is downloaded from the release of this version', async () => {
    const { spec } = parse(await text('krew.yaml'));
    expect(spec.version).toBe(`v${version}`);
    expect(spec.platforms[0].uri).toBe(
      `https://github.com/example/azid/releases/download/v${version}/kubectl-azid-${version}.tar.gz`,
    );
  });

  it('is the same to the byte when it is packed again', async () => {
    await pack('again');
    const archive = `kubectl-azid-${version}.tar.gz`;
    expect((await readFile(folder.file(`again/${archive}`))).equals(await readFile(file(archive)))).toBe(
      true,
    );
  });
});

describe('nothing is packed', () => {
  it.each([
    [
      'without a digest',
      { image: { ...IMAGE, digest: 'sha256:abc' } },
      '--digest: expected sha256: and 64 hexadecimal',
    ],
    [
      'for a name with capitals',
      { image: { ...IMAGE, repository: 'registry.example/Azid' } },
      '--image: expected',
    ],
    ['for no repository', { repository: 'azid' }, '--repository: expected owner/azid, got "azid"'],
  ])('%s', async (_, options, message) => {
    await expect(pack('refused', options)).rejects.toThrow(message);
    expect(await readdir(folder.path)).not.toContain('refused');
  });

  it('over what is there', async () => {
    await expect(pack('release')).rejects.toThrow('to be empty or not there, found files');
  });
});

describe.runIf(process.platform === 'linux')('the bill of materials', () => {
  it('has every package of the bundle, Node, and every library of the image', async () => {
    const rootfs = folder.file(`rootfs-${randomUUID()}`);
    await assembleRootfs({ target: rootfs, dist: folder.file('dist'), node: process.execPath });
    const { packages } = JSON.parse(await softwareBill(ROOT, rootfs)) as {
      packages: { name: string; versionInfo: string; comment?: string }[];
    };
    const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    const versions = new Map(packages.map(({ name, versionInfo }) => [name, versionInfo]));
    for (const [name, wanted] of Object.entries({
      ...manifest.dependencies,
      node: manifest.devDependencies.node,
      azid: version,
    }))
      expect([name, versions.get(name)]).toEqual([name, wanted]);
    for (const name of ['vitest', 'typescript', 'rolldown', '@biomejs/biome'])
      expect(Object.keys(manifest.devDependencies).includes(name) && versions.has(name), name).toBe(false);
    const described = packages.map(({ comment = '' }) => comment).join(', ');
    const others = (await contentsOf(rootfs)).filter((path) => !/^\/(azid|etc)\//.test(path));
    expect(others.filter((path) => !described.includes(path))).toEqual([]);
    expect(others.length).toBeGreaterThan(5);
    const bundled = await bundledPackages();
    expect(bundled.length).toBeGreaterThan(50);
    expect(bundled.filter((name) => !versions.has(name))).toEqual([]);
  });
});

/** Whose code is in the bundle, as the bundler tells. */
async function bundledPackages(): Promise<readonly string[]> {
  const found = new Set<string>();
  await bundleProduct(folder.file('dist'), (module) => {
    const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module) ?? [];
    if (name !== undefined) found.add(name);
  });
  return [...found];
}
