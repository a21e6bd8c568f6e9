/**
 * `node scripts/image.ts rootfs FOLDER`: what the container image holds, from `dist/` and the Node that runs this.
 * `node scripts/image.ts run FOLDER [ARGUMENT...]`: runs azid in it as a container would, as far as this machine lets it.
 */
import { join } from 'node:path';
import { assembleRootfs } from './image/rootfs.ts';
import { confinementHere, runIn } from './image/run.ts';

const DIST = join(import.meta.dirname, '..', 'dist');
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
} else {
  process.stderr.write(
    `expected \`rootfs FOLDER\` or \`run FOLDER [ARGUMENT...]\`, got ${JSON.stringify(process.argv.slice(2).join(' '))}\n`,
  );
  process.exitCode = 2;
}
