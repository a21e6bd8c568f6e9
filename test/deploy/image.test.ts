import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseImageOf } from '../../scripts/image/base.ts';
import { CONFIG } from '../../scripts/image/differences.ts';
import { assembleRootfs, contentsOf } from '../../scripts/image/rootfs.ts';
import { type Confinement, confinementHere, runIn } from '../../scripts/image/run.ts';
import { freePort } from '../../src/sandbox/apiserver/access.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { bundleProduct } from '../../src/sandbox/controller/bundle.ts';
import { until } from '../support/testbed.ts';

/** The image as the Dockerfile puts it together, and azid run in it as the Deployment runs it, without a container engine. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFile(join(ROOT, path), 'utf8');

describe.runIf(process.platform === 'linux')('the image', () => {
  let folder: TemporaryFolder;
  let rootfs: string;
  let confinement: Confinement;
  beforeAll(async () => {
    folder = await temporaryFolder();
    rootfs = folder.file('rootfs');
    await bundleProduct(folder.file('dist'));
    await assembleRootfs({ target: rootfs, dist: folder.file('dist'), node: process.execPath });
    confinement = await confinementHere();
  });
  afterAll(() => folder?.[Symbol.asyncDispose]());

  /** Its end, and what it wrote. */
  async function run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const child = await runIn(rootfs, confinement, args, { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
    if (!child.stdout || !child.stderr) throw new Error('expected pipes');
    const [[code], out, err] = await Promise.all([
      once(child, 'exit'),
      text(child.stdout),
      text(child.stderr),
    ]);
    return { code: code as number, out, err };
  }
  const confined = () => confinement !== 'plain folder';

  it('holds Node, its libraries, azid and two names, and nothing that could start anything else', async () => {
    const contents = await contentsOf(rootfs);
    const libraries = contents.filter((path) => /^\/(usr\/)?lib/.test(path));
    expect(libraries.filter((path) => !/\/(ld-|lib)[\w+-]+\.so\.\d+$/.test(path))).toEqual([]);
    const bundle = (await readdir(folder.file('dist'))).map((name) => `/azid/${name}`);
    expect(bundle).toContain('/azid/azid.mjs');
    expect(contents.filter((path) => ![...libraries, ...bundle].includes(path))).toEqual([
      '/azid/LICENSE',
      '/etc/group',
      '/etc/nsswitch.conf',
      '/etc/passwd',
      '/usr/bin/node',
    ]);
  });

  it('costs no copy where files can be linked', async () => {
    const sameDisk = (await stat(process.execPath)).dev === (await stat(rootfs)).dev;
    if (!sameDisk) return;
    expect((await stat(join(rootfs, 'usr/bin/node'))).ino).toBe((await stat(process.execPath)).ino);
  });

  it('runs azid, which says its version', async () => {
    const { version } = JSON.parse(await read('package.json')) as { version: string };
    expect(await run(['/azid/azid.mjs', '--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it('runs as nobody of the node, on a root that takes no write', async () => {
    if (!confined()) return;
    const program = `
      const { writeFileSync } = require('node:fs');
      const refused = ['/azid/x', '/tmp/x', '/x'].map((path) => {
        try { writeFileSync(path, ''); return 'written'; } catch (error) { return error.code; }
      });
      console.log(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), refused }));`;
    const { out, err } = await run(['-e', program]);
    expect(err).toBe('');
    const why = confinement === 'read-only root' ? 'EROFS' : 'EACCES';
    expect(JSON.parse(out)).toEqual({ uid: 65532, gid: 65532, groups: [65532], refused: [why, why, why] });
  });

  it('finds names by the files that the kubelet gives', async () => {
    if (!confined()) return;
    await writeFile(join(rootfs, 'etc/hosts'), '127.0.0.9 only.here\n');
    const { out } = await run([
      '-e',
      `require('node:dns').lookup('only.here', (e, a) => console.log(e?.code ?? a))`,
    ]);
    expect(out).toBe('127.0.0.9\n');
  });

  it('refuses to start without ids, and names the variable', async () => {
    const { code, err } = await run(['/azid/azid.mjs', 'controller']);
    expect(code).toBe(1);
    expect(err).toContain('--tenant-id');
  });

  it('starts the controller, which answers its probes and ends in order', async () => {
    const port = await freePort();
    await mkdir(join(rootfs, 'var/run/secrets/azid'), { recursive: true });
    const file = 'var/run/secrets/azid/kubeconfig';
    // An API server that nobody reaches: the process lives, and is not ready.
    const cluster = { name: 'c', cluster: { server: 'https://127.0.0.1:9' } };
    const context = { name: 'c', context: { cluster: 'c', user: 'u' } };
    const config = { clusters: [cluster], users: [{ name: 'u', user: { token: 't' } }], contexts: [context] };
    const kind = { apiVersion: 'v1', kind: 'Config', 'current-context': 'c' };
    await writeFile(join(rootfs, file), JSON.stringify({ ...kind, ...config }));
    const env = {
      AZURE_TENANT_ID: '99999999-8888-4777-8666-555555555555',
      AZURE_CLIENT_ID: '00000000-0000-4000-8000-000000000001',
      AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/azid/azure-token',
      AZID_KUBECONFIG: confined() ? `/${file}` : join(rootfs, file),
      AZID_LISTEN_ADDRESS: `127.0.0.1:${port}`,
      NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=256 --expose-gc',
    };
    const child = await runIn(rootfs, confinement, ['/azid/azid.mjs', 'controller'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk));
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    try {
      const probe = (path: string) =>
        fetch(`http://127.0.0.1:${port}/${path}`).then(
          ({ status }) => status,
          () => undefined,
        );
      await until(`the controller to answer /healthz`, async () => {
        if (child.exitCode !== null) throw new Error(`the controller ended with ${child.exitCode}: ${said}`);
        return (await probe('healthz')) === 200;
      });
      expect(await probe('readyz')).toBe(503);
      if (confined()) {
        const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
        expect(status).toMatch(/^Uid:\s+65532\s+65532\s+65532\s+65532$/m);
        expect(status).toMatch(/^CapEff:\s+0{16}$/m);
        if (confinement === 'read-only root') expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
      }
    } finally {
      child.kill('SIGTERM');
    }
    expect(await exited, said).toEqual([0, null]);
  });
});

describe('the Dockerfile', () => {
  it('builds with the Node of the lock file, in an image by digest, and puts in what is assembled here', async () => {
    const dockerfile = await read('deploy/image/Dockerfile');
    const { devDependencies } = JSON.parse(await read('package.json')) as {
      devDependencies: Record<string, string>;
    };
    const { repository, tag } = baseImageOf(dockerfile);
    expect([repository, tag.split('-')[0]]).toEqual(['docker.io/library/node', devDependencies.node]);
    expect(dockerfile).toContain('node scripts/image.ts rootfs /rootfs');
    expect(dockerfile.split(/^FROM scratch$/m)[1]?.match(/^(COPY|ADD|RUN) .*$/gm)).toEqual([
      'COPY --from=build /rootfs /',
    ]);
  });

  it('says how the image is run, as a release verifies it', async () => {
    const [, last = ''] = (await read('deploy/image/Dockerfile')).split(/^FROM scratch$/m);
    const said = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(last)?.[1] ?? '';
    expect({ User: said('USER'), WorkingDir: said('WORKDIR') }).toEqual({
      User: CONFIG.User,
      WorkingDir: CONFIG.WorkingDir,
    });
    expect(JSON.parse(said('ENTRYPOINT'))).toEqual(CONFIG.Entrypoint);
    expect(JSON.parse(said('CMD'))).toEqual(CONFIG.Cmd);
    expect(last).not.toMatch(/^ENV /m);
  });
});
