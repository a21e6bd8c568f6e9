/** The launcher itself, with the real programs: what every other test against the API server takes for granted. */
import { execFile, spawn } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../src/sandbox/apiserver/control-plane.ts';
import { temporaryFolder } from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';

/** For conditions that the control plane's own programs bring about. */
const SOON = { timeout: 60_000, interval: 200 };

type Kubectl = (...args: readonly string[]) => Promise<string>;

async function kubectlFor(plane: ControlPlane, kubeconfig = plane.kubeconfigPath): Promise<Kubectl> {
  const kubectl = await plane.kubectlPath();
  return async (...args) => {
    const { stdout } = await promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, ...args]);
    return stdout;
  };
}

async function apply(kubectl: Kubectl, object: object): Promise<void> {
  await using folder = await temporaryFolder();
  await writeFile(folder.file('object.json'), JSON.stringify(object));
  await kubectl('apply', '-f', folder.file('object.json'));
}

/** Without credentials, as Entra would ask. */
function getAnonymously(plane: ControlPlane, url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { ca: plane.caPem, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

/** Of processes whose command line names the folder. Zombies have none. */
async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid,args', '-ww']);
  return stdout.split('\n').filter((line) => line.includes(folder));
}

describe('a control plane', () => {
  let plane: ControlPlane;
  let kubectl: Kubectl;

  beforeAll(async () => {
    plane = await startControlPlane();
    kubectl = await kubectlFor(plane);
  });
  afterAll(() => plane?.stop());

  it('creates, reads, changes and deletes objects', async () => {
    await kubectl('create', 'configmap', 'crud', '--from-literal=a=1');
    expect(await kubectl('get', 'configmap', 'crud', '-o', 'jsonpath={.data.a}')).toBe('1');
    await kubectl('patch', 'configmap', 'crud', '-p', '{"data":{"a":"2"}}');
    expect(await kubectl('get', 'configmap', 'crud', '-o', 'jsonpath={.data.a}')).toBe('2');
    await kubectl('delete', 'configmap', 'crud');
    expect(await kubectl('get', 'configmap', 'crud', '--ignore-not-found')).toBe('');
  });

  it('says which version it is', async () => {
    expect(JSON.parse(await kubectl('version', '-o', 'json'))).toMatchObject({
      clientVersion: { gitVersion: 'v1.37.2' },
      serverVersion: { gitVersion: 'v1.37.2', major: '1', minor: '37' },
    });
  });

  it('mints ServiceAccount tokens that anybody can check with the published keys', async () => {
    await kubectl('create', 'serviceaccount', 'workload');
    const audience = 'api://AzureADTokenExchange';
    const token = (
      await kubectl('create', 'token', 'workload', '--audience', audience, '--duration', '10m')
    ).trim();

    const discovery = await getAnonymously(plane, `${plane.issuer}/.well-known/openid-configuration`);
    expect(discovery.status).toBe(200);
    const { issuer, jwks_uri } = JSON.parse(discovery.body) as { issuer: string; jwks_uri: string };
    expect(issuer).toBe(plane.issuer);
    expect(jwks_uri).toBe(`${plane.issuer}/openid/v1/jwks`);
    const keys = JSON.parse((await getAnonymously(plane, jwks_uri)).body) as JSONWebKeySet;

    expect(decodeProtectedHeader(token).alg).toBe('RS256');
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { issuer, audience });
    expect(payload.sub).toBe('system:serviceaccount:default:workload');
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
  });

  it('shows nothing else to strangers', async () => {
    expect((await getAnonymously(plane, `${plane.server}/api/v1/namespaces`)).status).toBe(403);
  });

  it('knows the bearer of a token and the owner of a certificate, with no rights of their own', async () => {
    await using folder = await temporaryFolder();
    await kubectl('create', 'serviceaccount', 'bearer');
    const token = (await kubectl('create', 'token', 'bearer')).trim();
    await plane.writeKubeconfig(folder.file('token'), { token });
    await plane.writeKubeconfig(folder.file('user'), { user: 'anna', groups: ['team-a', 'team-b'] });
    const whoAmI = async (file: string) => {
      const asThem = await kubectlFor(plane, folder.file(file));
      await expect(asThem('get', 'secrets')).rejects.toThrow('Forbidden');
      return JSON.parse(await asThem('auth', 'whoami', '-o', 'json')).status.userInfo;
    };
    expect((await whoAmI('token')).username).toBe('system:serviceaccount:default:bearer');
    expect(await whoAmI('user')).toMatchObject({
      username: 'anna',
      groups: ['team-a', 'team-b', 'system:authenticated'],
    });
  });

  it('falls silent when frozen and goes on when resumed', async () => {
    plane.freeze();
    try {
      await expect(kubectl('get', 'namespaces', '--request-timeout=1s')).rejects.toThrow();
    } finally {
      plane.resume();
    }
    await vi.waitFor(() => kubectl('get', 'namespaces', '--request-timeout=5s'), SOON);
  });

  it('keeps its data, address and token keys over a restart of the API server, open watches or not', async () => {
    await kubectl('create', 'configmap', 'kept');
    await kubectl('create', 'serviceaccount', 'kept');
    const token = (await kubectl('create', 'token', 'kept')).trim();
    const watch = spawn(
      await plane.kubectlPath(),
      ['--kubeconfig', plane.kubeconfigPath, 'get', 'configmaps', '--watch', '-o', 'name'],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const ended = new Promise((resolve) => watch.once('exit', resolve));
    await new Promise((resolve) => createInterface({ input: watch.stdout }).once('line', resolve));

    await plane.stopApiServer();
    await expect(kubectl('get', 'configmap', 'kept')).rejects.toThrow('refused');
    await ended;
    await plane.startApiServer();
    expect(await kubectl('get', 'configmap', 'kept', '-o', 'name')).toBe('configmap/kept\n');

    await plane.restartApiServer();
    await using folder = await temporaryFolder();
    await plane.writeKubeconfig(folder.file('token'), { token });
    const bearer = await kubectlFor(plane, folder.file('token'));
    expect(await bearer('auth', 'whoami', '-o', 'name')).toContain('selfsubjectreview');
  });
});

describe('a control plane with its controllers', () => {
  it('deletes what is in a deleted namespace, and what a deleted object owned', async () => {
    await using plane = await startControlPlane({ controllerManager: true });
    const kubectl = await kubectlFor(plane);
    await kubectl('create', 'namespace', 'doomed');
    await kubectl('create', 'configmap', 'inside', '-n', 'doomed');
    await kubectl('delete', 'namespace', 'doomed', '--wait=false');

    await kubectl('create', 'configmap', 'owner');
    const uid = await kubectl('get', 'configmap', 'owner', '-o', 'jsonpath={.metadata.uid}');
    await apply(kubectl, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'owned',
        namespace: 'default',
        ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }],
      },
    });
    await kubectl('delete', 'configmap', 'owner');

    await vi.waitFor(async () => {
      expect(await kubectl('get', 'namespace', 'doomed', '--ignore-not-found')).toBe('');
      expect(await kubectl('get', 'configmap', 'owned', '--ignore-not-found')).toBe('');
    }, SOON);
  });
});

