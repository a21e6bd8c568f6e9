/**
 * What the image holds of others, from those who made it, by their own signatures: Node from its releasers, the libraries from Debian.
 * Who publishes the image's base signs nothing (docs/design/2026-11-30-base-image.md).
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface NodeSource {
  /** Holds a folder `v24.21.0` for each version. */
  readonly releases: string;
  /** The keys of those who sign releases now: github.com/nodejs/release-keys. */
  readonly keys: { readonly url: string; readonly sha256: string };
}

const KEYS_COMMIT = 'b28073028e6d6855cfb53bf7fa0137599c01f967';
export const NODE: NodeSource = {
  releases: 'https://nodejs.org/dist',
  keys: {
    url: `https://raw.githubusercontent.com/nodejs/release-keys/${KEYS_COMMIT}/gpg-only-active-keys/pubring.kbx`,
    sha256: '8e6f89521a0694e445f42decd022f48369c634f1b5bcb5975135b69c88629ae8',
  },
};

/** The path of the program of Node that its releasers signed; `scratch` is a folder that is there. */
export async function signedNode(
  version: string,
  architecture: string,
  scratch: string,
  { releases, keys }: NodeSource = NODE,
): Promise<string> {
  refuseOdd('architecture', architecture, /^(amd64|arm64)$/);
  const keyring = await download(keys.url, join(scratch, 'node-keys.kbx'));
  if (sha256(keyring) !== keys.sha256)
    throw new Error(`${keys.url}: expected bytes of sha256 ${keys.sha256}, got some of ${sha256(keyring)}`);
  const name = `node-v${version}-linux-${architecture === 'amd64' ? 'x64' : architecture}`;
  const signed = join(scratch, 'SHASUMS256.txt.asc');
  await download(`${releases}/v${version}/SHASUMS256.txt.asc`, signed);
  // Read from what gpgv wrote: text around a signed part is in the file as well, and signed by nobody.
  const sums = join(scratch, 'SHASUMS256.txt');
  await run('gpgv', ['--keyring', join(scratch, 'node-keys.kbx'), '--output', sums, signed]).catch(
    (error) => {
      throw new Error(
        `${signed}: expected a signature by one of the releasers of Node, ${reasonOf(error)}; where a new one signs, raise KEYS_COMMIT in scripts/image/originals.ts`,
      );
    },
  );
  const lines = (await readFile(sums, 'utf8')).split('\n');
  const [sum] = lines.find((line) => line.endsWith(`  ${name}.tar.xz`))?.split(' ') ?? [];
  const archive = join(scratch, `${name}.tar.xz`);
  const found = sha256(await download(`${releases}/v${version}/${name}.tar.xz`, archive));
  if (found !== sum)
    throw new Error(`${name}.tar.xz: expected bytes of sha256 ${sum}, as is signed, got some of ${found}`);
  await run('tar', ['--extract', '--xz', '--file', archive, '--directory', scratch, `${name}/bin/node`]);
  return join(scratch, name, 'bin/node');
}

export interface DebianPackages {
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  /** `bookworm` */
  readonly suite: string;
  /** `amd64` */
  readonly architecture: string;
}
export interface DebianSource {
  readonly mirror: string;
  /** Of the package `debian-archive-keyring`, which Ubuntu has as well. */
  readonly keyring: string;
}
export const DEBIAN: DebianSource = {
  mirror: 'http://deb.debian.org',
  keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
};

/** A folder with the files of these packages, which apt took for Debian's; `scratch` is a folder that is there. */
export async function signedLibraries(
  { packages, suite, architecture }: DebianPackages,
  scratch: string,
  { mirror, keyring }: DebianSource = DEBIAN,
): Promise<string> {
  // Named by what was made in the image's base: nothing of it may become another argument of apt.
  refuseOdd('architecture', architecture, /^(amd64|arm64)$/);
  for (const { name, version } of packages) {
    refuseOdd('package', name, /^[a-z0-9][a-z0-9+.-]+$/);
    refuseOdd('version', version, /^[0-9][A-Za-z0-9.+:~-]*$/);
  }
  const at = (name: string) => join(scratch, name);
  for (const folder of ['lists/partial', 'cache/archives/partial', 'debs', 'libraries'])
    await mkdir(at(folder), { recursive: true });
  await writeFile(at('status'), '');
  const sources = [`debian ${suite}`, `debian ${suite}-updates`, `debian-security ${suite}-security`];
  const lines = sources.map((each) => `deb [signed-by=${keyring}] ${mirror}/${each} main\n`);
  await writeFile(at('sources.list'), lines.join(''));
  // Nothing of the machine's own packages, sources and preferences.
  const options = {
    'Dir::State': scratch,
    'Dir::State::lists': at('lists'),
    'Dir::State::status': at('status'),
    'Dir::Cache': at('cache'),
    'Dir::Etc::sourcelist': at('sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root',
    // A list that could not be had or believed is a warning by default.
    'APT::Update::Error-Mode': 'any',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '5',
  };
  const apt = (...args: readonly string[]) =>
    run(
      'apt-get',
      [...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]), '--quiet', ...args],
      {
        cwd: at('debs'),
        env: { ...process.env, LC_ALL: 'C' },
      },
    ).catch((error) => {
      throw new Error(
        `apt-get ${args.join(' ')}: ${reasonOf(error)}; where Debian has replaced a version, raise the image's base in deploy/image/Dockerfile`,
      );
    });
  await apt('update');
  await apt('download', ...packages.map(({ name, version }) => `${name}=${version}`));
  for (const file of await readdir(at('debs')))
    await run('dpkg-deb', ['--extract', join(at('debs'), file), at('libraries')]);
  return at('libraries');
}

function refuseOdd(what: string, value: string, form: RegExp): void {
  if (!form.test(value))
    throw new Error(`${what}: expected one such as ${form.source}, got ${JSON.stringify(value)}`);
}

async function download(url: string, path: string): Promise<Buffer> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: expected 200, got ${answer.status}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  await writeFile(path, bytes);
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Why a program failed, by the line that it begins with its name or, as apt, with `E:`; that it is not there, where it is not. */
function reasonOf(error: { readonly stderr?: string; readonly message: string }): string {
  const lines = error.stderr?.trim().split('\n') ?? [];
  return lines.findLast((line) => /^(E|gpgv): /.test(line)) ?? (lines.at(-1) || error.message);
}
