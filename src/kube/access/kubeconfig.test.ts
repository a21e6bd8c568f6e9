import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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

it('takes an empty file for one that says nothing, and no other that holds no mapping', async () => {
  expect(readKubeconfig([await file('empty', '')], 'KUBECONFIG')).toMatchObject({ contexts: [], users: [] });
  const path = await file('text', 'text');
  expect(() => readKubeconfig([path], 'KUBECONFIG')).toThrow(/the document is not as kubectl writes it/);
});

it('passes over a file of a list that does not exist, wherever it stands', async () => {
  const there = await file('there', 'current-context: a');
  const absent = join(folder, 'absent');
  for (const list of [
    [absent, there],
    [there, absent],
  ])
    expect(readKubeconfig(list, 'KUBECONFIG').currentContext).toBe('a');
  expect(() => readKubeconfig([absent], '--kubeconfig')).toThrow(/got .*absent: ENOENT/);
  expect(() => readKubeconfig([absent, `${absent}-2`], 'KUBECONFIG')).toThrow(
    `Expected KUBECONFIG to name a kubeconfig file that exists, got ${absent}, ${absent}-2`,
  );
});

it('refuses a file of a list that is there and cannot be read', async () => {
  const there = await file('there', 'current-context: a');
  expect(() => readKubeconfig([there, folder], 'KUBECONFIG')).toThrow(/EISDIR/);
});

it('takes nothing of a second one of the same name, be it what the first does not say', async () => {
  const one = await file('one', 'users: [{name: u, user: {username: me}}]');
  const two = await file('two', 'users: [{name: u, user: {password: secret}}]');
  expect(readKubeconfig([one, two], 'KUBECONFIG').users).toEqual([
    { name: 'u', username: 'me', needsPlugin: false },
  ]);
});

it('takes the current context of the first file that has one', async () => {
  const files = await Promise.all([
    file('none', 'users: []'),
    file('empty', 'current-context: ""'),
    file('b', 'current-context: b'),
    file('c', 'current-context: c'),
  ]);
  expect(readKubeconfig(files, 'KUBECONFIG').currentContext).toBe('b');
});

it('reads paths of several files, a plugin’s command too, each as relative to its own file', async () => {
  await mkdir(join(folder, 'sub'));
  const one = await file('one', 'users: [{name: u, user: {tokenFile: token}}]');
  const two = await file(
    'sub/two',
    'users: [{name: v, user: {tokenFile: token}}, {name: w, user: {exec: {command: ./login}}}, {name: x, user: {exec: {command: login}}}]',
  );
  expect(readKubeconfig([one, two], 'KUBECONFIG').users).toMatchObject([
    { tokenFile: join(folder, 'token') },
    { tokenFile: join(folder, 'sub', 'token') },
    { exec: { command: join(folder, 'sub', 'login') } },
    { exec: { command: 'login' } },
  ]);
});
