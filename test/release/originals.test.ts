import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signedLibraries, signedNode } from '../../scripts/image/originals.ts';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { FOLDER, type ServedOriginals, serveOriginals, toolsAreHere } from './originals-served.ts';

/** What others made and signed, by the gpgv and the apt of this machine, from releases and an archive of the tests. */

describe.runIf(toolsAreHere)('what others signed', () => {
  let scratch: TemporaryFolder;
  let served: ServedOriginals;
  beforeEach(async () => {
    [scratch, served] = await Promise.all([temporaryFolder(), serveOriginals()]);
  });
  afterEach(() => Promise.all([scratch[Symbol.asyncDispose](), served[Symbol.asyncDispose]()]));

  describe('Node', () => {
    const node = () => signedNode('24.0.0', 'amd64', scratch.path, served.node);

    it('is the program in the archive whose sum its releasers signed', async () => {
      expect(await readFile(await node(), 'utf8')).toBe('Node of the tests\n');
    });

    it('is refused where somebody else signed', async () => {
      served.instead.set(
        'SHASUMS256.txt.asc',
        await readFile(join(FOLDER, 'node/v24.0.0/SHASUMS256.txt.asc.stranger')),
      );
      await expect(node()).rejects.toThrow(
        /expected a signature by one of the releasers of Node, gpgv: Can't check signature: No public key; .* KEYS_COMMIT/,
      );
    });

    it('is refused where a sum was changed after it was signed', async () => {
      const signed = await readFile(join(FOLDER, 'node/v24.0.0/SHASUMS256.txt.asc'), 'utf8');
      served.instead.set('SHASUMS256.txt.asc', Buffer.from(signed.replace(/^[0-9a-f]{64}/m, 'a'.repeat(64))));
      await expect(node()).rejects.toThrow(/expected a signature .* gpgv: BAD signature/);
    });

    it('is not what stands around the part that was signed', async () => {
      const signed = await readFile(join(FOLDER, 'node/v24.0.0/SHASUMS256.txt.asc'), 'utf8');
      const line = `${'a'.repeat(64)}  node-v24.0.0-linux-x64.tar.xz\n`;
      served.instead.set('SHASUMS256.txt.asc', Buffer.from(`${line}${signed}${line}`));
      expect(await readFile(await node(), 'utf8')).toBe('Node of the tests\n');
    });

    it('is refused where the archive is another', async () => {
      served.instead.set('node-v24.0.0-linux-x64.tar.xz', Buffer.from('another'));
      await expect(node()).rejects.toThrow(/expected bytes of sha256 f?[0-9a-f]+, as is signed, got some of/);
    });

    it('is refused where the keys are others than those that were pinned', async () => {
      served.instead.set('node.gpg', await readFile(join(FOLDER, 'debian.gpg')));
      await expect(node()).rejects.toThrow(/node\.gpg: expected bytes of sha256/);
    });

    it('is refused where there is no such version, or nobody answers', async () => {
      await expect(signedNode('24.9.9', 'amd64', scratch.path, served.node)).rejects.toThrow(
        'SHASUMS256.txt.asc: expected 200, got 404',
      );
      const nobody = { ...served.node, keys: { ...served.node.keys, url: 'http://127.0.0.1:9/' } };
      await expect(signedNode('24.0.0', 'amd64', scratch.path, nobody)).rejects.toThrow('fetch failed');
    });
  });

  describe('a library', () => {
    const libx = { name: 'libx', version: '1.0-1' };
    const libraries = (mirror = served.debian.mirror, ...packages: (typeof libx)[]) =>
      signedLibraries(
        { packages: packages.length > 0 ? packages : [libx], suite: 'bookworm', architecture: 'amd64' },
        scratch.path,
        { ...served.debian, mirror },
      );
    /** The archive, of which somebody wrote a file anew. */
    async function changed(path: string, change: (bytes: Buffer) => Buffer): Promise<string> {
      const archive = scratch.file('archive');
      await cp(FOLDER, archive, { recursive: true });
      await writeFile(join(archive, path), change(await readFile(join(archive, path))));
      return `file:${archive}`;
    }
    const longer = (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('\n')]);

    it('is what Debian signed', async () => {
      const folder = await libraries();
      const library = join(folder, 'usr/lib/x86_64-linux-gnu/libx.so.1');
      expect(await readFile(library, 'utf8')).toBe('a library of the tests\n');
    });

    it.each([
      [
        'its package',
        'debian/pool/main/libx/libx_1.0-1_amd64.deb',
        /File has unexpected size|Hash Sum mismatch/,
      ],
      ['the list of packages', 'debian/dists/bookworm/main/binary-amd64/Packages', /apt-get update: /],
      ['what was signed', 'debian/dists/bookworm/InRelease', /apt-get update: /],
    ])('is refused where %s is another', async (_, path, reason) => {
      const change = path.endsWith('InRelease')
        ? (bytes: Buffer) => Buffer.from(bytes.toString().replace('Suite: bookworm', 'Suite: bullseye'))
        : longer;
      await expect(libraries(await changed(path, change))).rejects.toThrow(reason);
    });

    it('is refused where somebody else signed', async () => {
      const stranger = { ...served.debian, keyring: join(FOLDER, 'node.gpg') };
      await expect(
        signedLibraries(
          { packages: [libx], suite: 'bookworm', architecture: 'amd64' },
          scratch.path,
          stranger,
        ),
      ).rejects.toThrow(/apt-get update: .*(not signed|NO_PUBKEY|couldn't be verified)/);
    });

    it('is refused in a version that Debian has no more, with what to do', async () => {
      await expect(libraries(undefined, { name: 'libx', version: '0.9-1' })).rejects.toThrow(
        "Version '0.9-1' for 'libx' was not found; where Debian has replaced a version, raise the image's base",
      );
    });

    it.each([
      { name: '--allow-unauthenticated', version: '1' },
      { name: 'libx', version: '1 -oDir=/' },
    ])('that names $name $version is refused before apt is asked', async (odd) => {
      await expect(libraries(undefined, odd)).rejects.toThrow(/^(package|version): expected one such as/);
    });
  });
});
