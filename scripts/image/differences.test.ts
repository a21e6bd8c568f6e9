import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type TemporaryFolder,
  temporaryFolder,
} from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { CONFIG, differencesOf } from './differences.ts';
import { assembleRootfs, TEXTS } from './rootfs.ts';

const LIB = 'lib/x86_64-linux-gnu';

describe.runIf(process.platform === 'linux')('what differs in an image', () => {
  let folder: TemporaryFolder;
  const at = (...names: string[]) => folder.file(...names);
  const write = async (path: string, text: string) => {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), text);
  };
  beforeEach(async () => {
    folder = await temporaryFolder();
    // As a package has them: each by its version, with a link by which a linker asks, which may begin at the root.
    await write(`libraries/usr/${LIB}/libx.so.1.0`, 'libx');
    await symlink('libx.so.1.0', at(`libraries/usr/${LIB}/libx.so.1`));
    await mkdir(at('libraries/lib64'));
    await symlink(`/${LIB}/libx.so.1`, at('libraries/lib64/ld.so.2'));
    await symlink(`usr/lib`, at('libraries/lib'));
    await write('dist/azid.mjs', 'the bundle');
    await folder.script('node', '');
    await assembleRootfs({ target: at('rootfs'), dist: at('dist'), node: process.execPath });
    // Of this machine's Node and its libraries, which are nothing to this test.
    for (const name of ['lib', 'lib64', 'usr/lib', 'usr/bin/node'])
      await rm(at('rootfs', name), { recursive: true, force: true });
    for (const name of [`${LIB}/libx.so.1`, 'lib64/ld.so.2', `usr/${LIB}/libx.so.1`])
      await write(`rootfs/${name}`, 'libx');
    await write('rootfs/usr/bin/node', '#!/bin/sh\n\n');
  });
  afterEach(() => folder[Symbol.asyncDispose]());
  const differences = (config = {}) =>
    differencesOf(
      at('rootfs'),
      { ...CONFIG, ...config },
      { dist: at('dist'), node: at('node'), libraries: at('libraries') },
    );

  it('is nothing where it is what `rootfs.ts` assembles of originals, and a library has either of its names', async () => {
    expect(await differences({ ExposedPorts: { '8080/tcp': {} } })).toEqual([]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'another Node',
      () => write('rootfs/usr/bin/node', 'x'),
      '/usr/bin/node: expected the original, found other bytes',
    ],
    [
      'another bundle',
      // Not into the same file, which is linked.
      () => rm(at('dist/azid.mjs')).then(() => write('dist/azid.mjs', 'x')),
      '/azid/azid.mjs: expected the original, found other bytes',
    ],
    [
      'another library',
      () => write(`rootfs/${LIB}/libx.so.1`, 'x'),
      `/${LIB}/libx.so.1: expected the original, found other bytes`,
    ],
    [
      'another name of its user',
      () => write('rootfs/etc/passwd', `${TEXTS['etc/passwd']}x`),
      '/etc/passwd: expected the original, found other bytes',
    ],
    [
      'a library that no package has',
      () => write(`rootfs/${LIB}/liby.so.1`, 'x'),
      `/${LIB}/liby.so.1: expected nothing, found a file that nobody vouches for`,
    ],
    [
      'what a package has beside its libraries',
      () => write('libraries/usr/bin/x', '').then(() => write('rootfs/usr/bin/x', '')),
      '/usr/bin/x: expected nothing, found a file that nobody vouches for',
    ],
    [
      'what the linker would load first',
      () => write('rootfs/etc/ld.so.preload', 'x'),
      '/etc/ld.so.preload: expected nothing, found a file that nobody vouches for',
    ],
    [
      'a part of the bundle less',
      () => write('dist/more.mjs', ''),
      '/azid/more.mjs: expected a file, found none',
    ],
    ['no Node', () => rm(at('rootfs/usr/bin/node')), '/usr/bin/node: expected a file, found none'],
    [
      'a Node that runs as its owner',
      () => chmod(at('rootfs/usr/bin/node'), 0o4755),
      '/usr/bin/node: expected mode 644 or 755, found 4755',
    ],
    [
      'a bundle that anybody may write',
      () => chmod(at('rootfs/azid/azid.mjs'), 0o666),
      '/azid/azid.mjs: expected mode 644 or 755, found 666',
    ],
  ])('is found: %s', async (_, change, line) => {
    await change();
    expect(await differences()).toEqual([line]);
  });

  it.each<[string, object, string]>([
    ['loads something before azid', { Env: [...CONFIG.Env, 'NODE_OPTIONS=--import=/x'] }, 'Env'],
    ['starts something else', { Entrypoint: ['/usr/bin/node', '-e', 'x'] }, 'Entrypoint'],
    ['does something else by default', { Cmd: ['restore'] }, 'Cmd'],
    ['runs as root', { User: '' }, 'User'],
    ['says no user', { User: undefined }, 'User'],
  ])('is found where it %s', async (_, change, name) => {
    const lines = await differences(change);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`^${name} of its configuration: expected .*, found `));
  });

  it('follows no link of a package for ever', async () => {
    await symlink('round', at('libraries/lib64/round'));
    await write('rootfs/lib64/round', 'x');
    expect(await differences()).toEqual([
      '/lib64/round: expected nothing, found a file that nobody vouches for',
    ]);
  });
});
