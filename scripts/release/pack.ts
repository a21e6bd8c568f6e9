/** What people download: chart, manifests, plugin, krew's manifest and the sums of all of them, in one folder, with the image named by its digest. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseDocument, stringify } from 'yaml';
import { krewManifest, packPlugin } from './plugin.ts';
import { versionOf } from './version.ts';

export interface ReleaseOptions {
  /** Of the repository. */
  readonly root: string;
  /** What `npm run build` wrote. */
  readonly dist: string;
  /** Does not exist yet, or is empty. */
  readonly folder: string;
  /** `owner/name`, from which people download. */
  readonly repository: string;
  readonly image: { readonly repository: string; readonly digest: string };
  /** Files that are published with the rest, under their own names: the bills of materials of the images. */
  readonly extra?: readonly string[];
  readonly programs: { readonly helm: string; readonly kubectl: string };
}

/** The names of what it wrote, sorted. */
export async function packRelease(options: ReleaseOptions): Promise<string[]> {
  checked(options);
  const { root, dist, image, programs } = options;
  const folder = resolve(options.folder);
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0)
    throw new Error(
      `expected ${folder} to be empty or not there, found files; remove it or name another folder`,
    );
  const version = await versionOf(root);
  // Beside the result: kustomize follows no absolute path, and a relative one wants to know from where.
  const scratch = await mkdtemp(`${folder}.`);
  try {
    await packChart({ root, image, helm: programs.helm, scratch: join(scratch, 'chart'), folder });
    const base = join(root, 'deploy/kustomize/base');
    await writeFile(
      join(folder, 'install.yaml'),
      await rendered(programs.kubectl, base, join(scratch, 'install'), image),
    );
    await writeFile(
      join(folder, 'crds.yaml'),
      await rendered(programs.kubectl, join(root, 'crds'), join(scratch, 'crds')),
    );
    const archive = `kubectl-azid-${version}.tar.gz`;
    await packPlugin(dist, join(scratch, 'plugin'), join(folder, archive), root);
    const manifest = krewManifest({
      version,
      repository: options.repository,
      sha256: sha256(await readFile(join(folder, archive))),
      url: `https://github.com/${options.repository}/releases/download/v${version}/${archive}`,
    });
    await writeFile(join(folder, 'krew.yaml'), stringify(manifest));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  await copyFile(join(root, 'deploy/azure/bicep/main.json'), join(folder, 'azure.json'));
  for (const file of options.extra ?? []) await copyFile(file, join(folder, basename(file)));
  await writeSums(folder);
  return (await readdir(folder)).sort();
}

function checked({ repository, image }: ReleaseOptions): void {
  const wanted: readonly (readonly [name: string, value: string, form: RegExp, example: string])[] = [
    ['repository', repository, /^[\w.-]+\/[\w.-]+$/, 'owner/azid'],
    // A registry refuses capitals; the name of a repository's owner may have some.
    [
      'image',
      image.repository,
      /^[a-z0-9][a-z0-9.:-]*(?:\/[a-z0-9._-]+)+$/,
      'registry.example/azid, in small letters',
    ],
    ['digest', image.digest, /^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits'],
  ];
  for (const [name, value, form, example] of wanted)
    if (!form.test(value)) throw new Error(`--${name}: expected ${example}, got ${JSON.stringify(value)}`);
}

interface ChartPackage extends Pick<ReleaseOptions, 'root' | 'image' | 'folder'> {
  readonly helm: string;
  readonly scratch: string;
}

/** As it is in the repository, but that its image is the one of this release. */
async function packChart({ root, image, helm, scratch, folder }: ChartPackage): Promise<void> {
  const chart = join(scratch, 'azid');
  await cp(join(root, 'deploy/helm/azid'), chart, { recursive: true });
  const [values, about] = [join(chart, 'values.yaml'), join(chart, 'Chart.yaml')];
  const given = parseDocument(await readFile(values, 'utf8'));
  given.setIn(['image', 'repository'], image.repository);
  given.setIn(['image', 'digest'], image.digest);
  await writeFile(values, given.toString({ lineWidth: 0 }));
  const annotated = parseDocument(await readFile(about, 'utf8'));
  const images = [{ name: 'azid', image: `${image.repository}@${image.digest}` }];
  annotated.setIn(['annotations', 'artifacthub.io/images'], stringify(images));
  await writeFile(about, annotated.toString({ lineWidth: 0 }));
  await promisify(execFile)(helm, ['package', chart, '--destination', folder]);
}

/** What kubectl makes of a folder of the repository, with the image of this release. */
async function rendered(
  kubectl: string,
  base: string,
  scratch: string,
  image?: ReleaseOptions['image'],
): Promise<string> {
  await mkdir(scratch);
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(scratch, base)],
    ...(image && { images: [{ name: 'azid', newName: image.repository, digest: image.digest }] }),
  };
  await writeFile(join(scratch, 'kustomization.yaml'), stringify(kustomization));
  return (await promisify(execFile)(kubectl, ['kustomize', scratch], { maxBuffer: 64 * 2 ** 20 })).stdout;
}

/** In the form of `sha256sum --check`. */
async function writeSums(folder: string): Promise<void> {
  const names = (await readdir(folder)).sort();
  const lines = await Promise.all(
    names.map(async (name) => `${sha256(await readFile(join(folder, name)))}  ${name}\n`),
  );
  await writeFile(join(folder, 'SHA256SUMS'), lines.join(''));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
