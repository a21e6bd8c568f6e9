import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './markdown.ts';

/** docs/design/dependencies.md against package.json, and package.json against what is imported. */

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const { dependencies, devDependencies } = JSON.parse(
  await readFile(join(ROOT, 'package.json'), 'utf8'),
) as Package;
const page = await readFile(join(ROOT, 'docs/design/dependencies.md'), 'utf8');
const [, ofProduct = '', ofDevelopment = ''] = page.split(/^## /m);

const packagesIn = (section: string) =>
  [...section.matchAll(/^\| `([^`]+)` \| \S.* \|$/gm)].map(([, name]) => name);

/** `@azure/identity`, of `@azure/identity/sub`; nothing for paths and for Node's own. */
function packageOf(specifier: string): string | undefined {
  if (/^(\.|node:)/.test(specifier)) return undefined;
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** What is loaded, types left out: `import type` is gone when the product runs. */
function importsIn(source: string): string[] {
  const found = source.matchAll(
    /(?:^import\s+(?!type\s)(?:[^;'"]*?\sfrom\s+)?|\bimport\()['"]([^'"]+)['"]/gm,
  );
  return [...found].flatMap(([, specifier = '']) => packageOf(specifier) ?? []);
}

it('each dependency has its line, and no line is of one that is gone', () => {
  expect(packagesIn(ofProduct)).toEqual(Object.keys(dependencies));
  expect(packagesIn(ofDevelopment)).toEqual(Object.keys(devDependencies));
});

it('the product imports its dependencies, each of them, and nothing of the development', async () => {
  const names = (await readdir(join(ROOT, 'src'), { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !/\.(test|fixture)\.ts$|^(simulator|sandbox)\//.test(name),
  );
  expect(names.length).toBeGreaterThan(250);
  const sources = await Promise.all(names.map((name) => readFile(join(ROOT, 'src', name), 'utf8')));
  expect([...new Set(sources.flatMap(importsIn))].sort()).toEqual(Object.keys(dependencies).sort());
});

it.each([
  ["import { z } from 'zod';", ['zod']],
  ["import 'reflect-metadata';", ['reflect-metadata']],
  ["import {\n  A,\n  type B,\n} from '@azure/identity/x';", ['@azure/identity']],
  ["  const { k } = await import('@kubernetes/client-node');", ['@kubernetes/client-node']],
  ["import type { A } from 'rhea';\nimport { join } from 'node:path';\nimport { a } from './a.ts';", []],
])('finds in %j what is loaded', (source, expected) => {
  expect(importsIn(source)).toEqual(expected);
});
