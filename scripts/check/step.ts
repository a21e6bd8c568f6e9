/** What a check came to, and how it is told. */

export interface StepResult {
  readonly name: string;
  /** Tests; for a check without tests 1 or 0. */
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** One line for the summary: what was skipped, why it failed. */
  readonly notes: readonly string[];
}

/** A table of all steps and, as its last line, what the whole came to. */
export function summary(results: readonly StepResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const rows = results.map(({ name, passed, failed, seconds, notes }) => {
    const counts = `${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed`;
    const row = `${failed > 0 ? '✗' : '✓'} ${name.padEnd(width)} ${counts} ${seconds.toFixed(1).padStart(7)} s`;
    return [row, ...notes.map((note) => `    ${note}`)].join('\n');
  });
  return ['', ...rows, '', closingLine(results)].join('\n');
}

export function closingLine(results: readonly StepResult[]): string {
  const total = (key: 'passed' | 'failed') => results.reduce((sum, result) => sum + result[key], 0);
  return `${total('passed')} passed, ${total('failed')} failed`;
}
