/**
 * Someone else with `az`, and azid in the same subscription: `azid sandbox` with its controller, the CLI signed in to its Azure. What
 * `test/strangers/ways.test.ts` shows for REST, SDK and template.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { getBinaries } from '../../src/sandbox/apiserver/binaries/binaries.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import {
  applyObject,
  type Kubectl,
  kubectlOf,
  SandboxCommand,
  SOON,
} from '../support/process/sandbox-command.ts';
import { type Az, signIn } from './az-cli.ts';
import { controlAt } from './simulator-process.ts';

const AT = ['-g', 'quickstart', '-n', 'shop-frontend'];
const KIND = 'userassignedidentity';

let folder: TemporaryFolder;
let sandbox: SandboxCommand;
let kubectl: Kubectl;
let az: Az;

beforeAll(async () => {
  folder = await temporaryFolder();
  sandbox = new SandboxCommand(['--fast', '--ready-file', folder.file('ready.json')]);
  const { arm, control, kubeconfig } = await sandbox.ready(folder.file('ready.json'));
  kubectl = kubectlOf((await getBinaries(['kubectl'])).kubectl, kubeconfig);
  await sandbox.printed(/shop-frontend: Ready .*as declared/);
  az = await signIn({ ...arm, folder: folder.path, control: controlAt(control.endpoint) });
});
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

interface Shown {
  readonly id: string;
  readonly principalId: string;
  readonly tags: Readonly<Record<string, string>>;
}

async function run<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await az.run(args);
  expect(code, stderr).toBe(0);
  return (stdout.trim() === '' ? undefined : JSON.parse(stdout)) as T;
}
const show = () => run<Shown>('identity', 'show', ...AT);

/** A resync comes every ten minutes; this asks for it now. */
const look = (name: string) =>
  kubectl(
    'annotate',
    '-n',
    'quickstart',
    KIND,
    name,
    '--overwrite',
    `azid.dev/reconcile-requested-at=${Date.now()}`,
  );
const ready = async (name: string) => {
  const text = await kubectl('get', '-n', 'quickstart', KIND, name, '-o', 'json');
  const { status = {} } = JSON.parse(text) as {
    status?: { principalId?: string; conditions?: { type: string; reason: string; message: string }[] };
  };
  const condition = status.conditions?.find(({ type }) => type === 'Ready');
  return { principalId: status.principalId, reason: condition?.reason, message: condition?.message };
};

/** Who ended which writes to it, newest last. */
async function history(id: string): Promise<string[]> {
  const events = await run<
    { caller: string; operationName: { value: string }; eventName: { value: string } }[]
  >('monitor', 'activity-log', 'list', ...['--resource-id', id, '--offset', '1h']);
  return events
    .filter(({ eventName }) => eventName.value === 'EndRequest')
    .map(({ caller, operationName }) => {
      const verb = operationName.value.split('/').at(-1);
      return `${verb} by ${caller === az.principalId ? 'az' : 'azid'}`;
    })
    .reverse();
}

test('az replaces the tags of azid’s identity: they come back, with its marks, and the principal stays', async () => {
  const before = await show();
  await run('identity', 'create', ...AT, '-l', 'westeurope', '--tags', 'app=other', 'CostCenter=42');
  expect((await show()).tags).toEqual({ app: 'other', CostCenter: '42' });
  await look('shop-frontend');
  await vi.waitFor(async () => {
    const { tags, principalId } = await show();
    expect(tags).toMatchObject({ ...before.tags, CostCenter: '42' });
    expect(principalId).toBe(before.principalId);
  }, SOON);
  expect(await history(before.id)).toEqual(expect.arrayContaining(['write by az']));
  expect((await history(before.id)).at(-1)).toBe('write by azid');
});

test('az deletes it: azid makes it again, and says that its principal is new', async () => {
  const before = await show();
  await run('identity', 'delete', ...AT);
  await look('shop-frontend');
  await vi.waitFor(async () => {
    const { principalId, reason } = await ready('shop-frontend');
    expect(reason).toBe('Ready');
    expect(principalId).not.toBe(before.principalId);
  }, SOON);
  const after = await show();
  expect(after).toMatchObject({ id: before.id, principalId: (await ready('shop-frontend')).principalId });
  expect((await history(before.id)).slice(-2)).toEqual(['delete by az', 'write by azid']);
  const events = await kubectl('get', 'events.events.k8s.io', '-n', 'quickstart', '-o', 'json');
  expect(events).toContain('Recreated');
});

test('az makes one: azid does not take it over', async () => {
  const made = await run<Shown>('identity', 'create', '-g', 'quickstart', '-n', 'by-az', '-l', 'westeurope');
  await applyObject(kubectl, {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'UserAssignedIdentity',
    metadata: { name: 'by-az', namespace: 'quickstart' },
    spec: {},
  });
  await vi.waitFor(async () => expect((await ready('by-az')).reason).toBe('AlreadyExists'), SOON);
  expect((await ready('by-az')).message).toContain('spec.adoption: Adopt');
  expect(await run<Shown>('identity', 'show', '-g', 'quickstart', '-n', 'by-az')).toEqual(made);
  expect(await history(made.id)).toEqual(['write by az']);
});
