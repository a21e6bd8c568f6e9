import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../src/api/index.ts';
import { readConditions } from './conditions.ts';
import { anchorsOf, codeOf, firstCells, linksOf, pages, ROOT } from './markdown.ts';
import { reasonsOfSources } from './reasons.ts';
import { unsetVariables } from './variables.ts';

const all = await pages();
const textOf = (path: string) => all.find((page) => page.path === path)?.text ?? '';

/** Folders whose files documents name in backticks, such as `src/main.ts`. */
const FOLDERS = ['src', 'test', 'docs', 'deploy', 'crds', 'examples', 'scripts'];
/** Characters that only a pattern has. */
const PATTERN = /[*{}<> ]/;

function brokenLinks(path: string, text: string): string[] {
  return linksOf(text).filter((link) => {
    if (/^(https?|mailto):/.test(link)) return false;
    const [file = '', anchor] = link.split('#', 2);
    const target = file === '' ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(textOf(target)).has(anchor);
  });
}

function missingFiles(text: string): string[] {
  const named = codeOf(text).filter((code) => FOLDERS.some((folder) => code.startsWith(`${folder}/`)));
  return named.filter((code) => !PATTERN.test(code) && !existsSync(join(ROOT, code)));
}

describe('documents', () => {
  it('are found', () => {
    expect(all.map(({ path }) => path)).toContain('README.md');
    expect(all.length).toBeGreaterThan(10);
  });

  it('give Argo CD the health of every kind that people write', () => {
    const given = textOf('docs/guides/gitops.md').matchAll(
      /resource\.customizations\.health\.azid\.dev_(\w+)/g,
    );
    const written = KINDS.filter(({ internal }) => internal !== true).map(({ resource }) => resource.kind);
    expect([...given].map(([, kind]) => kind).toSorted()).toEqual(written.toSorted());
  });

  it.each(all)('$path links to nothing that is missing', ({ path, text }) => {
    expect(brokenLinks(path, text)).toEqual([]);
  });

  it.each(all)('$path names no file that is missing', ({ text }) => {
    expect(missingFiles(text)).toEqual([]);
  });

  it.each(all)('$path says what each variable of its shell blocks is, before it uses it', ({ text }) => {
    expect(unsetVariables(text)).toEqual([]);
  });

  it.each(all)('$path keeps the tone of a guide', ({ text }) => {
    const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`]*`/g, '');
    expect(prose.match(/\b(simply|easy|easily|powerful|seamless(ly)?|robust|blazing)\b/gi) ?? []).toEqual([]);
  });
});

describe('the page of conditions', () => {
  const told = firstCells(textOf('docs/conditions.md')).filter((cell) => /^[A-Z][A-Za-z]+$/.test(cell));

  it('explains every reason that the sources give', async () => {
    const known = new Set(told);
    expect([...(await reasonsOfSources())].filter((reason) => !known.has(reason)).sort()).toEqual([]);
  });

  it('explains no reason that the sources no longer give', async () => {
    const given = await reasonsOfSources();
    const headings = new Set(['Reason', 'Situation', 'Type']);
    expect(told.filter((word) => !given.has(word) && !headings.has(word))).toEqual([]);
  });
});

describe('what azid explain reads off the page of conditions', () => {
  const { reasons } = readConditions(textOf('docs/conditions.md'));
  const of = (reason: string) => reasons.filter((each) => each.reason === reason);

  it('is every reason of its tables, each with what it means', () => {
    const named = new Set(reasons.map(({ reason }) => reason));
    const told = firstCells(textOf('docs/conditions.md')).filter((cell) => /^[A-Z][A-Za-z]+$/.test(cell));
    const headings = new Set(['Reason', 'Situation', 'Type']);
    expect(told.filter((word) => !named.has(word) && !headings.has(word))).toEqual([]);
    expect(
      reasons.filter(({ meaning }) => meaning === '' || /^(as above|below|the same)/.test(meaning)),
    ).toEqual([]);
  });

  it('has the kinds of a section, and those that a sentence or a row lends it to', () => {
    expect(of('Progressing').map(({ kinds }) => kinds)).toEqual([
      ['UserAssignedIdentity', 'RoleGrant', 'IdentityAttachment'],
    ]);
    expect(of('UnsupportedType')[0]?.kinds).toEqual([
      'IdentityAttachment',
      'SystemAssignedIdentity',
      'HostIdentity',
    ]);
    expect(of('MissingWriteRight')[0]?.kinds).toEqual(['IdentityAttachment', 'SystemAssignedIdentity']);
    expect(of('AzureUnreachable')[0]?.kinds).toEqual([]);
  });

  it('leads from links to files, and says what "the same" is', () => {
    expect(of('AlreadyExists')[0]?.action).toContain('adopt it (docs/guides/adopt-an-identity.md)');
    expect(of('Granted')[0]?.meaning).toContain('Propagated (docs/conditions.md#the-condition-propagated)');
    expect(of('Settling')[0]?.meaning).toMatch(/^a step under way, .*: what is asked for stands/);
  });
});

describe('variables of shell blocks', () => {
  const block = (...commands: string[]) => ['```sh', ...commands, '```', ''].join('\n');

  it('are set in a line before, by a command, an export or a loop', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's, not ours.
    expect(unsetVariables(block('A=1', 'export B=2', 'echo "$A" "${B}"') + block('echo $A'))).toEqual([]);
    expect(unsetVariables(block('for f in a b; do', '  echo "$f"', 'done'))).toEqual([]);
    expect(unsetVariables(block('ls | while read -r a b; do', '  echo "$a" "$b"', 'done'))).toEqual([]);
  });

  it('are not set in another block after it, by the same command, or in a comment that no reader sees', () => {
    expect(unsetVariables(`\n${block('echo "$A"')}${block('A=1')}`)).toEqual(['line 2: $A']);
    expect(unsetVariables(block('A=1 echo $A'))).toEqual(['line 1: $A']);
    expect(unsetVariables(`<!-- given: A=1 -->\n${block('echo $A')}`)).toEqual(['line 2: $A']);
  });

  it('are one of the lines to paste where the document says so', () => {
    const said = '`$CONTROL` is one of the three lines to paste that `npm start` prints:\n\n';
    expect(unsetVariables(said + block('curl "$CONTROL/x"'))).toEqual([]);
    expect(unsetVariables(block('curl "$CONTROL/x"') + said)).toEqual(['line 1: $CONTROL']);
  });

  it('are none in single quotes', () => {
    expect(unsetVariables(block('V=1', `echo '$A' "it's" '{"id":"'$V'"}'`))).toEqual([]);
    expect(unsetVariables(block(`echo "'$A'"`))).toEqual(['line 1: $A']);
  });
});

describe('reading Markdown', () => {
  const text =
    '# One `two`: three\n\n[a](b.md#c) `[no](link)`\n\n```sh\n[none](here)\n`src/none`\n```\n`src/x`\n';

  it('finds links in prose only', () => {
    expect(linksOf(text)).toEqual(['b.md#c']);
  });

  it('finds code in prose only', () => {
    expect(codeOf(text)).toEqual(['two', '[no](link)', 'src/x']);
  });

  it('makes anchors as GitHub does', () => {
    expect([...anchorsOf(text)]).toEqual(['one-two-three']);
  });

  it('notices what is missing', () => {
    expect(brokenLinks('README.md', '[a](none.md) [b](package.json) [c](#none)')).toEqual([
      'none.md',
      '#none',
    ]);
    expect(missingFiles('`src/none.ts` `src/main.ts` `src/*.ts`')).toEqual(['src/none.ts']);
  });
});
