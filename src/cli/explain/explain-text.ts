import { type ExplainedReason, type Explanation, kindsText } from '../../explain/explain.ts';
import { table } from '../table.ts';

/** What `azid explain` prints. Pure. */

export function explanationText({ reason, rows }: Extract<Explanation, { found: true }>): string {
  return `${[reason, ...rows.flatMap(rowLines)].join('\n')}\n`;
}

function rowLines(row: ExplainedReason): readonly string[] {
  const { section, heading, state, meaning, action } = row;
  const where = [section, heading].filter((each) => each !== undefined).join(', ');
  return [
    '',
    `${kindsText(row)}: ${where}${state === undefined ? '' : ` (${state})`}`,
    `  means: ${meaning}`,
    ...(action === undefined ? [] : [`  do:    ${action}`]),
  ];
}

/** Each reason once, with those who may have it. */
export function listText(rows: readonly ExplainedReason[]): string {
  const byReason = Map.groupBy(rows, ({ reason }) => reason);
  const cells = [...byReason]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([reason, all]) => [reason, [...new Set(all.map(kindsText))].join(', ')]);
  return `${table([['REASON', 'OF'], ...cells]).join('\n')}\n`;
}

export function unknownText(word: string, near: readonly string[], kind: string | undefined): string {
  const of = kind === undefined ? '' : ` of ${kind}`;
  const hint =
    near.length === 0 ? 'azid explain without a reason lists all' : `did you mean ${near.join(', ')}?`;
  return `azid explain: expected a reason that azid gives${of}, got '${word}'; ${hint}\n`;
}
