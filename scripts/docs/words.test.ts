import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './markdown.ts';

/** What the field has another word for (docs/design/2026-11-28-words.md), as a part of an identifier. */
const WORDS = new Map(
  Object.entries({
    visit: 'reconcile',
    gather: 'observe',
    eyes: 'deps',
    hands: 'deps',
    mirror: 'cache',
    lane: 'rate-limit scope',
    wake: 'enqueue',
    twin: 'duplicate',
    peer: 'co-owner',
    fate: 'liveness',
    greet: 'initial condition',
  }),
);

/** The same, in what is no test: there a `look` or what was `said` is the test's own. */
const PRODUCT_WORDS = new Map(
  Object.entries({
    told: 'reported, observed',
    tell: 'report',
    telling: 'report',
    untold: 'undetermined, left out',
    said: 'reported',
    sight: 'read, observed',
    view: 'observed, an observation',
    look: 'read, observe, poll',
    looked: 'read, observed',
    looking: 'reading',
    judge: 'evaluate, decide, validate',
    judged: 'evaluated, decided',
    standing: 'state, status, role',
  }),
);
const ALL_WORDS = new Map([...WORDS, ...PRODUCT_WORDS]);
const IS_TEST = /\.(test|fixture)\.ts$/;

/** These are etcd's, TLS's and Azure's own words, a type of the simulator's, or names that alerts and scripts read. */
const KNOWN = new Set([
  'getPeerCertificate',
  'peer',
  'instanceView',
  'HostView',
  'azid_mirror_partial',
  'judged',
]);

const COMMENT_OR_TEXT =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

/** `identityMirrors` -> identity, mirrors, mirror. */
function partsOf(identifier: string): string[] {
  return identifier
    .split(/(?<=[a-z\d])(?=[A-Z])|_/)
    .map((part) => part.toLowerCase())
    .flatMap((part) => [part, part.replace(/s$/, '')]);
}

/** Private words in the comments of a source. What stands in backticks is a name or a text of somebody else's. */
function privateWordsInComments(source: string): string[] {
  const comments = (source.match(COMMENT_OR_TEXT) ?? []).filter((text) => text.startsWith('/'));
  const words = comments.flatMap((text) => text.replace(/`[^`]*`/g, ' ').match(/[A-Za-z]+/g) ?? []);
  return [...new Set(words)].filter((word) => partsOf(word).some((part) => ALL_WORDS.has(part)));
}

function privateWords(source: string, words: ReadonlyMap<string, string> = WORDS): string[] {
  const identifiers = source.replace(COMMENT_OR_TEXT, ' ').match(/[A-Za-z_$][\w$]*/g) ?? [];
  return [...new Set(identifiers)]
    .filter((identifier) => !KNOWN.has(identifier))
    .filter((identifier) => partsOf(identifier).some((part) => words.has(part)));
}

async function sourcesOutside(...folders: readonly string[]): Promise<string[]> {
  const names = await readdir(join(ROOT, 'src'), { recursive: true });
  return names.filter((name) => name.endsWith('.ts') && !folders.some((each) => name.startsWith(`${each}/`)));
}

it('identifiers of the product are in the words of the field', async () => {
  const files = await sourcesOutside('simulator', 'sandbox');
  expect(files.length).toBeGreaterThan(250);
  const found = await Promise.all(
    files.map(async (name) => {
      const words = IS_TEST.test(name) ? WORDS : ALL_WORDS;
      return privateWords(await readFile(join(ROOT, 'src', name), 'utf8'), words).map(
        (word) => `${name}: ${word}`,
      );
    }),
  );
  expect(found.flat()).toEqual([]);
});

it('comments of the product are in the words of the field', async () => {
  const files = (await sourcesOutside('simulator')).filter((name) => !IS_TEST.test(name));
  expect(files.length).toBeGreaterThan(250);
  const found = await Promise.all(
    files.map(async (name) =>
      privateWordsInComments(await readFile(join(ROOT, 'src', name), 'utf8')).map(
        (word) => `${name}: ${word}`,
      ),
    ),
  );
  expect(found.flat()).toEqual([]);
});

it.each([
  ['const identityMirror = 1;', ['identityMirror']],
  ['function wakeAll(eyes: Eyes) {}', ['wakeAll', 'eyes', 'Eyes']],
  ["const text = 'a visit'; // gathers", []],
  ['const coOwner = socket.getPeerCertificate();', []],
])('finds private words in %j', (source, expected) => {
  expect(privateWords(source)).toEqual(expected);
});

it('finds in the product what a test may have', () => {
  const source = "const isUntold = lookAgain(MAX_TOLD); log('told');";
  expect(privateWords(source)).toEqual([]);
  expect(privateWords(source, PRODUCT_WORDS)).toEqual(['isUntold', 'lookAgain', 'MAX_TOLD']);
});

it.each([
  ['/** Looks at the\n * object, and tells. */ const looks = 1;', ['Looks', 'tells']],
  ['const url = "http://peer"; // What Azure said.', ['said']],
  ['// The longest name is `/peer.sock`; `getPeerCertificate` of TLS.', []],
  ["const text = 'told'; // Reported once.", []],
])('finds private words in the comments of %j', (source, expected) => {
  expect(privateWordsInComments(source)).toEqual(expected);
});
