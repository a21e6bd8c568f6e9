/** The `sh` blocks of a document, in their order, and what stands about them in a comment that no reader sees. */
export interface ShellBlock {
  readonly line: number;
  readonly text: string;
  readonly mark: Mark;
}

/**
 * - `<!-- not run: REASON -->`: it cannot be run beside the sandbox.
 * - `<!-- az: REASON -->`: it calls Azure's own command line.
 * - `<!-- given: COMMANDS -->`: run before it, for what a reader has and the sandbox has not.
 */
export type Mark =
  | { readonly type: 'run'; readonly given?: string }
  | { readonly type: 'notRun' | 'az'; readonly reason: string };

const COMMENT = /^\s*<!-- (not run|az|given): (.+) -->$/;

export function shellBlocks(markdown: string): readonly ShellBlock[] {
  const lines = markdown.split('\n');
  const blocks: ShellBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent] = /^(\s*)```sh$/.exec(lines[at] ?? '') ?? [];
    if (indent === undefined) continue;
    const end = lines.findIndex((line, i) => i > at && line === `${indent}\`\`\``);
    if (end < 0) throw new Error(`line ${at + 1}: expected the block to end, it does not`);
    const text = lines
      .slice(at + 1, end)
      .map((line) => line.slice(indent.length))
      .join('\n');
    blocks.push({ line: at + 1, text, mark: markOf(lines[at - 1]) });
    at = end;
  }
  return blocks;
}

function markOf(line = ''): Mark {
  const [, word, said = ''] = COMMENT.exec(line) ?? [];
  switch (word) {
    case 'not run':
      return { type: 'notRun', reason: said };
    case 'az':
      return { type: 'az', reason: said };
    case 'given':
      return { type: 'run', given: said };
    default:
      return { type: 'run' };
  }
}
