/** A plain table: columns as wide as their widest cell, two spaces between. */
import type { ObjectRow } from './object-row.ts';

const HEAD = ['KIND', 'NAME', 'READY', 'REASON', 'AZURE', 'MESSAGE'];

/** Lines without an end; none longer than `width` when that is given. */
export function tableOf(objects: readonly ObjectRow[], width = Number.POSITIVE_INFINITY): string[] {
  const rows = [HEAD, ...objects.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    return line.trimEnd().slice(0, width);
  });
}

/** One object's row in words, for where no table can be redrawn. */
export function sentenceOf(row: ObjectRow): string {
  const [kind, key, readiness, reason, azure, message] = cellsOf(row);
  const inAzure = azure === '-' ? '' : `; in Azure: ${azure}`;
  return `${kind} ${key}: ${readiness}${reason === '-' ? '' : ` (${reason})`}${inAzure}${message ? `; ${message}` : ''}`;
}

function cellsOf({ kind, key, readiness, reason, message, differences }: ObjectRow): string[] {
  const azure = differences === undefined ? '-' : differences.join(', ') || 'as declared';
  // A message may have several lines; a row has one.
  return [kind, key, readiness, reason || '-', azure, message.replace(/\s+/g, ' ').trim()];
}
