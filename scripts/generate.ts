/**
 * Writes what is generated from the schemas: `crds/*.yaml`. With `--check` nothing is written and a difference fails.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { customResourceDefinition } from '../src/api/crd.ts';
import { KINDS } from '../src/api/index.ts';

const folder = new URL('../crds/', import.meta.url);
const check = process.argv.includes('--check');
const header = '# Generated from src/api by `npm run generate`. Do not edit.\n';

const wanted = new Map(
  KINDS.map((kind) => [
    `azid.dev_${kind.resource.plural}.yaml`,
    header + stringify(customResourceDefinition(kind), { lineWidth: 0, aliasDuplicateObjects: false }),
  ]),
);

await mkdir(folder, { recursive: true });
const stale: string[] = [];
for (const [name, text] of wanted) {
  const old = await readFile(new URL(name, folder), 'utf8').catch(() => undefined);
  if (old === text) continue;
  stale.push(`crds/${name}`);
  if (!check) await writeFile(new URL(name, folder), text);
}
for (const name of await readdir(folder)) {
  if (wanted.has(name)) continue;
  stale.push(`crds/${name}`);
  if (!check) await rm(new URL(name, folder));
}

if (check && stale.length > 0) {
  process.stderr.write(`not up to date: ${stale.join(', ')}; run 'npm run generate' and commit the result\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(
    stale.length > 0 ? `written: ${stale.join(', ')}\n` : 'generated files are up to date\n',
  );
}
