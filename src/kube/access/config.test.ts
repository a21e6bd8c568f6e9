import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { createPki } from '../../simulator/certificates.ts';
import { ScriptedServer } from '../transport/scripted-server.fixture.ts';
import { KubeTransport } from '../transport/transport.ts';
import { CREDENTIAL_AGE_MS, loadKubeEndpoint } from './config.ts';

const never = new AbortController().signal;
let folder: string;
let clock: FakeClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azid-kubeconfig-'));
  clock = new FakeClock();
  vi.stubEnv('KUBECONFIG', undefined);
  vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
  vi.stubEnv('HOME', folder);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function kubeconfig(user: object, cluster: object = {}, name = 'config'): Promise<string> {
  const path = join(folder, name);
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u', namespace: 'azid-system' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
  };
  await writeFile(path, stringify(document));
  return path;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the endpoint', () => {
  it('comes from the flag before KUBECONFIG, with server, namespace, token and certificates', async () => {
    vi.stubEnv('KUBECONFIG', join(folder, 'absent'));
    const path = await kubeconfig(
      {
        token: 'secret',
        'client-certificate-data': base64('CERT'),
        'client-key-data': base64('KEY'),
        as: 'someone',
      },
      { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'kubernetes' },
    );
    const endpoint = loadKubeEndpoint({ clock, kubeconfig: path });
    expect(endpoint).toMatchObject({ server: 'https://127.0.0.1:6443', namespace: 'azid-system' });
    expect(await endpoint.credentials()).toEqual({
      headers: { authorization: 'Bearer secret', 'impersonate-user': 'someone' },
      tls: { ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'kubernetes' },
    });
  });

  it('comes from KUBECONFIG without a flag, merged over several files', async () => {
    const first = await kubeconfig({ token: 'one' });
    const second = join(folder, 'second');
    await writeFile(second, stringify({ users: [{ name: 'other', user: { token: 'two' } }] }));
    vi.stubEnv('KUBECONFIG', `${first}:${second}`);
    const credentials = await loadKubeEndpoint({ clock }).credentials();
    expect(credentials.headers).toEqual({ authorization: 'Bearer one' });
  });

  const printing = (token: string) => {
    const credential = JSON.stringify({ kind: 'ExecCredential', status: { token } });
    return {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', `process.stdout.write(${JSON.stringify(credential)})`],
    };
  };

  it('takes the token of an exec plugin', async () => {
    const exec = printing('from-plugin');
    const endpoint = loadKubeEndpoint({ clock, kubeconfig: await kubeconfig({ exec }) });
    expect((await endpoint.credentials()).headers).toEqual({ authorization: 'Bearer from-plugin' });
  });

  it('takes the plugin of the first of two files that name a user alike', async () => {
    const first = await kubeconfig({ exec: printing('first') });
    const second = await kubeconfig({ exec: printing('second') }, {}, 'second');
    vi.stubEnv('KUBECONFIG', `${first}:${join(folder, 'absent')}:${second}`);
    const { headers } = await loadKubeEndpoint({ clock }).credentials();
    expect(headers).toEqual({ authorization: 'Bearer first' });
  });

  it('takes certificates that stand in the file before those it names', async () => {
    const absent = join(folder, 'absent');
    const path = await kubeconfig(
      {
        'client-certificate': absent,
        'client-certificate-data': base64('CERT'),
        'client-key': absent,
        'client-key-data': base64('KEY'),
      },
      { 'certificate-authority': absent, 'certificate-authority-data': base64('CA') },
    );
    const { tls } = await loadKubeEndpoint({ clock, kubeconfig: path }).credentials();
    expect(tls).toEqual({ ca: 'CA', cert: 'CERT', key: 'KEY' });
  });

  it('reads token and CA files again after a minute, and at once after a refresh', async () => {
    const [token, ca] = [join(folder, 'token'), join(folder, 'ca.crt')];
    await Promise.all([writeFile(token, 'one\n'), writeFile(ca, 'CA 1')]);
    const path = await kubeconfig({ tokenFile: 'token' }, { 'certificate-authority': 'ca.crt' });
    const endpoint = loadKubeEndpoint({ clock, kubeconfig: path });
    const first = { headers: { authorization: 'Bearer one' }, tls: { ca: 'CA 1' } };
    expect(await endpoint.credentials()).toEqual(first);
    await Promise.all([writeFile(token, 'two\n'), writeFile(ca, 'CA 2')]);
    clock.advance(CREDENTIAL_AGE_MS - 1);
    expect(await endpoint.credentials()).toEqual(first);
    clock.advance(1);
    expect(await endpoint.credentials()).toEqual({
      headers: { authorization: 'Bearer two' },
      tls: { ca: 'CA 2' },
    });
    await writeFile(token, 'three');
    endpoint.refresh();
    expect((await endpoint.credentials()).headers).toEqual({ authorization: 'Bearer three' });
  });

  it('tries a file again that could not be read', async () => {
    const endpoint = loadKubeEndpoint({ clock, kubeconfig: await kubeconfig({ tokenFile: 'token' }) });
    await expect(endpoint.credentials()).rejects.toThrow('ENOENT');
    await writeFile(join(folder, 'token'), 'late');
    expect((await endpoint.credentials()).headers).toEqual({ authorization: 'Bearer late' });
  });
});

