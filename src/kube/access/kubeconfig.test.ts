import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readKubeconfig } from './kubeconfig.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azid-kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

it('merges files: of two things of one name, and of two current contexts, the first holds', async () => {
  const one = await file('one', 'current-context: a\nusers: [{name: u, user: {token: first}}]\n');
  const two = await file(
    'two',
    'current-context: b\nusers: [{name: u, user: {token: second}}, {name: v, user: {token: third}}]\n',
  );
  const { currentContext, users } = readKubeconfig([one, two], 'KUBECONFIG');
  expect(currentContext).toBe('a');
  expect(users).toEqual([
    { name: 'u', token: 'first', needsPlugin: false },
    { name: 'v', token: 'third', needsPlugin: false },
  ]);
});

it('reads paths as relative to their file, and leaves absolute ones', async () => {
  const path = await file(
    'config',
    [
      'clusters: [{name: c, cluster: {server: "https://h", certificate-authority: ca.crt}}]',
      'users: [{name: u, user: {client-certificate: pki/u.crt, client-key: /etc/u.key, tokenFile: token}}]',
    ].join('\n'),
  );
  const { clusters, users } = readKubeconfig([path], '--kubeconfig');
  expect(clusters[0]?.caFile).toBe(join(folder, 'ca.crt'));
  expect(users[0]).toMatchObject({
    certFile: join(folder, 'pki/u.crt'),
    keyFile: '/etc/u.key',
    tokenFile: join(folder, 'token'),
  });
});

it.each([
  ['an exec plugin', '{exec: {command: kubelogin}}', true],
  ['an auth provider', '{auth-provider: {name: oidc}}', true],
  ['a token', '{token: t}', false],
  ['nothing', '', false],
])('tells that a user with %s needs a plugin or not', async (_, user, expected) => {
  const path = await file('config', `users: [{name: u, user: ${user}}]`);
  expect(readKubeconfig([path], '--kubeconfig').users[0]?.needsPlugin).toBe(expected);
});

it('names the field that is not as kubectl writes it, and repeats nothing of the file', async () => {
  const path = await file('config', 'users: [{name: u, user: {token: [top-secret]}}]');
  expect(() => readKubeconfig([path], '--kubeconfig')).toThrow(
    `Expected --kubeconfig to be a readable kubeconfig file, got ${path}: users.0.user.token is not as kubectl writes it`,
  );
});

it('takes an empty file for one that says nothing only if it holds a mapping', async () => {
  const path = await file('config', '');
  expect(() => readKubeconfig([path], 'KUBECONFIG')).toThrow(/the document is not as kubectl writes it/);
});
