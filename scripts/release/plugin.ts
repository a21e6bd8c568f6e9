/**
 * `kubectl azid` as an archive that krew unpacks, or anybody else: the bundle and a file by which kubectl finds it. It needs Node, since
 * the bundle does; a program with Node inside would be a hundred times as large.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PROGRAM = 'kubectl-azid';

/** What kubectl runs. An own file and not a link: archives are unpacked where there are no links, too. */
const LAUNCHER = `#!/usr/bin/env node
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  process.stderr.write(\`kubectl azid: expected Node 24 or newer on the PATH, got \${process.versions.node}\\n\`);
  process.exit(1);
}
import('./azid.mjs');
`;

/** Writes the archive from the bundle in `dist`; `scratch` is an empty folder. */
export async function packPlugin(
  dist: string,
  scratch: string,
  archive: string,
  root: string,
): Promise<void> {
  await mkdir(scratch, { recursive: true });
  const bundle = (await readdir(dist)).filter((name) => name.endsWith('.mjs'));
  if (!bundle.includes('azid.mjs'))
    throw new Error(
      `expected ${dist} to hold azid.mjs, found ${bundle.join(', ') || 'nothing'}; run \`npm run build\` first`,
    );
  for (const name of bundle) {
    await copyFile(join(dist, name), join(scratch, name));
    await chmod(join(scratch, name), 0o644);
  }
  await copyFile(join(root, 'LICENSE'), join(scratch, 'LICENSE'));
  await chmod(join(scratch, 'LICENSE'), 0o644);
  await writeFile(join(scratch, PROGRAM), LAUNCHER);
  await chmod(join(scratch, PROGRAM), 0o755);
  await reproducibly(scratch, archive);
}

/** The same bytes for the same files: neither names nor times of whoever packs. */
async function reproducibly(folder: string, archive: string): Promise<void> {
  const names = (await readdir(folder)).sort();
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--format=ustar'];
  await promisify(execFile)('tar', [...same, '-C', folder, '-I', 'gzip -n', '-cf', archive, ...names]);
}

export interface KrewRelease {
  readonly version: string;
  readonly repository: string;
  readonly sha256: string;
  readonly url: string;
}

/** The manifest for krew's index: krew.sigs.k8s.io/docs/developer-guide/plugin-manifest. */
export function krewManifest({ version, repository, sha256, url }: KrewRelease): object {
  return {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'azid' },
    spec: {
      version: `v${version}`,
      homepage: `https://github.com/${repository}`,
      shortDescription: 'Azure managed identities kept by azid: why, and why not',
      description:
        'Shows the objects of azid: what each has in Azure, what refers to it and which rule of a policy allows or denies it; checks an ' +
        'installation, explains the reasons that objects give, and takes azid out of a cluster in order.\n',
      caveats: 'Needs Node.js 24 or newer on the PATH.\n',
      platforms: [
        {
          selector: { matchExpressions: [{ key: 'os', operator: 'In', values: ['darwin', 'linux'] }] },
          uri: url,
          sha256,
          bin: PROGRAM,
        },
      ],
    },
  };
}
