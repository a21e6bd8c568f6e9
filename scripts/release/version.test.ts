import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkTag, PLACES, setVersion, versionOf, versionsNamed } from './version.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CHART = 'deploy/helm/azid/Chart.yaml';
const version = await versionOf(ROOT);

let copy: string;
beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'azid-version-'));
  for (const path of [...PLACES.map((each) => each.path), CHART]) {
    await mkdir(join(copy, dirname(path)), { recursive: true });
    await cp(join(ROOT, path), join(copy, path));
  }
});
afterEach(() => rm(copy, { recursive: true }));

/** As `npm run generate` does. */
async function generateChart(): Promise<void> {
  const chart = await readFile(join(copy, CHART), 'utf8');
  const current = await versionOf(copy);
  await writeFile(join(copy, CHART), chart.replaceAll(/^(version|appVersion): .*$/gm, `$1: ${current}`));
}

it('every place names the version of package.json', async () => {
  const named = await versionsNamed(ROOT);
  expect(named.filter((each) => each.version !== version)).toEqual([]);
  // Two in the lock file, two in the chart, three in a guide, two of how to verify and another two there.
  expect(named.length).toBeGreaterThanOrEqual(PLACES.length + 3);
});

it('no other file names an image, a chart or a tag of azid with a version', async () => {
  const known = new Set([...PLACES.map(({ path }) => path), CHART]);
  const texts = /\.(md|ya?ml|json|tpl|ts|txt)$|Dockerfile$/;
  const found: string[] = [];
  for (const folder of [
    'deploy',
    'docs',
    'examples',
    'README.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    '.github',
  ]) {
    const names = folder.endsWith('.md') ? [''] : await readdir(join(ROOT, folder), { recursive: true });
    for (const path of names.map((name) => join(folder, name)).filter((name) => texts.test(name))) {
      const text = await readFile(join(ROOT, path), 'utf8');
      // What docs/guides/run-on-azure.md makes is nobody's but the reader's.
      if (path.startsWith('deploy/kustomize/overlays/mine/')) continue;
      if (/azid:v?\d+\.\d+\.\d+|newTag: \d/.test(text) && !known.has(path)) found.push(path);
    }
  }
  expect(found).toEqual([]);
});

describe('another version', () => {
  it.each(['0.2.0', '10.20.30', '1.0.0-rc.1'])(
    '%s is written to every place, and nothing else changes',
    async (next) => {
      const before = await Promise.all(PLACES.map(({ path }) => readFile(join(copy, path), 'utf8')));
      expect(await setVersion(copy, next)).toEqual(PLACES.map(({ path }) => path));
      await generateChart();
      const named = await versionsNamed(copy);
      expect(named.map((each) => each.version)).toEqual(named.map(() => next));
      await checkTag(copy, `v${next}`);
      await setVersion(copy, version);
      expect(await Promise.all(PLACES.map(({ path }) => readFile(join(copy, path), 'utf8')))).toEqual(before);
    },
  );

  it.each(['v0.2.0', '0.2', '0.2.0+build', '1.0.0-', '', '0.2.0\n'])(
    '%j is refused, and nothing is written',
    async (next) => {
      await expect(setVersion(copy, next)).rejects.toThrow('version: expected one such as 0.2.0');
      await checkTag(copy, `v${version}`);
    },
  );
});

describe('a tag', () => {
  it('of another version is refused, with each place', async () => {
    await expect(checkTag(copy, 'v9.9.9')).rejects.toThrow(
      `expected everything to be of version 9.9.9, as the tag v9.9.9 says; found ${version} in package.json, `,
    );
  });

  it('of a chart that nobody generated anew is refused', async () => {
    await setVersion(copy, '0.2.0');
    await expect(checkTag(copy, 'v0.2.0')).rejects.toThrow(
      `found ${version} in ${CHART}, ${version} in ${CHART};`,
    );
  });

  it('without the letter is refused', async () => {
    await expect(checkTag(copy, version)).rejects.toThrow('expected everything');
  });

  it('is refused where a place is gone', async () => {
    await writeFile(join(copy, 'deploy/image/Dockerfile'), 'FROM scratch\n');
    await expect(checkTag(copy, `v${version}`)).rejects.toThrow(
      'deploy/image/Dockerfile: expected a version',
    );
  });
});
