/**
 * Makes `npm start` and `npm test` work on a machine with nothing but Node 20 or newer and npm, whatever was there
 * before: installs what package-lock.json says when that is not there, and makes sure that the script which npm
 * starts next gets Node 24. Plain JavaScript without packages, since it runs first. Quiet when nothing is to be done.
 *
 * npm runs a script's `pre` script in a shell of its own. That matters: a shell remembers where it found `node`, so
 * `node setup.mjs && node main.ts` in one shell would go on under the old Node.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const LOWEST_TO_START = 20;
/** Runs the TypeScript sources directly; comes as the package `node`. */
const LOWEST_TO_RUN = 24;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.azid-setup');
/** Without this checkout's own packages: `npm ci` removes them, and a Node that stood there, while it runs. */
const outerPath = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => folder !== modules && !folder.startsWith(modules + sep))
  .join(delimiter);

class SetupError extends Error {}

try {
  setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}

function setUp() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < LOWEST_TO_START)
    throw new SetupError(
      `expected Node ${LOWEST_TO_START} or newer to begin with, got ${process.versions.node}; ` +
        'get a newer one from https://nodejs.org',
    );
  const lockFile = join(root, 'package-lock.json');
  if (!existsSync(lockFile))
    throw new SetupError(`expected ${lockFile} to exist; restore it from the repository`);
  const lock = readFileSync(lockFile, 'utf8');
  const stamp = createHash('sha256').update(`${process.platform} ${process.arch}\n${lock}`).digest('hex');

  const stamped = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (!stamped && !isInstalled(lock)) install();
  if (nodeOfScripts() < LOWEST_TO_RUN) fetchNode();
  if (!stamped) writeFileSync(stampFile, stamp);
}

/** Did somebody install exactly this by hand? npm keeps what it installed in node_modules/.package-lock.json. */
function isInstalled(lock) {
  try {
    const wanted = Object.entries(JSON.parse(lock).packages).filter(([path]) => path !== '');
    const present = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages;
    return wanted.every(([path, { version, integrity, optional }]) => {
      const found = present[path];
      return found ? found.version === version && found.integrity === integrity : optional === true;
    });
  } catch {
    return false;
  }
}

function install() {
  say(
    existsSync(modules)
      ? 'the packages are not those of package-lock.json: npm ci'
      : 'installing packages: npm ci',
  );
  // Tests need the development packages, TypeScript and Biome their optional, platform-specific parts: whatever
  // NODE_ENV and the `omit` setting say.
  // Only errors: some packages say that they want a newer Node than the one npm runs on, and that is what they get.
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const [command, ...before] = npmCommand();
  const { status, signal, error } = spawnSync(command, [...before, ...args], {
    cwd: root,
    env: { ...process.env, PATH: outerPath },
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    shell: process.platform === 'win32',
  });
  if (error) throw new SetupError(`npm could not be started: ${error.message}`);
  if (status !== 0)
    throw new SetupError(
      `npm ci ${signal ? `was ended by ${signal}` : `failed with ${status}`}, its reason stands above. ` +
        'It needs the network or a filled npm cache; run `npm ci` by hand to see more',
    );
}

/** The npm that runs this script, on a Node outside node_modules; else the one on the PATH. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  const inside = process.execPath.startsWith(modules + sep);
  if (cli && !inside && basename(cli) === 'npm-cli.js' && existsSync(cli)) return [process.execPath, cli];
  return ['npm'];
}

/** The major version of the `node` that an npm script of this project gets; 0: none that works. */
function nodeOfScripts() {
  const path = [join(modules, '.bin'), outerPath].join(delimiter);
  const { status, stdout } = spawnSync('node --version', {
    shell: true,
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  });
  return status === 0 ? Number(/^v(\d+)\./.exec(stdout)?.[1] ?? 0) : 0;
}

/**
 * The package `node` fetches its binary in an install script. `ignore-scripts` or a future npm (`allowScripts` in
 * package.json approves it, where that is honoured) may have kept that from running: then it is run here.
 */
function fetchNode() {
  const folder = join(modules, 'node');
  const script = join(folder, 'installArchSpecificPackage.js');
  const remedy = `install Node ${LOWEST_TO_RUN} from https://nodejs.org, or remove node_modules and try again`;
  if (!existsSync(script))
    throw new SetupError(`expected Node ${LOWEST_TO_RUN} in node_modules/node, there is none; ${remedy}`);
  say(`the install script of the package \`node\` did not run; fetching Node ${LOWEST_TO_RUN} now`);
  spawnSync('node', [script], {
    cwd: folder,
    env: { ...process.env, PATH: outerPath },
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    shell: process.platform === 'win32',
  });
  // npm links a command only if its file is there when the package is unpacked.
  const link = join(modules, '.bin', 'node');
  if (existsSync(join(folder, 'bin', 'node')) && !existsSync(link)) {
    rmSync(link, { force: true }); // A link to nowhere does not "exist", and would be in the way.
    symlinkSync(join('..', 'node', 'bin', 'node'), link);
  }
  if (nodeOfScripts() < LOWEST_TO_RUN)
    throw new SetupError(`Node ${LOWEST_TO_RUN} could not be fetched, the reason stands above; ${remedy}`);
}

function say(line) {
  process.stderr.write(`azid set-up: ${line}\n`);
}
