import { describe, expect, it } from 'vitest';
import { judge, judgeProjects, type VitestReport } from './vitest-report.ts';

/** The states of a file's tests; `broken`: it failed outside them. */
type FileStates = readonly string[] | 'broken';

/** A report of files. One with a failed test, or `broken`, has failed. */
function report(...files: readonly FileStates[]): VitestReport {
  const all = files.flatMap((states) => (states === 'broken' ? [] : states));
  const count = (state: string) => all.filter((one) => one === state).length;
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending'),
    numTodoTests: count('todo'),
    testResults: files.map((states, i) => ({
      name: `file-${i}`,
      startTime: 1_000 * i,
      endTime: 1_000 * i + 500,
      status: states === 'broken' || states.includes('failed') ? 'failed' : 'passed',
      assertionResults:
        states === 'broken' ? [] : states.map((status, j) => ({ status, fullName: `test ${i}.${j}` })),
    })),
  };
}

describe('a run of vitest', () => {
  it('that fails badly names the first failures only', () => {
    const { failed, notes } = judge(report(Array<string>(25).fill('failed')), false);
    expect(failed).toBe(25);
    expect(notes).toHaveLength(21);
    expect(notes.at(-1)).toBe('and 5 more');
  });

  it.each([
    ['passes', report(['passed', 'passed']), false, 2, 0, []],
    ['has a failed test', report(['passed', 'failed']), false, 1, 1, ['failed: test 0.1']],
    [
      'has a file that broke',
      report(['passed'], 'broken'),
      false,
      1,
      1,
      ['failed outside its tests: file-1'],
    ],
    [
      'has both',
      report(['failed'], 'broken'),
      false,
      0,
      2,
      ['failed: test 0.0', 'failed outside its tests: file-1'],
    ],
    ['skipped some', report(['passed', 'pending', 'todo']), false, 1, 0, ['1 skipped', '1 to do']],
    ['had no tests', report(), false, 0, 1, ['no tests ran']],
    ['had none for the filter', report(), true, 0, 0, ['no test matches']],
  ] as const)('that %s', (_, given, filtered, passed, failed, notes) => {
    expect(judge(given, filtered)).toEqual({ passed, failed, notes });
  });
});

describe('a run of both projects', () => {
  /** The first files are unit tests, the others system tests. */
  function of(unit: number, ...files: readonly FileStates[]): VitestReport {
    const all = report(...files);
    const testResults = all.testResults.map((file, i) => ({
      ...file,
      name: i < unit ? `/azid/src/${file.name}` : `/azid/test/${file.name}`,
    }));
    return { ...all, testResults };
  }
  const rows = (given: VitestReport | undefined, exitCode: number, filtered = false) =>
    judgeProjects(given, exitCode, filtered, '/azid/test');

  it('has a row for each, with the time from its first test to its last', () => {
    const given = of(2, ['passed'], ['passed', 'skipped'], ['passed', 'passed'], ['failed'], 'broken');
    expect(rows(given, 1)).toEqual([
      { name: 'unit tests', passed: 2, failed: 0, seconds: 1.5, notes: ['1 skipped'] },
      {
        name: 'system tests',
        passed: 2,
        failed: 2,
        seconds: 2.5,
        notes: ['failed: test 3.0', 'failed outside its tests: /azid/test/file-4'],
      },
    ]);
  });

  it('has failed when one of them had no tests, unless some were chosen', () => {
    const given = of(1, ['passed']);
    expect(rows(given, 0).map(({ failed }) => failed)).toEqual([0, 1]);
    expect(rows(given, 0, true).map(({ failed }) => failed)).toEqual([0, 0]);
  });

  it.each([
    ['wrote no report', undefined, 137, 'vitest exited with 137 and wrote no report'],
    [
      'failed outside every test',
      of(1, ['passed'], ['passed']),
      1,
      'vitest exited with 1 though no test failed: an error outside the tests, see above',
    ],
  ] as const)('that %s has failed', (_, given, exitCode, note) => {
    expect(rows(given, exitCode).at(-1)).toEqual({
      name: 'tests',
      passed: 0,
      failed: 1,
      seconds: 0,
      notes: [note],
    });
  });
});
