/** What a person sees: lines that stay, and below them, on a terminal, a table that is drawn again as it changes. */
import { isDeepStrictEqual } from 'node:util';
import type { Standing } from './standing.ts';
import { sentenceOf, tableOf } from './table.ts';

/** As much of `process.stdout` as is used. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export class Screen {
  readonly #output: Output;
  #standings: readonly Standing[] = [];
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
  show(standings: readonly Standing[]): void {
    if (isDeepStrictEqual(standings, this.#standings)) return;
    const before = this.#standings;
    this.#standings = standings;
    if (this.#output.isTTY) {
      this.#erase();
      this.#draw();
      return;
    }
    for (const [i, standing] of standings.entries())
      if (!isDeepStrictEqual(standing, before[i])) this.#output.write(`${sentenceOf(standing)}\n`);
  }

  /** The table as it is now, uncut, to stay. */
  conclude(): void {
    this.#erase();
    const standings = this.#standings;
    this.#standings = [];
    if (standings.length > 0) this.#output.write(`${tableOf(standings).join('\n')}\n`);
  }

  #erase(): void {
    // Up so many lines, then clear to the end of the screen.
    if (this.#drawn > 0) this.#output.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.#output.isTTY || this.#standings.length === 0) return;
    // A line that wraps would be two to erase. A terminal that does not know its width says 0.
    const lines = tableOf(this.#standings, (this.#output.columns || 80) - 1);
    this.#output.write(`${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }
}
