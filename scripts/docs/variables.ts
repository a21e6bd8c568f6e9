import { shellBlocks } from '../../test/support/process/markdown-blocks.ts';

/** What every shell has. */
const EVERYWHERE = ['HOME', 'PATH', 'PWD'];

/**
 * The variables that the `sh` blocks of a document use before the document says what they are: a reader who pastes such a
 * block runs it with an empty word. A value counts from the line after the one that gives it; that of a line to paste,
 * which the sandbox prints, from the sentence that says so. What a test is given beside a document helps no reader.
 */
export function unsetVariables(markdown: string): readonly string[] {
  const set = new Set(EVERYWHERE);
  const lines = markdown.split('\n');
  const unset: string[] = [];
  let said = 0;
  for (const { line, text } of shellBlocks(markdown)) {
    for (const sentence of lines.slice(said, line))
      if (sentence.includes('lines to paste'))
        for (const [, name = ''] of sentence.matchAll(/`\$(\w+)`/g)) set.add(name);
    said = line;
    for (const command of text.split('\n')) {
      for (const [, name = ''] of unquoted(command).matchAll(/\$\{?([A-Za-z_]\w*)/g))
        if (!set.has(name)) unset.push(`line ${line}: $${name}`);
      for (const name of setBy(command)) set.add(name);
    }
  }
  return unset;
}

/** `NAME=`, `for NAME in`, `read NAME NAME`. */
function setBy(command: string): readonly string[] {
  const given = [...command.matchAll(/(?:^|[\s;])(?:(\w+)=|for (\w+) in\b)/g)].map(
    ([, a, b]) => a ?? b ?? '',
  );
  const read = [...command.matchAll(/\bread (?:-\w+ )*([\w ]+)/g)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  return [...given, ...read];
}

/** Without what stands in single quotes, where `$` is a character as any. */
function unquoted(command: string): string {
  return command.replace(/("(?:[^"\\]|\\.)*")|'[^']*'/g, '$1');
}
