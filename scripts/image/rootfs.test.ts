import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { assembleRootfs, parseLdd } from './rootfs.ts';

describe('what a program is linked with', () => {
  it('is what ldd names by path, and not what the kernel brings along', () => {
    const told = [
      '\tlinux-vdso.so.1 (0x00007f93859ad000)',
      '\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f9385600000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f93859af000)',
      '',
    ];
    expect(parseLdd(told.join('\n'))).toEqual([
      '/lib/x86_64-linux-gnu/libstdc++.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  it('must be there', () => {
    expect(() => parseLdd('\tlibatomic.so.1 => not found\n')).toThrow(
      'expected the machine to have libatomic.so.1, which Node is linked with; install it',
    );
  });

  it('is nothing for a program that is linked with nothing', () => {
    expect(parseLdd('\tstatically linked\n')).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('an assembly is refused', () => {
  it('without a bundle, with the command that makes one', async () => {
    await using folder = await temporaryFolder();
    const options = { target: folder.file('rootfs'), dist: folder.file('dist'), node: process.execPath };
    await expect(assembleRootfs(options)).rejects.toThrow(
      /to hold azid\.mjs, found nothing; run `npm run build` first/,
    );
  });

  it('into a folder that holds something else', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.file('azid.mjs'), '');
    const options = { target: folder.path, dist: folder.path, node: process.execPath };
    await expect(assembleRootfs(options)).rejects.toThrow(
      /to be empty or not there, found files; remove it or name another folder/,
    );
  });
});
