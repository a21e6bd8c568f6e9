import { stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { freePort, kubeconfigText, writePrivateFile } from './access.ts';
import { temporaryFolder } from './temporary-folder.fixture.ts';

const CLUSTER = { server: 'https://127.0.0.1:20000', caPem: 'CA' };

describe('a kubeconfig', () => {
  it.each([
    ['a token file, by its absolute path', { tokenFile: '/run/token' }, { tokenFile: '/run/token' }],
    ['a token', { token: 'abc' }, { token: 'abc' }],
    [
      'a client certificate',
      { key: 'K', certificate: 'C' },
      { 'client-certificate-data': 'Qw==', 'client-key-data': 'Sw==' },
    ],
  ])('carries %s', (_, user, expected) => {
    expect(parse(kubeconfigText(CLUSTER, user))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'azid', cluster: { server: CLUSTER.server, 'certificate-authority-data': 'Q0E=' } }],
      users: [{ name: 'azid', user: expected }],
      contexts: [{ name: 'azid', context: { cluster: 'azid', user: 'azid' } }],
      'current-context': 'azid',
    });
  });

  it('is readable by its owner only, also where a file was before', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.file('config'), 'old', { mode: 0o644 });
    await writePrivateFile(folder.file('config'), 'new');
    expect((await stat(folder.file('config'))).mode & 0o777).toBe(0o600);
  });
});

it('a free port is none that outgoing connections are given', async () => {
  const port = await freePort();
  expect(port).toBeGreaterThanOrEqual(20_000);
  expect(port).toBeLessThan(32_768);
});
