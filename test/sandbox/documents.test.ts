import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBinaries } from '../../src/sandbox/apiserver/binaries/binaries.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { shellBlocks } from '../support/process/markdown-blocks.ts';
import { cleanEnvironment, SandboxCommand } from '../support/process/sandbox-command.ts';

/**
 * Every `sh` block of the README, the guides and what else leads through commands is run, in its order, in a shell with the lines that the
 * sandbox says to paste. What cannot be run says so in the document, with a reason: see `test/support/process/markdown-blocks.ts`.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/**
 * All reasons for which a block is not run. A new one is reviewed here: it must be something that neither the sandbox nor `given` can
 * give, and what else shows that the commands are right stands beside it.
 */
const NOT_RUN: readonly string[] = [
  // test/sandbox/sandbox.test.ts starts it as `npm start` does.
  "the test's own sandbox is this one",
  'test/sandbox/sandbox.test.ts runs the first; the second would run this test',
  // test/commands/status.test.ts and test/commands/check.test.ts run these commands with what stands for a login.
  'needs a login to a real Azure',
  'needs a real Azure',
  // test/deploy/image.test.ts assembles and starts the image, test/deploy/installed.test.ts and test/deploy/helm-release.test.ts the rest.
  'needs a container engine and a registry',
  'helm does not take over what kubectl has made; test/deploy/ installs, upgrades and uninstalls the chart',
  'the sandbox runs no pods, so there is no log of one',
  'needs azid as it is deployed',
  'test/deploy/helm-release.test.ts upgrades a release of the chart',
  "the sandbox's controller is no Deployment",
  // test/leaving/handover.test.ts moves between two API servers.
  'needs a second cluster',
  "the sandbox's controller would end for good",
  // test/leaving/uninstall.test.ts.
  'the sandbox has a controller that works',
  // test/grants/grants.test.ts lets the time pass.
  "azid waits for Azure's ten minutes",
];
/** Each leaves the quick start as it found it, or as the next ones do not mind; the last removes azid. */
const ORDER = [
  'README.md',
  'docs/get-started.md',
  'docs/orphans.md',
  'docs/guides/inspect-azid.md',
  'docs/guides/federate-a-workload.md',
  'docs/guides/grant-a-role.md',
  'docs/guides/adopt-an-identity.md',
  'docs/guides/keep-an-identity.md',
  'docs/guides/gitops.md',
  'docs/guides/hosts.md',
  'docs/guides/events.md',
  'docs/guides/run-on-azure.md',
  'docs/guides/run-highly-available.md',
  'docs/guides/shard-azid.md',
  'docs/guides/troubleshoot.md',
  'docs/guides/monitor-azid.md',
  'docs/guides/answer-an-alert.md',
  'docs/guides/back-up-and-restore.md',
  'docs/guides/upgrade.md',
  'docs/guides/move-to-another-cluster.md',
  'docs/guides/uninstall.md',
];

const documents = await Promise.all(
  ORDER.map(async (file) => ({ file, blocks: shellBlocks(await readFile(join(ROOT, file), 'utf8')) })),
);

let folder: TemporaryFolder;
let sandbox: SandboxCommand;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await temporaryFolder();
  sandbox = new SandboxCommand(['--fast', '--ready-file', folder.file('ready.json')]);
  await sandbox.ready(folder.file('ready.json'));
  await sandbox.printed(/RoleGrant quickstart\/shop-frontend-blobs: Ready .*as declared/);
  const { kubectl } = await getBinaries(['kubectl']);
  const pasted = [...sandbox.out.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value.replace('$PATH', process.env.PATH ?? ''),
  ]);
  env = { ...cleanEnvironment(), HOME: folder.path, ...Object.fromEntries(pasted) };
  expect(env.PATH?.split(':')[0]).toBe(dirname(kubectl));
});
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

it('no document that leads through commands is left out', async () => {
  const guides = (await readdir(join(ROOT, 'docs/guides'))).map((name) => `docs/guides/${name}`);
  const others = ['README.md', 'docs/get-started.md', 'docs/orphans.md'];
  expect(ORDER.toSorted()).toEqual([...others, ...guides].toSorted());
});

it('what is not run is so for a reason that was reviewed, and each of these is one', () => {
  const given = documents.flatMap(({ blocks }) =>
    blocks.flatMap(({ mark }) => (mark.type === 'notRun' ? mark.reason : [])),
  );
  expect(new Set(given)).toEqual(new Set(NOT_RUN));
});

it('no commands hide in a block that is not run for its language', async () => {
  for (const { file } of documents) {
    const fences = [
      ...(await readFile(join(ROOT, file), 'utf8')).matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm),
    ];
    for (const [, language = '', text = ''] of fences) {
      expect(['sh', 'yaml', 'json', 'ts', ''], `${file}: ${text}`).toContain(language);
      if (language !== 'sh')
        expect(text, file).not.toMatch(/^ *(\$ )?(kubectl|az|azid|npm|node|helm|curl|flux|argocd|git) /m);
    }
  }
});

it('what is not run says why, and only what calls az is marked so', () => {
  for (const { file, blocks } of documents)
    for (const { line, text, mark } of blocks) {
      const where = `${file}:${line}`;
      if (mark.type !== 'run') expect(mark.reason.length, where).toBeGreaterThan(10);
      expect(/(^|\$\(|\| )az /m.test(text), where).toBe(mark.type === 'az');
    }
});

const isRun = ({ mark }: (typeof documents)[number]['blocks'][number]) => mark.type === 'run';

// Of a guide that needs what the sandbox has not, such as pods, nothing can be run.
describe.each(documents.filter(({ blocks }) => blocks.some(isRun)))('$file', ({ blocks }) => {
  const run = blocks.filter(isRun);
  it.each(run)('line $line runs', async ({ text, mark }) => {
    const given = mark.type === 'run' && mark.given ? `${mark.given}\n` : '';
    const shell = promisify(execFile)('bash', ['-euo', 'pipefail', '-c', `${given}${text}`], {
      cwd: ROOT,
      env,
      timeout: 100_000,
    });
    const { stderr } = await shell.catch((error: { stdout?: string; stderr?: string; message: string }) => {
      throw new Error(`${error.message}\n${error.stdout}\nThe sandbox:\n${sandbox.out.slice(-2_000)}`);
    });
    expect(stderr).not.toMatch(/^(error|Error from server)/m);
  });
});

it('the sandbox is still there', () => {
  expect(sandbox.child.exitCode).toBeNull();
});
