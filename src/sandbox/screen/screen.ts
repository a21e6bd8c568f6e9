/** What is printed: lines that stay, and below them, on a terminal, a table that is drawn again as it changes. */
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { QUICKSTART } from '../project.ts';
import type { ReadyFacts } from '../ready-file.ts';
import type { ObjectRow } from './object-row.ts';

/** As much of `process.stdout` as is used. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export class Screen {
  readonly #output: Output;
  #rows: readonly ObjectRow[] = [];
  /** Lines of the table now on the terminal. */
  #drawn = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Lines above the table. */
  say(text: string): void {
    this.#erase();
    this.#output.write(`${text}\n`);
    this.#draw();
  }

  /** What is new: the table drawn again on a terminal, else a line for each object that changed. */
  show(rows: readonly ObjectRow[]): void {
    if (isDeepStrictEqual(rows, this.#rows)) return;
    const before = this.#rows;
    this.#rows = rows;
    if (this.#output.isTTY) {
      this.#erase();
      this.#draw();
      return;
    }
    for (const [i, row] of rows.entries())
      if (!isDeepStrictEqual(row, before[i])) this.#output.write(`${sentenceOf(row)}\n`);
  }

  /** The table as it is now, uncut, to stay. */
  conclude(): void {
    this.#erase();
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length > 0) this.#output.write(`${tableOf(rows).join('\n')}\n`);
  }

  #erase(): void {
    // Up so many lines, then clear to the end of the screen.
    if (this.#drawn > 0) this.#output.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.#output.isTTY || this.#rows.length === 0) return;
    // A line that wraps would be two to erase. A terminal that does not know its width says 0.
    const lines = tableOf(this.#rows, (this.#output.columns || 80) - 1);
    this.#output.write(`${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }
}

const HEAD = ['KIND', 'NAME', 'READY', 'REASON', 'AZURE', 'MESSAGE'];

/** Columns as wide as their widest cell; lines without an end, none longer than `width` when that is given. */
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

interface UsageFacts extends ReadyFacts {
  readonly kubectl: string;
  /** Path; absent with `--no-controller`. */
  readonly controllerLog?: string;
}

/** What to try by hand, printed once everything is up. */
export function usageText({ kubeconfig, kubectl, arm, control, metrics, controllerLog }: UsageFacts): string {
  const identities = `/subscriptions/${arm.subscriptionId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  return `
The sandbox is up.
  Azure        ${arm.endpoint} (its CA: ${arm.caFile})
  control      ${control.endpoint} (a GET lists what it can do)
  controller   ${controllerLog === undefined ? 'none: run your own' : `log ${controllerLog}`}
  metrics      ${metrics?.endpoint ?? 'none'}

Paste these three lines into another terminal:

export KUBECONFIG=${kubeconfig}
export PATH=${dirname(kubectl)}:$PATH
export CONTROL=${control.endpoint}

Then try:
  kubectl get azid -A
  kubectl edit -n quickstart uai/shop-frontend
  kubectl apply -f ${QUICKSTART}

What Azure holds, and a list of all calls it got:
  curl -s -X POST ${control.endpoint}/identities
  curl -s '${control.endpoint}/requests?since=0'

As someone else in Azure:
  TOKEN=$(curl -s -X POST ${control.endpoint}/token | sed 's/.*:"\\(.*\\)".*/\\1/')
  curl -s --cacert ${arm.caFile} -H "authorization: Bearer $TOKEN" '${arm.endpoint}${identities}?api-version=2024-11-30'

What it does azid hears of within seconds, by a queue of events: kubectl get eventsources

Ctrl-C stops everything.
`;
}
