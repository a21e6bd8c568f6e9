/** The version: where it stands, and how all of these places get another one at once. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Place {
  readonly path: string;
  /** Each match is one place; the version is its second group. Has the flag `g`. */
  readonly pattern: RegExp;
}

/** semver.org, without build metadata, which an image's tag cannot have. */
const VERSION = String.raw`\d+\.\d+\.\d+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?`;
const place = (path: string, before: string): Place => ({
  path,
  pattern: new RegExp(`(${before})(${VERSION})`, 'gm'),
});

/** Besides `deploy/helm/azid/Chart.yaml`, which `npm run generate` writes from package.json. */
export const PLACES: readonly Place[] = [
  place('package.json', '^ {2}"version": "'),
  // Of the package itself, which the lock file names twice.
  place('package-lock.json', String.raw`^ {2,6}"name": "azid",\n {2,6}"version": "`),
  place('deploy/kustomize/base/controller.yaml', 'image: azid:'),
  place('deploy/kustomize/overlays/example/kustomization.yaml', 'newTag: '),
  place('deploy/kustomize/overlays/two-shards/kustomization.yaml', 'newTag: '),
  place('deploy/kustomize/overlays/two-shards/blue.yaml', 'image: azid:'),
  place('deploy/image/Dockerfile', String.raw`^# .*\/azid:`),
  place('SECURITY.md', String.raw`\/azid:`),
  place('docs/guides/run-on-azure.md', String.raw`\/azid:|newTag: `),
];
const CHART = place('deploy/helm/azid/Chart.yaml', '^(?:version|appVersion): ');

/** Of package.json. */
export async function versionOf(root: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** Every place with the version that stands there: `deploy/image/Dockerfile: 0.1.0`. */
export async function versionsNamed(root: string): Promise<{ path: string; version: string }[]> {
  const found = await Promise.all(
    [...PLACES, CHART].map(async ({ path, pattern }) => {
      const matches = [...(await readFile(join(root, path), 'utf8')).matchAll(pattern)];
      if (matches.length === 0)
        throw new Error(
          `${path}: expected a version after ${pattern.source}, found none; correct scripts/release/version.ts`,
        );
      return matches.map(([, , version = '']) => ({ path, version }));
    }),
  );
  return found.flat();
}

/** Writes it to every place; returns the paths of the files that changed. */
export async function setVersion(root: string, version: string): Promise<string[]> {
  if (!new RegExp(`^${VERSION}$`).test(version))
    throw new Error(`version: expected one such as 0.2.0 or 1.0.0-rc.1, got ${JSON.stringify(version)}`);
  const changed: string[] = [];
  for (const { path, pattern } of PLACES) {
    const text = await readFile(join(root, path), 'utf8');
    const written = text.replaceAll(pattern, (_, before: string) => before + version);
    if (written === text) continue;
    await writeFile(join(root, path), written);
    changed.push(path);
  }
  return changed;
}

/** Throws unless the tag is `v` and the version that every place names. */
export async function checkTag(root: string, tag: string): Promise<void> {
  const wrong = (await versionsNamed(root)).filter(({ version }) => `v${version}` !== tag);
  if (wrong.length > 0)
    throw new Error(
      `expected everything to be of version ${tag.replace(/^v/, '')}, as the tag ${tag} says; found ${wrong.map(({ path, version }) => `${version} in ${path}`).join(', ')}; run \`npm run release -- VERSION\` and \`npm run generate\`, commit, and tag that commit`,
    );
}
