import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG } from '../../scripts/image/differences.ts';
import { LICENSE, TEXTS } from '../../scripts/image/rootfs.ts';
import { verifyImage } from '../../scripts/image/verify.ts';
import { billOfImage } from '../../scripts/release/sbom.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { archiveImage } from './archived-image.ts';
import { type ServedOriginals, serveOriginals, toolsAreHere } from './originals-served.ts';

/** An image as a build would hand it on, of a Node and a library of the tests; what may be wrong with one: scripts/image/differences.test.ts. */

const LIBRARY = '/lib/x86_64-linux-gnu/libx.so.1';
const LIBX = {
  name: 'libx',
  version: '1.0-1',
  purl: 'pkg:deb/debian/libx@1.0-1?arch=amd64',
  files: [LIBRARY],
};
const FILES: Readonly<Record<string, string>> = {
  ...TEXTS,
  'azid/azid.mjs': 'the bundle',
  'azid/LICENSE': await readFile(LICENSE, 'utf8'),
  'usr/bin/node': 'Node of the tests\n',
  [LIBRARY]: 'a library of the tests\n',
};

describe.runIf(toolsAreHere)('an image', () => {
  let folder: TemporaryFolder;
  let served: ServedOriginals;
  const at = (...names: string[]) => folder.file(...names);
  const write = async (path: string, text: string) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  beforeEach(async () => {
    [folder, served] = await Promise.all([temporaryFolder(), serveOriginals()]);
    await write(at('dist/azid.mjs'), 'the bundle');
    await write(at('repository/package.json'), JSON.stringify({ devDependencies: { node: '24.0.0' } }));
    await write(at('repository/package-lock.json'), JSON.stringify({ version: '0.1.0', packages: {} }));
    const base = `node:24.0.0-bookworm-slim@sha256:${'a'.repeat(64)}`;
    await write(at('repository/deploy/image/Dockerfile'), `FROM ${base} AS build\nFROM scratch\n`);
    for (const [path, text] of Object.entries(FILES)) await write(at('layer', path), text);
    const bill = await billOfImage(at('repository'), [LIBX], new Date(0));
    await write(at('sbom.json'), JSON.stringify(bill));
  });
  afterEach(() => Promise.all([folder[Symbol.asyncDispose](), served[Symbol.asyncDispose]()]));

  const archive = () => archiveImage(at('image.tar'), { layers: [at('layer')], config: CONFIG });
  const verify = () =>
    verifyImage({
      archive: at('image.tar'),
      rootfs: at('rootfs'),
      sbom: at('sbom.json'),
      root: at('repository'),
      dist: at('dist'),
      sources: served,
    });

  it('that holds what its makers signed and azid built is known by its digest, and there to be run', async () => {
    const digest = await archive();
    expect(await verify()).toBe(digest);
    expect(await readFile(at('rootfs/usr/bin/node'), 'utf8')).toBe('Node of the tests\n');
    expect((await readdir(folder.path)).sort()).toEqual([
      'dist',
      'image.tar',
      'layer',
      'repository',
      'rootfs',
      'sbom.json',
    ]);
  });

  it('is refused with all that is wrong, not with the first', async () => {
    await write(at('layer/azid/azid.mjs'), 'x');
    await write(at('layer/x'), 'x');
    const digest = await archive();
    await expect(verify()).rejects.toThrow(
      `${digest} is not the image that it should be:\n/azid/azid.mjs: expected the original, found other bytes\n/x: expected nothing`,
    );
  });

  it('whose bill of materials says something else is refused', async () => {
    await archive();
    const bill = JSON.parse(await readFile(at('sbom.json'), 'utf8'));
    const wrong =
      'the bill of materials: expected what the lock file and the image hold, found something else';
    const more = { ...bill, packages: [...bill.packages, { name: 'x' }] };
    const elsewhere = JSON.parse(JSON.stringify(bill).replaceAll('a'.repeat(64), 'b'.repeat(64)));
    for (const each of [more, elsewhere]) {
      await write(at('sbom.json'), JSON.stringify(each));
      await expect(verify()).rejects.toThrow(wrong);
      await rm(at('rootfs'), { recursive: true });
    }
  });

  it('of which the originals cannot be had is refused', async () => {
    await archive();
    served.instead.set('node-v24.0.0-linux-x64.tar.xz', Buffer.from('another'));
    await expect(verify()).rejects.toThrow('as is signed, got some of');
  });
});
