/**
 * What a release is made with; docs/design/2026-11-30-releases.md.
 *
 * `npm run release -- 0.2.0`: writes a version wherever it stands, and gives the changes so far that number.
 * `node scripts/release.ts check v0.2.0`: whether a tag is of the version that everything here names, and the image is built in one that cannot be moved.
 * `node scripts/release.ts notes`: what changed in that version, from CHANGELOG.md, and what its image was built in.
 * `node scripts/release.ts sbom ROOTFS`: what an assembled image holds, as SPDX.
 * `node scripts/release.ts pack FOLDER --repository OWNER/NAME --image REPOSITORY --digest sha256:… [--with FILE]`: what people download.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { baseImage, referenceOf } from './image/base.ts';
import { notesOf, withRelease } from './release/changelog.ts';
import { packRelease } from './release/pack.ts';
import { softwareBill } from './release/sbom.ts';
import { checkTag, setVersion, versionOf } from './release/version.ts';

const ROOT = join(import.meta.dirname, '..');
const CHANGELOG = join(ROOT, 'CHANGELOG.md');
const [command = '', ...rest] = process.argv.slice(2);

try {
  process.stdout.write(await run(command, rest));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function run(name: string, args: readonly string[]): Promise<string> {
  const [first] = args;
  if (name === 'version' && first !== undefined && args.length === 1) return release(first);
  if (name === 'check' && first !== undefined && args.length === 1) {
    await checkTag(ROOT, first);
    return `${first} is the version that is named everywhere; its image is built in ${referenceOf(await baseImage(ROOT))}\n`;
  }
  if (name === 'notes' && args.length === 0) {
    return notesOf(await readFile(CHANGELOG, 'utf8'), await versionOf(ROOT), await baseImage(ROOT));
  }
  if (name === 'sbom' && first !== undefined && args.length === 1) return softwareBill(ROOT, first);
  if (name === 'pack') return pack(args);
  throw new Error(
    `expected \`version X.Y.Z\`, \`check TAG\`, \`notes\`, \`sbom ROOTFS\` or \`pack FOLDER …\`, got ${JSON.stringify([name, ...args].join(' '))}`,
  );
}

async function release(version: string): Promise<string> {
  const today = new Date().toISOString().slice(0, 10);
  // Before anything is written: where there is nothing to release, nothing is half done.
  const changelog = withRelease(await readFile(CHANGELOG, 'utf8'), version, today);
  const changed = await setVersion(ROOT, version);
  await writeFile(CHANGELOG, changelog);
  return `${[...changed, 'CHANGELOG.md'].map((path) => `wrote ${path}`).join('\n')}\nnow: npm run generate, commit, and tag the commit v${version}\n`;
}

async function pack(args: readonly string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      repository: { type: 'string' },
      image: { type: 'string' },
      digest: { type: 'string' },
      with: { type: 'string', multiple: true },
      helm: { type: 'string', default: 'helm' },
      kubectl: { type: 'string', default: 'kubectl' },
    },
  });
  const [folder] = positionals;
  const { repository, image, digest, helm, kubectl } = values;
  for (const [name, value] of Object.entries({ FOLDER: folder, repository, image, digest }))
    if (value === undefined)
      throw new Error(`pack: expected ${name === 'FOLDER' ? name : `--${name}`}, got none`);
  const files = await packRelease({
    root: ROOT,
    dist: join(ROOT, 'dist'),
    folder: folder as string,
    repository: repository as string,
    image: { repository: image as string, digest: digest as string },
    ...(values.with && { extra: values.with }),
    programs: { helm, kubectl },
  });
  return files.map((name) => `${name}\n`).join('');
}
