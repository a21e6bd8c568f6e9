import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** For tests: a folder that is gone with its scope (`await using folder = await temporaryFolder()`). */

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  file(...names: string[]): string;
  /** An executable shell script; returns its path. */
  script(name: string, body: string): Promise<string>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'azid-test-'));
  const file = (...names: string[]) => join(path, ...names);
  return {
    path,
    file,
    async script(name, body) {
      await writeFile(file(name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      return file(name);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
