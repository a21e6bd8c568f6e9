/**
 * `node scripts/image.ts rootfs FOLDER`: what the container image holds, from `dist/` and the Node that runs this.
 * `node scripts/image.ts run FOLDER [ARGUMENT...]`: runs azid in it as a container would, as far as this machine lets it.
 * `node scripts/image.ts unpack ARCHIVE FOLDER`: what an image holds that was built into an archive of the OCI layout; prints its digest.
 * `node scripts/image.ts verify ARCHIVE FOLDER --sbom FILE`: the same, if it is what `dist/`, the releasers of Node and Debian have.
 */
import { join } from 'node:path';
import { unpackImage } from './image/archive.ts';
import { assembleRootfs } from './image/rootfs.ts';
import { confinementHere, runIn } from './image/run.ts';
import { verifyImage } from './image/verify.ts';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const [command, folder, ...args] = process.argv.slice(2);

if (command === 'rootfs' && folder !== undefined && args.length === 0) {
  await assembleRootfs({ target: folder, dist: DIST, node: process.execPath });
  process.stdout.write(`assembled ${folder}\n`);
} else if (command === 'run' && folder !== undefined) {
  const confinement = await confinementHere();
  process.stderr.write(`running in ${folder}: ${confinement}\n`);
  const child = await runIn(folder, confinement, ['/azid/azid.mjs', ...args], {
    env: process.env,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
} else if (command === 'unpack' && folder !== undefined && args[0] !== undefined && args.length === 1) {
  process.stdout.write(`${(await unpackImage(folder, args[0])).digest}\n`);
} else if (command === 'verify' && folder !== undefined && args.length === 3 && args[1] === '--sbom') {
  const [rootfs = '', , sbom = ''] = args;
  const digest = await verifyImage({ archive: folder, rootfs, sbom, root: ROOT, dist: DIST });
  process.stdout.write(`${digest}\n`);
} else {
  process.stderr.write(
    `expected \`rootfs FOLDER\`, \`run FOLDER [ARGUMENT...]\`, \`unpack ARCHIVE FOLDER\` or \`verify ARCHIVE FOLDER --sbom FILE\`, got ${JSON.stringify(process.argv.slice(2).join(' '))}\n`,
  );
  process.exitCode = 2;
}
