import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpackImage } from '../../scripts/image/archive.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { archiveImage, type ImageToArchive } from './archived-image.ts';

const PROGRAM = fileURLToPath(new URL('../../scripts/image.ts', import.meta.url));

describe('the archive of an image', () => {
  let folder: TemporaryFolder;
  const at = (...names: string[]) => folder.file(...names);
  beforeEach(async () => {
    folder = await temporaryFolder();
    for (const name of ['one', 'other']) {
      await mkdir(at(name, 'azid'), { recursive: true });
      await writeFile(at(name, 'azid', name), name);
    }
  });
  afterEach(() => folder[Symbol.asyncDispose]());
  const archive = (image: Partial<ImageToArchive> = {}) =>
    archiveImage(at('image.tar'), { layers: [at('one'), at('other')], config: { User: 'x' }, ...image });
  const unpack = () => unpackImage(at('image.tar'), at('rootfs'));

  it('unpacks to what its layers hold, the digest, and how it is run', async () => {
    const digest = await archive();
    expect(await unpack()).toEqual({ digest, architecture: 'amd64', config: { User: 'x' } });
    expect((await readdir(at('rootfs/azid'))).sort()).toEqual(['one', 'other']);
    expect((await readdir(folder.path)).sort()).toEqual(['image.tar', 'one', 'other', 'rootfs']);
  });

  it('is unpacked by `node scripts/image.ts unpack`, which prints the digest', async () => {
    const digest = await archive();
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...[PROGRAM, 'unpack', at('image.tar'), at('rootfs')],
    ]);
    expect(stdout).toBe(`${digest}\n`);
    expect(await readFile(at('rootfs/azid/one'), 'utf8')).toBe('one');
  });

  it('writes nothing outside of its folder, whatever its layers are', async () => {
    for (const name of ['outside', 'first']) await mkdir(at(name));
    await symlink(at('outside'), at('first/azid'));
    await archive({ layers: [at('first'), at('one')] });
    await expect(unpack()).rejects.toThrow('/azid: expected files and folders only, found another kind');
    expect(await readdir(at('outside'))).toEqual([]);
  });

  it('is refused where a part has other bytes than its digest says', async () => {
    for (const part of ['manifest.v1+json', 'config.v1+json', 'layer.v1.tar+gzip']) {
      await archive({
        bytes: (type, right) => (type.endsWith(part) ? Buffer.concat([right, Buffer.from(' ')]) : right),
      });
      await expect(unpack(), part).rejects.toThrow(/expected bytes of sha256:[0-9a-f]+, found some of/);
      await rm(at('rootfs'), { recursive: true });
    }
  });

  it.each<[string, (right: object) => readonly object[]]>([
    ['none', () => []],
    ['two', (right) => [right, right]],
    ['one in an index', (right) => [{ ...right, mediaType: 'application/vnd.oci.image.index.v1+json' }]],
  ])('is refused where it holds %s', async (_, manifests) => {
    await archive({ manifests });
    await expect(unpack()).rejects.toThrow(
      /expected one image, found .*; build it for one platform, without/,
    );
  });

  it('is refused where a digest would lead to a file elsewhere', async () => {
    await archive({ manifests: (right) => [{ ...right, digest: 'sha256:../../index.json' }] });
    await expect(unpack()).rejects.toThrow('expected sha256: and 64 hexadecimal digits, got');
  });
});
