/** What a person sees: lines that stay, and below them, on a terminal, a table that is drawn again as it changes. */
import { isDeepStrictEqual } from 'node:util';
import type { ObjectRow } from './object-row.ts';
import { sentenceOf, tableOf } from './table.ts';

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
