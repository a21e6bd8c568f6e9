/** `npm run build`: the product as it runs in a cluster, in `dist/`. */
import { rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { bundleProduct } from '../src/sandbox/controller/bundle.ts';

const dist = join(dirname(import.meta.dirname), 'dist');
await rm(dist, { recursive: true, force: true });
const program = await bundleProduct(dist);
process.stdout.write(
  `built ${relative(process.cwd(), program)}; run it with: node ${relative(process.cwd(), program)} controller --help\n`,
);