describe('bad configuration', () => {
  it('without any cluster names the ways to give one', () => {
    expect(() => loadKubeEndpoint({ clock })).toThrow(/found none: give --kubeconfig, set KUBECONFIG/);
  });

  it('names the file that is missing', () => {
    expect(() => loadKubeEndpoint({ clock, kubeconfig: '/absent/file' })).toThrow(
      /^Expected --kubeconfig to be a readable kubeconfig file, got \/absent\/file: ENOENT/,
    );
  });

  it('repeats nothing of a file that is no YAML', async () => {
    const path = join(folder, 'broken');
    await writeFile(path, 'users:\n- user: {token: top-secret\n');
    expect(() => loadKubeEndpoint({ clock, kubeconfig: path })).toThrow(
      /^(?!.*top-secret)Expected --kubeconfig/s,
    );
  });

  it('names the contexts there are', async () => {
    const path = await kubeconfig({});
    expect(() => loadKubeEndpoint({ clock, kubeconfig: path, context: 'test' })).toThrow(
      /Expected the context to be one of \[main\] .* got "test"/,
    );
  });

  it.each([
    [{ server: 'http://127.0.0.1:8080' }, /to be an https URL, got "http:\/\/127.0.0.1:8080"/],
    [{ 'proxy-url': 'http://proxy' }, /to have no proxy-url/],
  ])('refuses a cluster with %o', async (cluster, message) => {
    const path = await kubeconfig({}, cluster);
    expect(() => loadKubeEndpoint({ clock, kubeconfig: path })).toThrow(message);
  });
});

describe('a running transport', () => {
  it('sends the renewed token after a 401, and trusts a new CA once its file has changed', async () => {
    await using server = await ScriptedServer.start();
    server.handler = (exchange) => {
      if (exchange.headers.authorization === 'Bearer old') exchange.fail(401, 'Unauthorized');
      else exchange.json({});
      return true;
    };
    const [token, ca] = [join(folder, 'token'), join(folder, 'ca.crt')];
    await Promise.all([writeFile(token, 'old'), writeFile(ca, server.pki.caPem)]);
    const path = await kubeconfig(
      { tokenFile: token },
      { server: server.endpoint.server, 'certificate-authority': ca },
    );
    const endpoint = loadKubeEndpoint({ clock, kubeconfig: path });
    const transport = new KubeTransport({ endpoint, clock, userAgent: 'azid/test' });
    const call = () => transport.request({ method: 'GET', path: '/a' }, never);
    try {
      await writeFile(token, 'new');
      await expect(call()).resolves.toEqual({});
      await writeFile(token, 'old');
      clock.advance(CREDENTIAL_AGE_MS);
      await expect(call()).rejects.toMatchObject({ status: 401 });
      await writeFile(token, 'new');
      await expect(call()).resolves.toEqual({});

      const renewed = await createPki();
      server.present(renewed);
      await writeFile(ca, renewed.caPem);
      clock.advance(CREDENTIAL_AGE_MS);
      const before = server.connections;
      await expect(call()).resolves.toEqual({});
      expect(server.connections).toBe(before + 1);
    } finally {
      await transport.close();
    }
  });
});