describe('the end of a control plane', () => {
  it('leaves no process and no temporary folder', async () => {
    const plane = await startControlPlane();
    expect((await processesOf(plane.dataDir)).length).toBeGreaterThanOrEqual(2);
    await plane.stop();
    expect(await processesOf(plane.dataDir)).toEqual([]);
    await expect(access(plane.dataDir)).rejects.toThrow('ENOENT');
    await plane.stop();
  });

  it('keeps a folder that was given, and the next one finds its objects, also after a kill', async () => {
    await using folder = await temporaryFolder();
    const dataDir = folder.file('data');
    const first = await startControlPlane({ dataDir, onUnexpectedExit: () => {} });
    try {
      await (await kubectlFor(first))('create', 'configmap', 'kept');
      for (const line of await processesOf(dataDir)) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    } finally {
      await first.stop();
    }
    await using second = await startControlPlane({ dataDir });
    expect(await (await kubectlFor(second))('get', 'configmap', 'kept', '-o', 'name')).toBe(
      'configmap/kept\n',
    );
  });

  it('comes with the end of its parent, however that ended', async () => {
    const script = `
      import { startControlPlane } from ${JSON.stringify(new URL('../../src/sandbox/apiserver/control-plane.ts', import.meta.url))};
      const plane = await startControlPlane();
      process.stdout.write(plane.dataDir + '\\n');
      await new Promise((resolve) => setInterval(resolve, 2 ** 30));`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const dataDir = await new Promise<string>((resolve) =>
      createInterface({ input: parent.stdout }).once('line', resolve),
    );
    expect((await processesOf(dataDir)).length).toBeGreaterThanOrEqual(2);
    parent.kill('SIGKILL');
    await vi.waitFor(async () => expect(await processesOf(dataDir)).toEqual([]), SOON);
    await vi.waitFor(() => expect(access(dataDir)).rejects.toThrow('ENOENT'), SOON);
  });

  it('by itself is reported with the end of the log', async () => {
    const reports: Error[] = [];
    await using plane = await startControlPlane({ onUnexpectedExit: (error) => void reports.push(error) });
    const line = (await processesOf(plane.dataDir)).find((text) => /^\s*\d+ \S*kube-apiserver --/.test(text));
    process.kill(Number.parseInt(line ?? '', 10), 'SIGKILL');
    await vi.waitFor(() => expect(reports).toHaveLength(1), SOON);
    expect(reports[0]?.message).toMatch(/^kube-apiserver was ended by signal 9; the end of its log:\n.+/);
  });
});

describe('a control plane that cannot start', () => {
  it('says what the API server said, and leaves nothing', async () => {
    await using folder = await temporaryFolder();
    const starting = startControlPlane({ dataDir: folder.file('data'), apiServerFlags: ['--no-such-flag'] });
    await expect(starting).rejects.toThrow(/kube-apiserver exited with 1[\s\S]*unknown flag: --no-such-flag/);
    expect(await processesOf(folder.path)).toEqual([]);
  });

  it('names a port that is taken', async () => {
    await using plane = await startControlPlane();
    const port = Number(new URL(plane.server).port);
    await expect(startControlPlane({ port })).rejects.toThrow(
      `expected port ${port} of 127.0.0.1 to be free for kube-apiserver, another process has it`,
    );
  });

  it('stops at once when aborted', async () => {
    await using folder = await temporaryFolder();
    const abort = new AbortController();
    const starting = startControlPlane({ dataDir: folder.file('data'), signal: abort.signal });
    await vi.waitFor(
      async () => expect((await processesOf(folder.path)).length).toBeGreaterThanOrEqual(2),
      SOON,
    );
    abort.abort(new Error('no longer wanted'));
    await expect(starting).rejects.toThrow('no longer wanted');
    expect(await processesOf(folder.path)).toEqual([]);
  });

  it.each([0, 65_536, 1.5])('refuses port %s', async (port) => {
    await expect(startControlPlane({ port })).rejects.toThrow(
      `expected port to be an integer from 1 to 65535, got ${port}`,
    );
  });
});
