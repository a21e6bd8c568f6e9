/**
 * `npm run docs:az`: what Azure's own command line knows of the commands that the documents call, from its help, into
 * `scripts/docs/az-commands.json`; more commands to look up may be given, each as one argument. The documents are compared with that file
 * in the unit tests, since azure-cli is large and wants to be installed: Python 3 with venv, once, from PyPI into azid's cache.
 */
import { execFile } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/sandbox/apiserver/binaries/pins.ts';
import { type AzCommands, azCallsIn, flagsIn } from './az-calls.ts';
import { pages, ROOT } from './markdown.ts';

const VERSION = '2.91.0';
const FILE = join(ROOT, 'scripts/docs/az-commands.json');
const run = promisify(execFile);

const folder = join(cacheFolder(process.env), `azure-cli-${VERSION}`);
const az = join(folder, 'bin', 'az');
if (
  !(await access(az).then(
    () => true,
    () => false,
  ))
) {
  process.stdout.write(`installing azure-cli ${VERSION} into ${folder}\n`);
  await run('python3', ['-m', 'venv', folder]);
  await run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--no-compile', `azure-cli==${VERSION}`], {
    maxBuffer: 64 * 2 ** 20,
  });
}

const before = JSON.parse(await readFile(FILE, 'utf8')) as AzCommands;
const called = (await pages()).flatMap(({ text }) => azCallsIn(text).map(({ words }) => words.join(' ')));
const wanted = new Set([...Object.keys(before.commands), ...called, ...process.argv.slice(2)]);
const commands: Record<string, string> = {};
let failed = 0;
for (const command of [...wanted].sort()) {
  // Seconds each; they change with the version alone.
  const seen = before.version === VERSION ? before.commands[command] : undefined;
  if (seen !== undefined) {
    commands[command] = seen;
    continue;
  }
  const help = await run(az, [...command.split(' '), '--help'], { maxBuffer: 64 * 2 ** 20 }).then(
    ({ stdout }) => stdout,
    (error: { stderr?: string; message: string }) => error.stderr ?? error.message,
  );
  const flags = flagsIn(command, help);
  if (flags !== undefined) commands[command] = flags.join(' ');
  else {
    failed += 1;
    process.stdout.write(
      `az ${command}: expected such a command, azure-cli ${VERSION} says: ${help.slice(0, 200)}\n`,
    );
  }
}
const known: AzCommands = { version: VERSION, commands };
await writeFile(FILE, `${JSON.stringify(known, undefined, 2)}\n`);
process.stdout.write(`${Object.keys(commands).length} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
