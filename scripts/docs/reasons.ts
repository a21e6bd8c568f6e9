/** The reasons that azid can write into a condition or an Event, read off the sources. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './markdown.ts';

/** Where reasons are given, and no others are: the metrics and logs of other folders have reasons of their own. */
const FOLDERS = ['src/reconcilers'];
const FILES = [
  'src/azure/arm/classify.ts',
  'src/azure/arm/error-codes.ts',
  'src/azure/arm/errors.ts',
  'src/azure/hosts/write/delta.ts',
  'src/hints/service-bus/failure.ts',
  'src/orphans/claim.ts',
  'src/orphans/evaluate.ts',
  'src/runtime/status/summary.ts',
];
/** Codes of calls that azid gave up, of errors without one, and of answers that no object asked for: no condition ever shows them. */
const NOT_SHOWN = new Set([
  'Aborted',
  'DecideAgain',
  'TimedOut',
  'WriteRefused',
  'Unknown',
  'IncompleteAnswer',
  'TooManyRecords',
]);

/** `reason: 'X'`, `reason = 'X'`, and one of two: `reason: on ? 'X' : 'Y'`; not that of an answer of the API server. */
const REASON =
  /(?<!status: \d+, )\breason(?::| =) (?:[\w.]+ \? )?'([A-Z][A-Za-z]+)'(?: : '([A-Z][A-Za-z]+)')?/g;
/** Entries of the tables from Azure's codes and texts to reasons. */
const TRANSIENT = /^ {2}\w+: '([A-Z]\w+)',$|\btransient: '([A-Z]\w+)'/gm;
const STALLED = /(?:\bstalled(?:Inside|Outside)?\(\s*|notAllowed\([^()]*, )'([A-Z][A-Za-z]+)'/g;
/** By the small functions that put a reason and a message together. */
const GIVEN = /\b(?:(?:refuse|progressing)\(\s*|say\('\w+', \w+, )'([A-Z][A-Za-z]+)',/g;
/** Reasons that several files share have a name. */
const SHARED = /^export const [A-Z_]+ = '([A-Z][A-Za-z]+)';$/gm;
/** Of an Event that is told by a function of its own, and one chosen among several. */
const TOLD = /'(?:Normal|Warning)',\s*'([A-Z][A-Za-z]+)'/g;
const CHOSEN = /\bconst reason = [^;]*\? [\w']+ : '([A-Z][A-Za-z]+)';/g;
/** In a function of this name every such word is a reason. */
const REASON_OF = /^function reasonOf\([\s\S]*?^}/gm;
/** `what` of a thing that is missing becomes `WhatNotFound` (src/reconcilers/status/failure.ts). */
const MISSING = /^ {2}(?:\w+): '([a-z]\w+)',$/gm;
/** In the `history.ts` of a kind every such word is a reason of `status.history`. */
const WORD = /'([A-Z][A-Za-z]+)'/g;

export async function reasonsOfSources(): Promise<ReadonlySet<string>> {
  const reasons = new Set<string>();
  for (const file of await sources()) {
    const text = await readFile(join(ROOT, file), 'utf8');
    for (const pattern of [REASON, TRANSIENT, STALLED, GIVEN, SHARED, TOLD, CHOSEN])
      for (const [, ...words] of text.matchAll(pattern))
        for (const word of words) if (word !== undefined) reasons.add(word);
    for (const [body] of text.matchAll(REASON_OF))
      for (const [, word = ''] of body.matchAll(WORD)) reasons.add(word);
    if (file.endsWith('/history.ts')) for (const [, word = ''] of text.matchAll(WORD)) reasons.add(word);
    if (file === 'src/azure/arm/error-codes.ts')
      for (const [, what = ''] of text.matchAll(MISSING))
        reasons.add(`${what.charAt(0).toUpperCase()}${what.slice(1)}NotFound`);
  }
  for (const word of NOT_SHOWN) reasons.delete(word);
  return reasons;
}

async function sources(): Promise<string[]> {
  const found = await Promise.all(FOLDERS.map((folder) => readdir(join(ROOT, folder), { recursive: true })));
  const inFolders = FOLDERS.flatMap((folder, i) => (found[i] ?? []).map((name) => `${folder}/${name}`));
  return [...inFolders, ...FILES].filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.fixture.ts'),
  );
}
