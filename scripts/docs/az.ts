/**
 * `npm run docs:az`: whether Azure's own command line knows the commands and flags that README and guides call. It has no
 * sandbox to run against (it wants a login), so each is looked up in its help. Not part of `npm test`: azure-cli is large.
 * Needs Python 3 with venv; azure-cli comes from PyPI into azid's cache, once.
 */
import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/sandbox/apiserver/binaries/cache.ts';
import { shellBlocks } from '../../test/support/process/markdown-blocks.ts';
import { azCallsIn, unknownFlags } from './az-calls.ts';
import { pages, ROOT } from './markdown.ts';

const VERSION = '2.91.0';
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

let failed = 0;
let passed = 0;
for (const { path } of await pages()) {
  if (path !== 'README.md' && !path.startsWith('docs/guides/')) continue;
  for (const { line, text, mark } of shellBlocks(await readFile(join(ROOT, path), 'utf8'))) {
    if (mark.type !== 'az') continue;
    for (const call of azCallsIn(text)) {
      const help = await run(az, [...call.words, '--help'], { maxBuffer: 64 * 2 ** 20 }).then(
        ({ stdout }) => stdout,
        (error: { stderr?: string; message: string }) => error.stderr ?? error.message,
      );
      const wrong = unknownFlags(call, help);
      if (wrong.length === 0) passed += 1;
      else failed += 1;
      for (const each of wrong)
        process.stdout.write(`${path}:${line}: az ${call.words.join(' ')}: ${each}\n`);
    }
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
