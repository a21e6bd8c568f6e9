import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.fixture.ts';
import { BinaryUnavailable, getBinaries } from './binaries.ts';
import { binaryFolder, readPins, thisPlatform } from './pins.ts';

/** A binary is anything that runs: this one answers --version. */
const BINARY = '#!/bin/sh\necho v1.37.2\n';

interface ReleaseServer extends AsyncDisposable {
  readonly hosts: { kubernetes: string; etcd: string };
  /** Paths asked for, in order. */
  readonly requests: string[];
  readonly files: Map<string, Buffer>;
}

async function releaseServer(): Promise<ReleaseServer> {
  const requests: string[] = [];
  const files = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const file = files.get(request.url ?? '');
    response.writeHead(file ? 200 : 404).end(file);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    hosts: { kubernetes: `${base}/k`, etcd: `${base}/e` },
    requests,
    files,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

const pins = await readPins();
const platform = thisPlatform();
const apiServerPath = `/k/${pins.kubernetes}/bin/${platform.os}/${platform.arch}/kube-apiserver`;

function publishApiServer(
  server: ReleaseServer,
  content = Buffer.from(BINARY),
  hash = sha256(content),
): void {
  server.files.set(apiServerPath, content);
  server.files.set(`${apiServerPath}.sha256`, Buffer.from(hash));
}

/** Finds `sh` for the tests' scripts, but no Go. */
async function withoutGo(folder: TemporaryFolder, more: Record<string, string> = {}) {
  await mkdir(folder.file('path'), { recursive: true });
  return { PATH: folder.file('path'), AZID_CACHE_DIR: folder.file('cache'), ...more };
}

function cached(folder: TemporaryFolder): string {
  return binaryFolder(folder.file('cache'), pins, platform);
}

const silent = () => {};

// Servers are published for Linux only; elsewhere the second way is never open.
describe.runIf(platform.os === 'linux')('the binaries', () => {
  it('come from KUBEBUILDER_ASSETS before anything else', async () => {
    await using folder = await temporaryFolder();
    await using server = await releaseServer();
    publishApiServer(server);
    const path = await folder.script('kube-apiserver', 'exit 0');
    const env = await withoutGo(folder, { KUBEBUILDER_ASSETS: folder.path });
    expect(await getBinaries(['kube-apiserver'], { env, hosts: server.hosts })).toEqual({
      'kube-apiserver': path,
    });
    expect(server.requests).toEqual([]);
  });

  it('that KUBEBUILDER_ASSETS lacks come from the next way', async () => {
    await using folder = await temporaryFolder();
    await using server = await releaseServer();
    publishApiServer(server);
    const env = await withoutGo(folder, { KUBEBUILDER_ASSETS: folder.path });
    const found = await getBinaries(['kube-apiserver'], { env, hosts: server.hosts, progress: silent });
    expect(found['kube-apiserver']).toBe(`${cached(folder)}/kube-apiserver`);
  });

  it('are not searched for when KUBEBUILDER_ASSETS points nowhere', async () => {
    await using folder = await temporaryFolder();
    const env = await withoutGo(folder, { KUBEBUILDER_ASSETS: folder.file('nowhere') });
    await expect(getBinaries(['kube-apiserver'], { env })).rejects.toThrow(
      /^expected KUBEBUILDER_ASSETS to be a folder .*, got ".*nowhere", which is no folder; correct it or unset it$/,
    );
  });

  it('are downloaded once, checked, and then come from the cache', async () => {
    await using folder = await temporaryFolder();
    await using server = await releaseServer();
    publishApiServer(server);
    const options = { env: await withoutGo(folder), hosts: server.hosts, progress: silent };
    const { 'kube-apiserver': path } = await getBinaries(['kube-apiserver'], options);
    expect(await readFile(path, 'utf8')).toBe(BINARY);
    expect(await getBinaries(['kube-apiserver'], options)).toEqual({ 'kube-apiserver': path });
    expect(server.requests).toEqual([`${apiServerPath}.sha256`, apiServerPath]);
    expect(await readdir(cached(folder))).toEqual(['kube-apiserver']);
  });

  it('are downloaded once when two want them at the same time', async () => {
    await using folder = await temporaryFolder();
    await using server = await releaseServer();
    publishApiServer(server);
    const options = { env: await withoutGo(folder), hosts: server.hosts, progress: silent };
    const [one, two] = await Promise.all([
      getBinaries(['kube-apiserver'], options),
      getBinaries(['kube-apiserver'], options),
    ]);
    expect(one).toEqual(two);
    expect(server.requests.filter((path) => path === apiServerPath)).toHaveLength(1);
  });

  it('of etcd are taken out of its archive', async () => {
    await using folder = await temporaryFolder();
    await using server = await releaseServer();
    const name = `etcd-${pins.etcd}-${platform.os}-${platform.arch}`;
    await mkdir(folder.file(name));
    await writeFile(folder.file(name, 'etcd'), BINARY, { mode: 0o755 });
    const archive = execFileSync('tar', ['-czf', '-', '-C', folder.path, name]);
    server.files.set(`/e/${pins.etcd}/${name}.tar.gz`, archive);
    server.files.set(`/e/${pins.etcd}/SHA256SUMS`, Buffer.from(`${sha256(archive)}  ${name}.tar.gz\n`));
    const env = { ...(await withoutGo(folder)), PATH: process.env.PATH };
    const { etcd } = await getBinaries(['etcd'], { env, hosts: server.hosts, progress: silent });
    expect(await readFile(etcd, 'utf8')).toBe(BINARY);
    expect(await readdir(cached(folder))).toEqual(['etcd']);
  });

  it.each([
    [
      'whose hash differs',
      (server: ReleaseServer) => publishApiServer(server, Buffer.from(BINARY), '0'.repeat(64)),
      /SHA-256 0{64}, got [0-9a-f]{64}: thrown away/,
    ],
    [
      'that does not run here',
      (server: ReleaseServer) => publishApiServer(server, Buffer.from('\x7fELF')),
      /expected the new kube-apiserver to run/,
    ],
    ['that is not published', () => {}, /HTTP 404/],
  ])('%s never enter the cache', async (_, publish, reason) => {
    await using folder = await temporaryFolder();
    await using server = await releaseServer();
    publish(server);
    const options = { env: await withoutGo(folder), hosts: server.hosts, progress: silent };
    await expect(getBinaries(['kube-apiserver'], options)).rejects.toThrow(reason);
    expect(await readdir(cached(folder))).toEqual([]);
  });

  it('are built with Go when there is no release, and what an interrupted run left is removed', async () => {
    await using folder = await temporaryFolder();
    await using server = await releaseServer();
    await folder.script(
      'go',
      '[ "$1" = env ] && { echo go1.26.8; exit; }\n' +
        'while [ "$1" != -o ]; do shift; done\nprintf "#!/bin/sh\\n" >"$2"; chmod +x "$2"',
    );
    await mkdir(cached(folder), { recursive: true });
    await writeFile(`${cached(folder)}/kube-apiserver.left.partial`, 'half');
    const env = { PATH: `${folder.path}:${process.env.PATH}`, AZID_CACHE_DIR: folder.file('cache') };
    const lines: string[] = [];
    await getBinaries(['kube-apiserver'], {
      env,
      hosts: server.hosts,
      progress: (line) => void lines.push(line),
    });
    expect(await readdir(cached(folder))).toEqual(['kube-apiserver']);
    expect(lines).toEqual([
      expect.stringContaining('no release of kube-apiserver: GET'),
      expect.stringContaining(
        'building kube-apiserver with Go 1.26.8: about 6 min the first time on two cores',
      ),
    ]);
  });

  it('that no way leads to give one error with every way and its reason', async () => {
    await using folder = await temporaryFolder();
    await using server = await releaseServer();
    const options = { env: await withoutGo(folder), hosts: server.hosts, progress: silent };
    const error: unknown = await getBinaries(['kube-apiserver'], options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BinaryUnavailable);
    const message = (error as Error).message
      .replaceAll(folder.path, '<tmp>')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'host');
    expect(message).toBe(
      [
        'kube-apiserver could not be had in any way:',
        '  1. KUBEBUILDER_ASSETS: not set',
        `  2. cache: not yet in ${cached(folder).replace(folder.path, '<tmp>')}`,
        `  3. release: GET http://host${apiServerPath}.sha256: HTTP 404`,
        '  4. go build: found no `go` on the PATH; get it from https://go.dev/dl',
        'Do one of these: set KUBEBUILDER_ASSETS to a folder that holds kube-apiserver, open the way to the ' +
          'release host, or install Go so that it can be built.',
      ].join('\n'),
    );
  });
});
