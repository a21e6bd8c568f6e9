/** Counts from vitest's JSON report, with what a count of tests alone would hide: files that broke, and no tests. */
import { sep } from 'node:path';
import type { StepResult } from './step.ts';

/** The part of vitest's `--reporter=json` that is read here; the shape is Jest's. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    /** The file's path. */
    readonly name: string;
    readonly status: string;
    /** Wall ms at which its first test began, and its last one ended. */
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface VitestOutcome {
  readonly passed: number;
  readonly failed: number;
  readonly notes: readonly string[];
}

/**
 * A row for each project of one run; files below `systemFolder` are system tests. A row's time is that from its first test to its
 * last: the projects may overlap. An error outside every test is a failure of the run, and has a row of its own.
 */
export function judgeProjects(
  report: VitestReport | undefined,
  exitCode: number,
  filtered: boolean,
  systemFolder: string,
): readonly StepResult[] {
  const ofRun = (note: string): StepResult => ({
    name: 'tests',
    passed: 0,
    failed: 1,
    seconds: 0,
    notes: [`vitest exited with ${exitCode} ${note}`],
  });
  if (!report) return [ofRun('and wrote no report')];
  const isSystem = (file: string) => file.startsWith(systemFolder + sep);
  const rows = [
    rowOf(
      'unit tests',
      onlyFiles(report, (file) => !isSystem(file)),
      filtered,
    ),
    rowOf('system tests', onlyFiles(report, isSystem), filtered),
  ];
  if (exitCode === 0 || rows.some(({ failed }) => failed > 0)) return rows;
  return [...rows, ofRun('though no test failed: an error outside the tests, see above')];
}

function rowOf(name: string, report: VitestReport, filtered: boolean): StepResult {
  const files = report.testResults;
  const ms =
    files.length === 0
      ? 0
      : Math.max(...files.map(({ endTime }) => endTime)) -
        Math.min(...files.map(({ startTime }) => startTime));
  return { name, seconds: ms / 1000, ...judge(report, filtered) };
}

function onlyFiles(report: VitestReport, belongs: (file: string) => boolean): VitestReport {
  const testResults = report.testResults.filter(({ name }) => belongs(name));
  const states = testResults.flatMap((file) => file.assertionResults).map(({ status }) => status);
  const count = (...of: readonly string[]) => states.filter((each) => of.includes(each)).length;
  return {
    testResults,
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending', 'skipped', 'disabled'),
    numTodoTests: count('todo'),
  };
}

/** vitest itself has shown every failure in full; the summary reminds of the first ones. */
const NOTED_FAILURES = 20;

/** `filtered`: the caller chose some tests, so that none at all may be right for one project. */
export function judge(report: VitestReport, filtered: boolean): VitestOutcome {
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

  if (passed + failed === 0) {
    if (!filtered) failed = 1;
    notes.push(filtered ? 'no test matches' : 'no tests ran');
  }
  if (skipped > 0) notes.push(`${skipped} skipped`);
  if (todo > 0) notes.push(`${todo} to do`);
  return { passed, failed, notes };
}
