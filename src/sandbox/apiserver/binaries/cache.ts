/** azid's cache of binaries: outside the working tree, shared by every checkout of the same pins. */
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { BinaryName, Pins, Platform } from './pins.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$AZID_CACHE_DIR`, else `$XDG_CACHE_HOME/azid`, else `~/.cache/azid`. */
export function cacheFolder(env: Environment, home: string = homedir()): string {
  const own = env.AZID_CACHE_DIR;
  if (own) {
    if (!isAbsolute(own))
      throw new Error(`expected AZID_CACHE_DIR to be an absolute path, got ${JSON.stringify(own)}`);
    return own;
  }
  // The XDG base directory specification says that a relative value is to be ignored.
  const xdg = env.XDG_CACHE_HOME;
  return xdg && isAbsolute(xdg) ? join(xdg, 'azid') : join(home, '.cache', 'azid');
}

/** One folder per set of pins and platform, so that a new version never meets an old binary. */
export function binaryFolder(cache: string, pins: Pins, platform: Platform): string {
  return join(cache, 'control-plane', `${pins.kubernetes}-${pins.hash}-${platform.os}-${platform.arch}`);
}

export function binaryFile(folder: string, name: BinaryName, platform: Platform): string {
  return join(folder, platform.os === 'windows' ? `${name}.exe` : name);
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
