import { describe, expect, it } from 'vitest';
import { binaryFile, binaryFolder, cacheFolder } from './pins.ts';

const PINS = { kubernetes: 'v1.37.2', etcd: 'v3.7.3', go: '1.26.0', hash: '0123456789ab' };

describe('the cache folder', () => {
  it.each([
    ['AZID_CACHE_DIR itself', { AZID_CACHE_DIR: '/c', XDG_CACHE_HOME: '/x' }, '/c'],
    ['azid in XDG_CACHE_HOME', { XDG_CACHE_HOME: '/x' }, '/x/azid'],
    ['azid in ~/.cache', {}, '/home/me/.cache/azid'],
    ['azid in ~/.cache when XDG_CACHE_HOME is relative', { XDG_CACHE_HOME: 'x' }, '/home/me/.cache/azid'],
    [
      'azid in ~/.cache when the variables are empty',
      { AZID_CACHE_DIR: '', XDG_CACHE_HOME: '' },
      '/home/me/.cache/azid',
    ],
  ])('is %s', (_, env, expected) => {
    expect(cacheFolder(env, '/home/me')).toBe(expected);
  });

  it('refuses a relative AZID_CACHE_DIR, which would move with the working folder', () => {
    expect(() => cacheFolder({ AZID_CACHE_DIR: 'here' })).toThrow(
      'expected AZID_CACHE_DIR to be an absolute path, got "here"',
    );
  });
});

describe('the folder of a set of binaries', () => {
  it('differs by version, pins, system and processor', () => {
    const folders = [
      binaryFolder('/c', PINS, { os: 'linux', arch: 'amd64' }),
      binaryFolder('/c', { ...PINS, kubernetes: 'v1.37.3' }, { os: 'linux', arch: 'amd64' }),
      binaryFolder('/c', { ...PINS, hash: 'ba9876543210' }, { os: 'linux', arch: 'amd64' }),
      binaryFolder('/c', PINS, { os: 'linux', arch: 'arm64' }),
      binaryFolder('/c', PINS, { os: 'darwin', arch: 'amd64' }),
    ];
    expect(folders[0]).toBe('/c/control-plane/v1.37.2-0123456789ab-linux-amd64');
    expect(new Set(folders).size).toBe(folders.length);
  });

  it('holds plain names, with .exe on Windows', () => {
    expect(binaryFile('/f', 'kubectl', { os: 'linux', arch: 'amd64' })).toBe('/f/kubectl');
    expect(binaryFile('/f', 'kubectl', { os: 'windows', arch: 'amd64' })).toBe('/f/kubectl.exe');
  });
});
