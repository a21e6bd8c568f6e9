/**
 * The product as one bundle, as it runs in a cluster: 600 modules of sources and packages cost 40 MiB resident and a
 * second of start more than the same code in a few files. Not minified: a stack trace in a log must say something.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../product.ts', import.meta.url));
const NAME = 'azid';

/**
 * Writes the bundle into the folder; resolves with the path of its program, to be run by Node 24 or newer.
 *
 * @param onModule called with the path of each module of which something is in it
 */
export async function bundleProduct(
  folder: string,
  onModule: (path: string) => void = () => {},
): Promise<string> {
  // Loaded here: a sandbox without its controller needs no bundler.
  const { build } = await import('rolldown');
  const { output } = await build({
    input: { [NAME]: ENTRY },
    platform: 'node',
    logLevel: 'warn',
    write: false,
    output: {
      format: 'esm',
      comments: false,
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
    },
  });
  await mkdir(folder, { recursive: true });
  for (const file of output) {
    if (file.type !== 'chunk') continue;
    await writeFile(join(folder, file.fileName), ascii(file.code));
    for (const path of file.moduleIds) onModule(path);
  }
  return join(folder, `${NAME}.mjs`);
}

/** Node keeps the source of each module for as long as it runs; one character beyond ASCII doubles what all of it takes. */
function ascii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
