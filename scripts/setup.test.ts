import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../src/sandbox/apiserver/temporary-folder.fixture.ts';

/** Two packages: one everybody needs, one for another platform. */
const LOCK = {
  lockfileVersion: 3,
  packages: {
    '': { name: 'azid' },
    'node_modules/node': { version: '24.21.0', integrity: 'sha512-a' },
    'node_modules/@biomejs/cli-plan9': { version: '2.0.0', integrity: 'sha512-b', optional: true },
  },
};
const NODE = LOCK.packages['node_modules/node'];

/** A checkout with the real setup.mjs, in which `npm` and the system's `node` are scripts of the test. */
interface Checkout extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  /** Runs setup.mjs; `env` adds to an environment that has nothing but a PATH. */
  setUp(env?: Record<string, string>): { status: number | null; output: string };
  /** Each call of npm: its arguments. */
  npmCalls(): Promise<string[]>;
  npm(body: string): Promise<void>;
}

/** What `npm ci` does here: the binary of the package `node` and npm's own record. */
const INSTALL = `mkdir -p node_modules/.bin node_modules/node
printf '#!/bin/sh\\necho v24.21.0\\n' >node_modules/.bin/node; chmod +x node_modules/.bin/node
cp hidden-lock.json node_modules/.package-lock.json`;

async function checkout(): Promise<Checkout> {
  const folder = await temporaryFolder();
  await mkdir(folder.file('scripts'));
  await mkdir(folder.file('bin'));
  await cp(join(import.meta.dirname, 'setup.mjs'), folder.file('scripts', 'setup.mjs'));
  await writeFile(folder.file('package-lock.json'), JSON.stringify(LOCK));
  await writeFile(
    folder.file('hidden-lock.json'),
    JSON.stringify({ packages: { 'node_modules/node': NODE } }),
  );
  await folder.script('bin/node', 'echo v20.20.2');
  const npm = async (body: string) => {
    await folder.script('bin/npm', `echo "$*" >>${folder.file('npm-calls')}\n${body}`);
  };
  await npm(INSTALL);
  return {
    folder,
    npm,
    setUp(env = {}) {
      const run = spawnSync(process.execPath, [folder.file('scripts', 'setup.mjs')], {
        encoding: 'utf8',
        env: { PATH: `${folder.file('node_modules', '.bin')}:${folder.file('bin')}:/usr/bin:/bin`, ...env },
      });
      return { status: run.status, output: run.stdout + run.stderr };
    },
    npmCalls: async () =>
      (await readFile(folder.file('npm-calls'), 'utf8').catch(() => '')).split('\n').filter(Boolean),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe('setting up', () => {
  it('installs once, development and optional packages too, and is silent afterwards', async () => {
    await using here = await checkout();
    expect(here.setUp({ NODE_ENV: 'production' })).toEqual({
      status: 0,
      output: 'azid set-up: installing packages: npm ci\n',
    });
    expect(here.setUp()).toEqual({ status: 0, output: '' });
    expect(await here.npmCalls()).toEqual([
      'ci --include=dev --include=optional --no-audit --no-fund --loglevel=error',
    ]);
  });

  it('takes over what was installed by hand', async () => {
    await using here = await checkout();
    spawnSync('sh', ['-c', INSTALL], { cwd: here.folder.path });
    expect(here.setUp()).toEqual({ status: 0, output: '' });
    expect(await here.npmCalls()).toEqual([]);
  });

  it.each([
    ['another version', { ...NODE, version: '24.22.0' }],
    ['other content', { ...NODE, integrity: 'sha512-c' }],
  ])('installs again when package-lock.json asks for %s', async (_, node) => {
    await using here = await checkout();
    here.setUp();
    const packages = { ...LOCK.packages, 'node_modules/node': node };
    await writeFile(here.folder.file('package-lock.json'), JSON.stringify({ ...LOCK, packages }));
    const { status, output } = here.setUp();
    expect({ status, output }).toEqual({
      status: 0,
      output: 'azid set-up: the packages are not those of package-lock.json: npm ci\n',
    });
    expect(await here.npmCalls()).toHaveLength(2);
  });

  it('says so when npm fails, and tries again the next time', async () => {
    await using here = await checkout();
    await here.npm('echo "npm error no way out" >&2; exit 3');
    const { status, output } = here.setUp();
    expect(status).toBe(1);
    expect(output).toMatch(
      /npm error no way out\nazid set-up: npm ci failed with 3, its reason stands above\./,
    );
    await here.npm(INSTALL);
    expect(here.setUp().status).toBe(0);
  });

  it('runs the install script of the package `node` when npm did not', async () => {
    await using here = await checkout();
    await here.npm(
      `${INSTALL}\nrm node_modules/.bin/node; echo >node_modules/node/installArchSpecificPackage.js`,
    );
    await here.folder.script(
      'bin/node',
      '[ "$1" = --version ] && { echo v20.20.2; exit; }\n' +
        `mkdir bin; printf '#!/bin/sh\\necho v24.21.0\\n' >bin/node; chmod +x bin/node; pwd >>${here.folder.file('ran-in')}`,
    );
    const { status, output } = here.setUp();
    expect(output).toContain('the install script of the package `node` did not run; fetching Node 24 now');
    expect(status).toBe(0);
    expect(await readFile(here.folder.file('ran-in'), 'utf8')).toMatch(/node_modules\/node\n$/);
  });

  it('says what to do when Node 24 cannot be had, and nothing is taken for done', async () => {
    await using here = await checkout();
    await here.npm(`${INSTALL}\nrm node_modules/.bin/node`);
    for (const _ of [1, 2]) {
      const { status, output } = here.setUp();
      expect(status).toBe(1);
      expect(output).toContain('expected Node 24 in node_modules/node, there is none; install Node 24 from');
    }
  });

  it('is content with a Node 24 of the machine', async () => {
    await using here = await checkout();
    await here.npm(`${INSTALL}\nrm node_modules/.bin/node`);
    await rm(here.folder.file('bin', 'node'));
    await symlink(process.execPath, here.folder.file('bin', 'node'));
    expect(here.setUp().status).toBe(0);
  });

  it('does not run npm on the Node that npm is about to remove', async () => {
    await using here = await checkout();
    await here.npm(`command -v node >${here.folder.file('node-of-npm')}\n${INSTALL}`);
    await mkdir(here.folder.file('node_modules', '.bin'), { recursive: true });
    await here.folder.script('node_modules/.bin/node', 'echo v24.0.0');
    expect(here.setUp().status).toBe(0);
    expect((await readFile(here.folder.file('node-of-npm'), 'utf8')).trim()).toBe(
      here.folder.file('bin', 'node'),
    );
  });
});
