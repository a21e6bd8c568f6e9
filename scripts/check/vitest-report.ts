/** Counts from vitest's JSON report, with what a count of tests alone would hide: files that broke, and no tests. */

/** The part of vitest's `--reporter=json` that is read here; the shape is Jest's. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface VitestOutcome {
  readonly passed: number;
  readonly failed: number;
  readonly notes: readonly string[];
}

/** vitest itself has shown every failure in full; the summary reminds of the first ones. */
const NOTED_FAILURES = 20;

/**
 * `report` undefined: none was written, vitest broke down. `filtered`: the caller chose some tests, so that none at
 * all may be right for one project.
 */
export function judge(report: VitestReport | undefined, exitCode: number, filtered: boolean): VitestOutcome {
  if (!report) return { passed: 0, failed: 1, notes: [`vitest exited with ${exitCode} and wrote no report`] };
  const { numPassedTests: passed, numPendingTests: skipped, numTodoTests: todo } = report;
  const failures = report.testResults
    .flatMap((file) => file.assertionResults)
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => `failed: ${fullName}`);
  const notes = failures.slice(0, NOTED_FAILURES);
  if (failures.length > notes.length) notes.push(`and ${failures.length - notes.length} more`);

  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  for (const file of broken) notes.push(`failed outside its tests: ${file.name}`);
  let failed = report.numFailedTests + broken.length;

  if (failed === 0 && exitCode !== 0) {
    failed = 1;
    notes.push(`vitest exited with ${exitCode} though no test failed: an error outside the tests, see above`);
  }
  if (passed + failed === 0) {
    if (!filtered) failed = 1;
    notes.push(filtered ? 'no test matches' : 'no tests ran');
  }
  if (skipped > 0) notes.push(`${skipped} skipped`);
  if (todo > 0) notes.push(`${todo} to do`);
  return { passed, failed, notes };
}
