import { execFile } from 'node:child_process';
import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildGoProgram } from '../support/process/go-program.ts';
import { FOLDER, files, jobs, ROOT, sources, steps } from './workflow-files.ts';

/** The workflows cannot be run here; what can be known of them without GitHub is. */

const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
  readonly engines: { readonly node: string };
  readonly devDependencies: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
};

it('are these', () => {
  expect(files).toEqual(['audit.yml', 'ci.yml', 'image.yml', 'nightly.yml', 'release.yml']);
});

it('satisfy actionlint', async () => {
  const actionlint = await buildGoProgram({
    name: 'actionlint',
    folder: fileURLToPath(new URL('.', import.meta.url)),
    package: 'github.com/rhysd/actionlint/cmd/actionlint',
  });
  // Without what this machine may or may not have beside it.
  const args = ['-no-color', '-shellcheck=', '-pyflakes=', ...files.map((file) => join(FOLDER, file))];
  const { stdout } = await promisify(execFile)(actionlint, args, { cwd: ROOT }).catch(
    (error: { stdout: string; message: string }) => ({ stdout: error.stdout || error.message }),
  );
  expect(stdout).toBe('');
}, 900_000);

describe('an action', () => {
  it('is pinned by commit, with its version for people, and by the same one everywhere', () => {
    const pins = new Map<string, Set<string>>();
    for (const { file, text } of sources)
      for (const [, used = ''] of text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)) {
        // Of this very commit.
        if (files.some((name) => used === `./${FOLDER}/${name}`)) continue;
        const [, action, commit, version] =
          /^([\w.-]+\/[\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$/.exec(used) ?? [];
        expect(action, `${file}: uses: ${used}`).toBeDefined();
        pins.set(action ?? '', (pins.get(action ?? '') ?? new Set()).add(`${commit} ${version}`));
      }
    expect([...pins].filter(([, each]) => each.size > 1)).toEqual([]);
    expect(pins.size).toBeGreaterThan(8);
  });

  it('is of GitHub, Docker or Sigstore', () => {
    const owners = steps.flatMap(({ step }) => step.uses?.split('/')[0] ?? []);
    expect([...new Set(owners)].sort()).toEqual(['actions', 'docker', 'sigstore']);
  });
});

describe('rights', () => {
  it('are none of a workflow, and of each job what it needs', () => {
    for (const { file, workflow } of sources) expect(workflow.permissions, file).toEqual({});
    const publishes = { packages: 'write', 'id-token': 'write', attestations: 'write' };
    expect(Object.fromEntries(jobs.map(({ where, job }) => [where, job.permissions]))).toEqual({
      'audit.yml npm': { contents: 'read' },
      'ci.yml checks': { contents: 'read' },
      'ci.yml dependencies': { contents: 'read' },
      'ci.yml image': { contents: 'read' },
      'ci.yml site': { contents: 'read' },
      'image.yml build': { contents: 'read' },
      'nightly.yml full': { contents: 'read' },
      'release.yml checks': { contents: 'read' },
      'release.yml image': { contents: 'read' },
      'release.yml pages': { pages: 'write', 'id-token': 'write' },
      'release.yml publish': { contents: 'write', ...publishes },
      'release.yml site': { contents: 'read' },
    });
  });

  it('of a checkout stay with it, and no secret is named', () => {
    for (const { where, step } of steps)
      if (step.uses?.startsWith('actions/checkout@'))
        expect(step.with, where).toEqual({ 'persist-credentials': false });
    for (const { file, text } of sources) expect(text.match(/\bsecrets\./g), file).toBeNull();
  });

  it('are not given to what somebody else writes: no expression is in a shell line, no workflow runs for a fork with rights', () => {
    for (const { where, step } of steps) expect(step.run ?? '', where).not.toContain('${{');
    for (const { file, workflow } of sources)
      for (const event of ['pull_request_target', 'workflow_run', 'issue_comment'])
        expect(Object.keys(workflow.on), file).not.toContain(event);
  });
});

it('a pipe fails where one of its programs does', () => {
  // What GitHub takes where no shell is named has no `pipefail`.
  for (const { file, text, workflow } of sources)
    if (/ \| \w/.test(text)) expect(workflow.defaults?.run?.shell, file).toBe('bash');
  expect(sources.some(({ workflow }) => workflow.defaults !== undefined)).toBe(true);
});

it('one run at a time, and none for ever', () => {
  for (const { file, workflow } of sources) expect(workflow.concurrency?.group, file).toMatch(/^\w/);
  // What calls another workflow takes the time that is given there.
  for (const { where, job } of jobs.filter((each) => each.job.uses === undefined))
    expect(job['timeout-minutes'], where).toBeLessThanOrEqual(90);
});

it('have the Node of package.json: the oldest that is allowed to check, the one of the lock file to build', () => {
  const oldest = Number(manifest.engines.node.replace('>=', ''));
  const used = steps.flatMap(({ where, step }) =>
    step.uses?.startsWith('actions/setup-node@') ? [[where, step.with?.['node-version']]] : [],
  );
  expect(Object.fromEntries(used)).toEqual({
    'audit.yml npm': manifest.devDependencies.node,
    'ci.yml checks': oldest,
    'ci.yml site': manifest.devDependencies.node,
    'image.yml build': manifest.devDependencies.node,
    'nightly.yml full': oldest,
    'release.yml checks': manifest.devDependencies.node,
    'release.yml publish': manifest.devDependencies.node,
    'release.yml site': manifest.devDependencies.node,
  });
});

/** What runners have, or an action of the job brought. */
const INSTALLED = ['cosign', 'cp', 'docker', 'echo', 'gh', 'mkdir', 'sed', 'skopeo', 'sudo', 'tee'];

/** Why a command line could not run, or nothing. */
async function wrong(line: string): Promise<string | undefined> {
  const words = line
    .trim()
    .replace(/^(taskset --cpu-list [\d,]+|if) /, '')
    .split(/\s+/);
  const [program = '', first = '', second = ''] = words;
  if (program === 'npm' && first === 'run')
    return second in manifest.scripts ? undefined : `no script ${second}`;
  if (program === 'npm') return ['ci', 'audit'].includes(first) ? undefined : `npm ${first}`;
  if (program === 'node') return (await there(first)) ? undefined : `no file ${first}`;
  if (program === '.ci/run') return (await there(program, constants.X_OK)) ? undefined : 'no program .ci/run';
  if (program === 'go') {
    const tool = words.at(-1) ?? '';
    const text = first === '-C' ? await readFile(join(ROOT, second, 'go.mod'), 'utf8').catch(() => '') : '';
    return text.includes(`tool ${tool}\n`) ? undefined : `no tool ${tool} in ${second}/go.mod`;
  }
  if (program === '"$RUNNER_TEMP/helm"') return undefined;
  return INSTALLED.includes(program) ? undefined : `no program ${program}`;
}

function there(path: string, mode?: number): Promise<boolean> {
  return access(join(ROOT, path), mode).then(
    () => true,
    () => false,
  );
}

describe('a command', () => {
  it('is there: a script of package.json, a file, a tool of a go.mod', async () => {
    const lines = steps.flatMap(({ where, step }) =>
      (step.run ?? '').split('\n').flatMap((line) => (line.trim() === '' ? [] : [{ where, line }])),
    );
    const found = await Promise.all(
      lines.map(async ({ where, line }) => ({ where, line, wrong: await wrong(line) })),
    );
    expect(found.filter((each) => each.wrong !== undefined)).toEqual([]);
    expect(lines.length).toBeGreaterThan(15);
  });

  it.each([
    ['npm run no-such', 'no script no-such'],
    ['node scripts/no-such.ts pack', 'no file scripts/no-such.ts'],
    ['go -C test/helm build -o x example.org/none', 'no tool example.org/none in test/helm/go.mod'],
    ['curl example.org', 'no program curl'],
  ])('%j would be found out', async (line, reason) => {
    expect(await wrong(line)).toBe(reason);
  });
});

it('updates are asked for in every folder that pins something', async () => {
  const { updates } = parse(await readFile(join(ROOT, '.github/dependabot.yml'), 'utf8')) as {
    updates: { 'package-ecosystem': string; directory?: string; directories?: string[] }[];
  };
  const of = (name: string) =>
    updates
      .filter((each) => each['package-ecosystem'] === name)
      .flatMap((each) => each.directories ?? each.directory);
  const all = await readdir(ROOT, { recursive: true });
  const modules = all.filter((path) => /(^|\/)go\.mod$/.test(path) && !path.includes('node_modules/'));
  expect(of('gomod').toSorted()).toEqual(
    modules.map((path) => `/${path.replace(/\/go\.mod$/, '')}`).toSorted(),
  );
  expect([of('npm'), of('github-actions'), of('docker')]).toEqual([['/'], ['/'], ['/deploy/image']]);
});
