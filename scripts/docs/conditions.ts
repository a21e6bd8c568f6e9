/**
 * The tables of docs/conditions.md as data. A section (`##`) is a kind or what holds for all; beneath it a heading (`###`) each table:
 * by its first column, `Reason`. Sentences that lend reasons from another section ("mean what they mean for an identity") count.
 */
import { KINDS } from '../../src/api/index.ts';
import type { ExplainedReason } from '../../src/explain/explain.ts';

export interface ConditionsPage {
  readonly reasons: readonly ExplainedReason[];
}

const PAGE = 'docs/conditions.md';
const NAMES = KINDS.map(({ resource }) => resource.kind);

interface Block {
  readonly section: string;
  readonly heading: string;
  readonly lines: readonly string[];
}

export function readConditions(markdown: string): ConditionsPage {
  const blocks = blocksOf(markdown);
  const lent = [...blocks.flatMap(lentBy), ...blocks.flatMap(lentByRows)];
  const reasons = blocks.flatMap((block) => {
    const prose = block.lines.filter((line) => !line.startsWith('|')).join(' ');
    const kinds = [...kindsOf(block.section), ...alsoOn(prose)];
    return rowsOf(block).flatMap((row) => {
      if (row.meaning === ABOVE) return [];
      const also = lent.filter(
        ({ from, reason }) => (from === ANY || from === block.section) && reason === row.reason,
      );
      return {
        ...row,
        kinds: [...new Set([...kinds, ...also.flatMap(({ kinds: each }) => each)])],
        section: block.section,
        ...(block.heading !== '' && { heading: block.heading }),
      };
    });
  });
  return { reasons };
}

function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let [section, heading, lines]: [string, string, string[]] = ['', '', []];
  const end = () => {
    if (section !== '') blocks.push({ section, heading, lines });
    lines = [];
  };
  for (const line of markdown.split('\n')) {
    const [, marks = '', title = ''] = /^(#{2,3}) (.+)$/.exec(line) ?? [];
    if (marks === '') lines.push(line);
    else {
      end();
      [section, heading] = marks === '##' ? [title, ''] : [section, title];
    }
  }
  end();
  return blocks;
}

/** A row that says no more than that, and lends the reason from whatever section explains it. */
const ABOVE = 'as above';
const ANY = '*';

type Row = Omit<ExplainedReason, 'kinds' | 'section' | 'heading'>;

/** A row may explain several reasons at once. */
function rowsOf({ lines }: Block): readonly Row[] {
  const at = lines.findIndex((line) => /^\| Reason \|/.test(line));
  if (at < 0) return [];
  const head = cellsOf(lines[at] ?? '');
  const column = (cells: readonly string[], ...names: readonly string[]) =>
    cells[head.findIndex((each) => names.includes(each.replaceAll('`', '')))];
  const rows: Row[] = [];
  let before = '';
  for (const line of lines.slice(at + 2)) {
    if (!line.startsWith('|')) break;
    const cells = cellsOf(line);
    const state = column(cells, 'Ready', 'Status', 'Type');
    const action = column(cells, 'What to do');
    // "the same" is the same as in the row before.
    const meaning = plain(column(cells, 'Meaning') ?? '').replace(/^the same\b/, before);
    if (!meaning.startsWith(before) || before === '') before = meaning;
    for (const reason of reasonsIn(cells[0] ?? ''))
      rows.push({
        reason,
        ...(state !== undefined && state !== '-' && { state: plain(state) }),
        meaning,
        ...(action !== undefined && { action: plain(action) }),
      });
  }
  return rows;
}

/** Bars in code are escaped. */
function cellsOf(line: string): readonly string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function reasonsIn(text: string): readonly string[] {
  return [...text.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, word = '']) => word);
}

/** Links become their text and where they lead; code keeps its backticks, which say where a word ends. */
function plain(text: string): string {
  return text.replace(/\[([^\]]+)\]\(([^)]+)\)/g, (_, words: string, target: string) => {
    if (target.startsWith('http')) return `${words} (${target})`;
    return `${words} (${target.startsWith('#') ? `${PAGE}${target}` : `docs/${target}`})`;
  });
}

/** A section about one kind; any other holds for all kinds that have something in Azure, and says so by no kind. */
function kindsOf(section: string): readonly string[] {
  return NAMES.includes(section) ? [section] : [];
}

/** "Also on FederatedIdentityCredentials and IdentityAttachments.", "They hold for a SystemAssignedIdentity, too." */
function alsoOn(prose: string): readonly string[] {
  const sentences = prose.trim().split(/(?<=\.)\s+/);
  const about = sentences.filter((each) => /^(Also on|On an?|They hold for) /.test(each));
  return about.flatMap((sentence) =>
    NAMES.filter((name) => sentence.includes(name) || sentence.includes(name.replace(/y$/, 'ies'))),
  );
}

const LENDERS: Readonly<Record<string, string>> = {
  identity: 'UserAssignedIdentity',
  attachment: 'IdentityAttachment',
};

interface Lent {
  readonly from: string;
  readonly reason: string;
  readonly kinds: readonly string[];
}

function lentByRows(block: Block): readonly Lent[] {
  return rowsOf(block)
    .filter(({ meaning }) => meaning === ABOVE)
    .map(({ reason }) => ({ from: ANY, reason, kinds: kindsOf(block.section) }));
}

/** "`A` and `B` mean what they mean for an identity." */
function lentBy({ section, lines }: Block): readonly Lent[] {
  const prose = lines.filter((line) => !line.startsWith('|')).join(' ');
  const [, words = '', lender = ''] =
    /(`[A-Z][A-Za-z]+`[^.]*) mean what they mean for an (identity|attachment)/.exec(prose) ?? [];
  const from = LENDERS[lender];
  return from === undefined
    ? []
    : reasonsIn(words).map((reason) => ({ from, reason, kinds: kindsOf(section) }));
}
