import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VERSION } from '../../cli/azid-version.ts';
import { bundleProduct } from './bundle.ts';

let folder: string;
let program: string;

beforeAll(async () => {
  // Outside of the checkout: a package that was left out of the bundle is not found from here.
  folder = await mkdtemp(join(tmpdir(), 'azid-bundle-'));
  program = await bundleProduct(folder);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => promisify(execFile)(process.execPath, [program, ...args], { cwd: folder });

it('runs without sources and packages, and shows its version', async () => {
  expect((await run('--version')).stdout.trim()).toBe(VERSION);
});

it('holds the controller: it gets as far as asking for what it was not given', async () => {
  const failed = await run(
    'controller',
    '--tenant-id',
    '22222222-3333-4444-8555-666666666666',
    '--kubeconfig',
    'absent',
  ).then(
    () => undefined,
    (error: { stderr: string }) => error.stderr,
  );
  expect(failed).toContain('Expected --kubeconfig to be a readable kubeconfig file');
});

it('is ASCII, which Node keeps in half the memory', async () => {
  const files = await readdir(folder);
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect(await readFile(join(folder, file), 'utf8')).not.toMatch(/[^\0-\x7f]/);
});

it('holds nothing to try azid out with', async () => {
  expect((await run('--help')).stdout).not.toContain('sandbox');
});

it('has the client for Service Bus, which is loaded with the first queue and not before', async () => {
  const texts = new Map<string, string>();
  for (const file of await readdir(folder)) texts.set(file, await readFile(join(folder, file), 'utf8'));
  const client = [...texts]
    .filter(([, text]) => text.includes('com.microsoft:renew-lock'))
    .map(([file]) => file);
  expect(client).toHaveLength(1);
  const importing = (how: RegExp) =>
    [...texts].filter(([, text]) => [...text.matchAll(how)].some(([, file]) => file === client[0]));
  expect(importing(/\bfrom\s*"\.\/([^"]+)"/g)).toEqual([]);
  expect(importing(/\bimport\("\.\/([^"]+)"\)/g)).toHaveLength(1);
});
