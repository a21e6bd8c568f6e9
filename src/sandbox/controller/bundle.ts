/**
 * The product as one bundle, as it runs in a cluster: 600 modules of sources and packages cost 40 MiB resident and a
 * second of start more than the same code in a few files. Not minified: a stack trace in a log must say something.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('../../product.ts', import.meta.url));
const NAME = 'azid';

/** Writes the bundle into the folder; resolves with the path of its program, to be run by Node 24 or newer. */
export async function bundleProduct(folder: string): Promise<string> {
  // Loaded here: whoever runs the sandbox without its controller needs no bundler.
  const { build } = await import('rolldown');
  await build({
    input: { [NAME]: ENTRY },
    platform: 'node',
    logLevel: 'warn',
    output: { dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
  });
  return join(folder, `${NAME}.mjs`);
}
