/**
 * Reads kubeconfig files as kubectl does: several merge, those that are missing in a list are passed over, the first that names a
 * thing wins as a whole, and paths are relative to their file. Written here because `@kubernetes/client-node` is 868 modules and 80 MiB resident for these fields; it is
 * loaded only where a login needs it (exec plugins, OIDC): see `credentials.ts`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const named = z.object({ name: z.string() });
const text = z.string().nullish();

const CLUSTER = z.object({
  server: z.string().default(''),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'tls-server-name': text,
  'proxy-url': text,
});

const USER = z.object({
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  as: text,
  exec: z.unknown().optional(),
  'auth-provider': z.unknown().optional(),
});

const DOCUMENT = z.object({
  'current-context': text,
  contexts: z
    .array(
      named.extend({
        context: z.object({ cluster: z.string().default(''), user: z.string().default(''), namespace: text }),
      }),
    )
    .nullish(),
  clusters: z.array(named.extend({ cluster: CLUSTER })).nullish(),
  users: z.array(named.extend({ user: USER.nullish() })).nullish(),
});

interface KubeconfigContext {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string;
}

export interface KubeconfigCluster {
  readonly name: string;
  readonly server: string;
  readonly caFile?: string;
  /** Base64. Wins over the file, as those of a user do. */
  readonly caData?: string;
  readonly insecure: boolean;
  readonly tlsServerName?: string;
  readonly proxyUrl?: string;
}

export interface KubeconfigUser {
  readonly name: string;
  readonly token?: string;
  /** Wins over `token`, and is read again: it is renewed in place. */
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly certFile?: string;
  /** Base64. */
  readonly certData?: string;
  readonly keyFile?: string;
  /** Base64. */
  readonly keyData?: string;
  readonly impersonateUser?: string;
  /** An exec plugin or an auth provider logs in. */
  readonly needsPlugin: boolean;
  /** As they stand in the file, the command of a plugin excepted: it is relative to its file, as other paths are. */
  readonly exec?: unknown;
  readonly authProvider?: unknown;
}

export interface Kubeconfig {
  readonly currentContext?: string;
  readonly contexts: readonly KubeconfigContext[];
  readonly clusters: readonly KubeconfigCluster[];
  readonly users: readonly KubeconfigUser[];
}

/** `source` names the setting in errors, which never repeat a piece of a file: it may hold a token. */
export function readKubeconfig(files: readonly string[], source: string): Kubeconfig {
  let currentContext: string | undefined;
  const contexts = new Map<string, KubeconfigContext>();
  const clusters = new Map<string, KubeconfigCluster>();
  const users = new Map<string, KubeconfigUser>();
  for (const file of files) {
    const document = readDocument(file, source, files.length > 1);
    if (!document) continue;
    const folder = dirname(file);
    currentContext ??= document['current-context'] || undefined;
    for (const { name, context } of document.contexts ?? [])
      keepFirst(contexts, {
        name,
        cluster: context.cluster,
        user: context.user,
        ...given('namespace', context.namespace),
      });
    for (const { name, cluster } of document.clusters ?? [])
      keepFirst(clusters, clusterOf(name, cluster, folder));
    for (const { name, user } of document.users ?? []) keepFirst(users, userOf(name, user ?? {}, folder));
  }
  if (files.length > 1 && contexts.size === 0 && files.every((file) => !existsSync(file)))
    throw new Error(`Expected ${source} to name a kubeconfig file that exists, got ${files.join(', ')}`);
  return {
    ...given('currentContext', currentContext),
    contexts: [...contexts.values()],
    clusters: [...clusters.values()],
    users: [...users.values()],
  };
}

/** Undefined: there is no such file, which a list may say of files that are made later. */
function readDocument(
  file: string,
  source: string,
  mayBeMissing: boolean,
): z.infer<typeof DOCUMENT> | undefined {
  const expected = `Expected ${source} to be a readable kubeconfig file, got ${file}`;
  let document: unknown;
  try {
    const text = readFileSync(file, 'utf8');
    // As /dev/null is: it says nothing.
    if (text === '') return {};
    document = parse(text);
  } catch (error) {
    if (mayBeMissing && isMissing(error)) return undefined;
    // Only the first line: a YAML error goes on with a piece of the file.
    throw new Error(`${expected}: ${error instanceof Error ? error.message.split('\n')[0] : 'unreadable'}`);
  }
  const read = DOCUMENT.safeParse(document);
  if (read.success) return read.data;
  const where = read.error.issues.map(({ path }) => path.map(String).join('.') || 'the document');
  throw new Error(`${expected}: ${where.join(', ')} is not as kubectl writes it`);
}

function clusterOf(name: string, cluster: z.infer<typeof CLUSTER>, folder: string): KubeconfigCluster {
  return {
    name,
    server: cluster.server,
    insecure: cluster['insecure-skip-tls-verify'] ?? false,
    ...given('caFile', absolute(cluster['certificate-authority'], folder)),
    ...given('caData', cluster['certificate-authority-data']),
    ...given('tlsServerName', cluster['tls-server-name']),
    ...given('proxyUrl', cluster['proxy-url']),
  };
}

function userOf(name: string, user: Partial<z.infer<typeof USER>>, folder: string): KubeconfigUser {
  return {
    name,
    needsPlugin: Boolean(user.exec ?? user['auth-provider']),
    ...(user.exec ? { exec: pluginOf(user.exec, folder) } : {}),
    ...(user['auth-provider'] ? { authProvider: user['auth-provider'] } : {}),
    ...given('token', user.token),
    ...given('tokenFile', absolute(user.tokenFile, folder)),
    ...given('username', user.username),
    ...given('password', user.password),
    ...given('certFile', absolute(user['client-certificate'], folder)),
    ...given('certData', user['client-certificate-data']),
    ...given('keyFile', absolute(user['client-key'], folder)),
    ...given('keyData', user['client-key-data']),
    ...given('impersonateUser', user.as),
  };
}

/** A command without a slash is found by PATH. */
function pluginOf(exec: unknown, folder: string): unknown {
  const { command } = exec as { readonly command?: unknown };
  if (typeof command !== 'string' || !command.includes(sep)) return exec;
  return { ...(exec as object), command: absolute(command, folder) };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function keepFirst<T extends { readonly name: string }>(map: Map<string, T>, thing: T): void {
  if (!map.has(thing.name)) map.set(thing.name, thing);
}

function absolute(path: string | null | undefined, folder: string): string | undefined {
  return path ? resolve(folder, path) : undefined;
}

const given = <K extends string>(key: K, value: string | null | undefined) =>
  (value ? { [key]: value } : {}) as { readonly [key in K]?: string };
