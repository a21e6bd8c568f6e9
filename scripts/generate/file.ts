/** What a generator gives: whole files, so that a check can compare them with what is there. */

export interface GeneratedFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  /** Begins with one of `HEADERS`: by that a file left over from an earlier run is known. */
  readonly text: string;
}

const SENTENCE = 'Generated from src by `npm run generate`. Do not edit.';

export const HEADERS = {
  yaml: '# Generated from src/api by `npm run generate`. Do not edit.\n',
  markdown: `<!-- ${SENTENCE} -->\n\n`,
  /** Of what differs from the base in a few lines. */
  overlay: '# Generated from deploy/kustomize/base by `npm run generate`. Do not edit.\n',
  /** Of the Helm chart's Chart.yaml, which follows from package.json, too. */
  chart: '# Generated from package.json and src/api by `npm run generate`. Do not edit.\n',
  /** Of the chart's alerts. */
  alerts: '# Generated from deploy/observability by `npm run generate`. Do not edit.\n',
  /** The first member of an object. */
  json: '{\n  "about": "Generated from docs by `npm run generate`. Do not edit.",\n',
} as const;

/** Did `npm run generate` write this? What a person put beside generated files is left alone. */
export function isGenerated(text: string): boolean {
  return Object.values(HEADERS).some((header) => text.startsWith(header));
}

/** A table; cells may hold anything but line ends. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

/** A bar would end the cell. */
function escaped(cell: string): string {
  return withoutTags(cell.replaceAll('|', '\\|'));
}

/** `<` outside of code would begin a tag: a reader sees nothing of it. */
export function withoutTags(text: string): string {
  const parts = text.split(/(`[^`]*`)/);
  return parts.map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;'))).join('');
}
