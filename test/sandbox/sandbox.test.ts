/** `azid sandbox` from outside: its exit codes, what it prints, its ready file, its two contract calls, its end. */
import { access, readFile, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { getBinaries } from '../../src/sandbox/apiserver/binaries/binaries.ts';
import { type ControlPlane, startControlPlane } from '../../src/sandbox/apiserver/control-plane.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import type { ReadyFacts } from '../../src/sandbox/ready-file.ts';
import { linesOfCanI } from '../support/can-i.ts';
import { kubectlOf, processesOf, SandboxCommand, SOON } from '../support/process/sandbox-command.ts';

const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
const ALL_READY = /All examples are Ready, and Azure holds what they declare\.\n$/;
const TABLE = /^UserAssignedIdentity +quickstart\/shop-frontend +Ready +Ready +as declared /m;

let kubectl: string;
beforeAll(async () => {
  ({ kubectl } = await getBinaries(['kubectl']));
});

describe('azid sandbox --once', () => {
  it('exits 0 with a table of Ready objects', async () => {
    const { code, out, err } = await new SandboxCommand(['--once', '--fast']).ended;
    expect({ code, err }, out).toEqual({ code: 0, err: '' });
    expect(out).toMatch(TABLE);
    expect(out).toMatch(/^IdentityPolicy +quickstart +Ready /m);
    expect(out).toMatch(ALL_READY);
  });

  it('is interrupted by a signal', async () => {
    const sandbox = new SandboxCommand(['--once']);
    await sandbox.printed('Starting a Kubernetes API server');
    sandbox.child.kill('SIGINT');
    expect((await sandbox.ended).code).toBe(130);
  });
});

describe('a sandbox that is up', () => {
  let folder: TemporaryFolder;
  let sandbox: SandboxCommand;
  let facts: ReadyFacts;
  /** The sandbox's own files. */
  let inside: (name: string) => string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    sandbox = new SandboxCommand(['--fast'], { AZID_SANDBOX_READY_FILE: folder.file('ready.json') });
    facts = await sandbox.ready(folder.file('ready.json'));
    inside = (name) => join(dirname(facts.arm.caFile), name);
    await sandbox.printed(/shop-frontend: Ready .*as declared/);
  });
  afterAll(async () => {
    await sandbox?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const control = async (path: string, method = 'POST', body?: object) => {
    const response = await fetch(`${facts.control.endpoint}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(response.status).toBe(200);
    return response.json();
  };

  /** Without any SDK: the CA, a token, an HTTP call. */
  const arm = async (method: string, path: string, token: string, body?: object) => {
    const ca = await readFile(facts.arm.caFile);
    return new Promise<{ status: number; body: unknown }>((resolve, reject) => {
      const sent = request(`${facts.arm.endpoint}${path}`, {
        ...{ method, ca, agent: false },
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      });
      sent.on('error', reject).on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
      });
      sent.end(body && JSON.stringify(body));
    });
  };

  it('writes a ready file with what there is', () => {
    const local = (scheme: string, path = '') => expect.stringMatching(`^${scheme}://127.0.0.1:\\d+${path}$`);
    expect(facts).toEqual({
      kubeconfig: expect.stringMatching(/^\//),
      arm: {
        endpoint: local('https'),
        caFile: expect.stringMatching(/^\//),
        subscriptionId: SUBSCRIPTION,
        tenantId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      control: { endpoint: local('http') },
      serviceBus: {
        endpoint: local('sb'),
        emulatorEndpoint: local('sb'),
        namespace: 'azid-events.servicebus.windows.net',
        queue: 'azid',
      },
      metrics: { endpoint: local('http', '/metrics') },
    });
  });

  it('says how to go on by hand', () => {
    expect(sandbox.out.match(/^export .*$/gm)).toEqual([
      `export KUBECONFIG=${facts.kubeconfig}`,
      `export PATH=${dirname(kubectl)}:$PATH`,
      `export CONTROL=${facts.control.endpoint}`,
    ]);
    for (const word of [facts.arm.endpoint, facts.control.endpoint, facts.arm.caFile])
      expect(sandbox.out).toContain(word);
    expect(sandbox.out).toContain(inside('controller.log'));
  });

  it('serves the metrics of its controller', async () => {
    const response = await fetch(facts.metrics?.endpoint ?? '');
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('# HELP');
  });

  it('gives a token good for everything, and lists every request with its caller', async () => {
    const before = (await control('/requests', 'GET')) as { n: number }[];
    const since = before.at(-1)?.n ?? 0;
    const { accessToken } = (await control('/token')) as { accessToken: string };
    const path = `/subscriptions/${SUBSCRIPTION}/resourceGroups/quickstart/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs?api-version=2024-11-30`;
    expect((await arm('PUT', path, accessToken, { location: 'westeurope' })).status).toBe(201);
    const after = (await control(`/requests?since=${since}`, 'GET')) as { n: number; caller: string }[];
    expect(after.find(({ caller }) => caller === 'someone-else')).toMatchObject({
      n: expect.any(Number),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      method: 'PUT',
      path,
      status: 201,
    });
    expect(after.every(({ n }) => n > since)).toBe(true);
    expect(before).toContainEqual(
      expect.objectContaining({ caller: 'controller', method: 'PUT', status: 201 }),
    );
  });

  it("runs the controller with its ServiceAccount's rights in the cluster", async () => {
    const running = await processesOf(inside('controller-kubeconfig'));
    expect(running.length).toBeGreaterThan(0);
    const asController = kubectlOf(kubectl, inside('controller-kubeconfig'));
    const { userInfo } = JSON.parse(await asController('auth', 'whoami', '-o', 'json')).status;
    expect(userInfo.username).toBe('system:serviceaccount:azid-system:azid-controller');
    const list = async (namespace: string) =>
      linesOfCanI(await asController('auth', 'can-i', '--list', '-n', namespace))
        .filter((line) => /^[a-z]/.test(line) && !/^selfsubject/.test(line))
        .sort();
    expect(await list('quickstart')).toMatchInlineSnapshot(`
      [
        "clustertrustbundles.certificates.k8s.io [] [] [get list watch]",
        "configmaps [] [] [get list watch create patch delete]",
        "events.events.k8s.io [] [] [create patch]",
        "eventsources.azid.dev [] [] [get list watch]",
        "eventsources.azid.dev/status [] [] [get patch]",
        "federatedidentitycredentials.azid.dev [] [] [get list watch patch]",
        "federatedidentitycredentials.azid.dev/status [] [] [get patch]",
        "identityattachments.azid.dev [] [] [get list watch patch]",
        "identityattachments.azid.dev/status [] [] [get patch]",
        "identitypolicies.azid.dev [] [] [get list watch]",
        "identitypolicies.azid.dev/status [] [] [get patch]",
        "namespaces [] [] [get list watch]",
        "orphansweeps.azid.dev [] [] [get list watch]",
        "orphansweeps.azid.dev/status [] [] [get patch]",
        "rolegrants.azid.dev [] [] [get list watch patch]",
        "rolegrants.azid.dev/status [] [] [get patch]",
        "systemassignedidentities.azid.dev [] [] [get list watch patch]",
        "systemassignedidentities.azid.dev/status [] [] [get patch]",
        "userassignedidentities.azid.dev [] [] [get list watch patch]",
        "userassignedidentities.azid.dev/finalizers [] [] [update]",
        "userassignedidentities.azid.dev/status [] [] [get patch]",
      ]
    `);
    const elsewhere = await list('quickstart');
    expect((await list('azid-system')).filter((line) => !elsewhere.includes(line))).toMatchInlineSnapshot(`
      [
        "assignmentexpiries.azid.dev [] [] [get list watch create patch delete]",
        "assignmentexpiries.azid.dev/status [] [] [get patch]",
        "hostidentities.azid.dev [] [] [get list watch create patch delete]",
        "hostidentities.azid.dev/status [] [] [get patch]",
        "leases.coordination.k8s.io [] [] [get list watch create update]",
        "orphanrecords.azid.dev [] [] [get list watch create patch delete]",
        "orphanrecords.azid.dev/status [] [] [get patch]",
      ]
    `);
    // Where its federation preset learns the cluster's issuer; every ServiceAccount may by default.
    expect(await asController('get', '--raw', '/.well-known/openid-configuration')).toContain('"issuer"');
  });

  it('gives the controller exactly the roles of deploy/azure in Azure', async () => {
    const { accessToken } = (await control('/token', 'POST', { caller: 'controller' })) as {
      accessToken: string;
    };
    const path = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
    const { status, body } = await arm('GET', path, accessToken);
    const roles = await Promise.all(
      ['claim', 'grants', 'hosts', 'identities', 'orphans', 'reader'].map(async (name) =>
        JSON.parse(
          await readFile(new URL(`../../deploy/azure/azid-${name}-role.json`, import.meta.url), 'utf8'),
        ),
      ),
    );
    expect(status).toBe(200);
    expect((body as { value: unknown }).value).toEqual(
      roles.map((role) =>
        expect.objectContaining({
          actions: role.Actions,
          notActions: [],
          dataActions: [],
          notDataActions: [],
        }),
      ),
    );
  });

  it('keeps tokens and keys to their owner', async () => {
    for (const name of ['controller-token', 'controller-federated-token', 'controller-kubeconfig'])
      expect((await stat(inside(name))).mode & 0o777, name).toBe(0o600);
  });

  it('starts its controller again when that was killed, and says so', async () => {
    const [line = ''] = (await processesOf(inside('controller-kubeconfig'))).filter(
      (each) => each.includes(process.execPath) && !each.includes('/bin/sh'),
    );
    process.kill(Number(line.trim().split(' ')[0]), 'SIGKILL');
    await sandbox.printed(/the controller was ended by signal 9[\s\S]*It is started again in 1 s\./);
    const asAdmin = kubectlOf(kubectl, facts.kubeconfig);
    await asAdmin(
      'patch',
      '-n',
      'quickstart',
      'uai/shop-frontend',
      '--type=merge',
      '-p',
      '{"spec":{"tags":{"app":"again"}}}',
    );
    await vi.waitFor(async () => {
      const identities = (await control('/identities')) as { name: string; tags: Record<string, string> }[];
      expect(identities.find(({ name }) => name === 'shop-frontend')?.tags.app).toBe('again');
    }, SOON);
  });

  it('goes on when the CRDs are deleted, as the guide says, and when they come back', async () => {
    const asAdmin = kubectlOf(kubectl, facts.kubeconfig);
    const crds = fileURLToPath(new URL('../../crds/', import.meta.url));
    const examples = fileURLToPath(new URL('../../examples/quickstart', import.meta.url));
    await asAdmin('delete', '-f', crds, '--ignore-not-found');
    await sandbox.printed(
      /UserAssignedIdentity quickstart\/shop-frontend: Missing; the cluster does not know this kind/,
    );
    const left = (await control('/identities')) as { name: string }[];
    expect(left.map(({ name }) => name)).not.toContain('shop-frontend');
    expect(sandbox.child.exitCode).toBeNull();
    await asAdmin('apply', '--server-side', '-f', crds);
    await asAdmin('wait', '--for=condition=Established', '-f', crds);
    sandbox.out = '';
    await vi.waitFor(() => asAdmin('apply', '--server-side', '-f', examples), SOON);
    await sandbox.printed(/shop-frontend: Ready .*as declared/);
  });

  it('leaves no process and no folder when it is killed', async () => {
    const plane = dirname(facts.kubeconfig);
    expect(await processesOf(plane)).not.toEqual([]);
    sandbox.child.kill('SIGKILL');
    await vi.waitFor(async () => {
      expect(await processesOf(plane)).toEqual([]);
      await expect(access(plane)).rejects.toThrow('ENOENT');
    }, SOON);
  });
});

it('without controller and examples there are the two servers, and after SIGTERM nothing', async () => {
  await using folder = await temporaryFolder();
  const file = folder.file('ready.json');
  await using sandbox = new SandboxCommand([
    '--no-controller',
    '--no-examples',
    '--fast',
    '--ready-file',
    file,
  ]);
  const facts = await sandbox.ready(file);
  expect(facts.metrics).toBeUndefined();
  const asAdmin = kubectlOf(kubectl, facts.kubeconfig);
  expect(await asAdmin('get', 'azid', '-A')).toBe('');
  expect(await asAdmin('get', 'crds', '-o', 'name')).toContain('userassignedidentities.azid.dev');
  const plane = dirname(facts.kubeconfig);
  const running = await processesOf(plane);
  expect(running.some((line) => line.includes('kube-apiserver'))).toBe(true);
  expect(running.filter((line) => line.includes('main.ts controller'))).toEqual([]);
  await endsInOrder(sandbox, plane, file);
});

/** At SIGTERM, with 0: nothing of it is left. */
async function endsInOrder(sandbox: SandboxCommand, folder: string, readyFile: string): Promise<void> {
  sandbox.child.kill('SIGTERM');
  expect((await sandbox.ended).code).toBe(0);
  expect(await processesOf(folder)).toEqual([]);
  for (const path of [folder, readyFile]) await expect(access(path)).rejects.toThrow('ENOENT');
}

/** What needs no API server of the sandbox's own, one after the other. */
describe('with the cluster of --kubeconfig', () => {
  let plane: ControlPlane;
  let flags: readonly string[];
  beforeAll(async () => {
    plane = await startControlPlane();
    flags = ['--kubeconfig', plane.kubeconfigPath];
  });
  afterAll(() => plane?.stop());

  it('it is used and left running, one where a controller works is refused, and SIGTERM leaves nothing else', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('ready.json');
    await using sandbox = new SandboxCommand([...flags, '--fast', '--ready-file', file]);
    const facts = await sandbox.ready(file);
    expect(facts.kubeconfig).toBe(plane.kubeconfigPath);
    await sandbox.printed(/shop-frontend: Ready .*as declared/);
    const second = await new SandboxCommand([...flags, '--fast', '--once']).ended;
    expect(second.code).toBe(1);
    expect(second.err).toContain(
      'azid sandbox: expected no azid controller in the cluster of --kubeconfig, got one:',
    );
    const own = dirname(facts.arm.caFile);
    expect((await processesOf(own)).some((line) => line.includes(' controller '))).toBe(true);
    await endsInOrder(sandbox, own, file);
  });

  it('--once exits 0 with an honest Azure, too', async () => {
    const { code, out, err } = await new SandboxCommand([...flags, '--once']).ended;
    expect({ code, err }, out).toEqual({ code: 0, err: '' });
    expect(out).toMatch(TABLE);
    expect(out).toMatch(ALL_READY);
  });

  it('--once exits 1 after the time limit, with the reason', async () => {
    const { code, out } = await new SandboxCommand([...flags, '--once', '--fast', '--time-limit', '1s'])
      .ended;
    expect(code, out).toBe(1);
    expect(out).toContain('Not all examples are Ready after 1 s:\n  ');
  });

  it('one whose output nobody reads any more ends in order', async () => {
    const sandbox = new SandboxCommand([...flags, '--fast']);
    await sandbox.printed('Starting the simulated Azure');
    sandbox.child.stdout?.destroy();
    expect(await sandbox.ended).toMatchObject({ code: 141, err: '' });
  });
});

describe('wrong flags of azid sandbox', () => {
  it.each<[string, string[], Record<string, string>, string[]]>([
    ['an unknown one', ['--onse'], {}, ["unknown option '--onse'"]],
    [
      'a time limit',
      ['--time-limit', 'soon'],
      {},
      ["'--time-limit <duration>' argument 'soon' is invalid", 'Expected a duration from 1s to 1h'],
    ],
    [
      'a time limit in the environment',
      [],
      { AZID_SANDBOX_TIME_LIMIT: '5' },
      ["value '5' from env 'AZID_SANDBOX_TIME_LIMIT'", 'Expected a duration'],
    ],
    [
      'a switch in the environment',
      [],
      { AZID_SANDBOX_FAST: 'yes' },
      ["option '--fast' value 'yes' from env 'AZID_SANDBOX_FAST' is invalid", 'Expected true or false'],
    ],
    [
      'a kubeconfig that is not there',
      ['--kubeconfig', '/nowhere'],
      {},
      ["'--kubeconfig <path>' argument '/nowhere' is invalid", 'Expected the path of a kubeconfig file'],
    ],
    [
      'a ready file without a folder',
      ['--ready-file', '/nowhere/r'],
      {},
      ['expected --ready-file to be a path in an existing folder, got /nowhere/r'],
    ],
    [
      '--once without a controller',
      ['--once'],
      { AZID_SANDBOX_NO_CONTROLLER: 'true' },
      ['expected --once to come without --no-controller, got both'],
    ],
    ['an argument', ['quickstart'], {}, ['too many arguments']],
  ])('%s is refused before anything starts', async (_, flags, env, messages) => {
    const { code, out, err } = await new SandboxCommand(flags, env).ended;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    for (const message of messages) expect(err).toContain(message);
  });
});
