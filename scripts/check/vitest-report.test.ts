import { describe, expect, it } from 'vitest';
import { judge, type VitestReport } from './vitest-report.ts';

/** A report of files, each with the states of its tests. A file with a failed test, or `broken`, has failed. */
function report(...files: readonly (readonly string[] | 'broken')[]): VitestReport {
  const all = files.flatMap((states) => (states === 'broken' ? [] : states));
  const count = (state: string) => all.filter((one) => one === state).length;
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending'),
    numTodoTests: count('todo'),
    testResults: files.map((states, i) => ({
      name: `file-${i}`,
      status: states === 'broken' || states.includes('failed') ? 'failed' : 'passed',
      assertionResults:
        states === 'broken' ? [] : states.map((status, j) => ({ status, fullName: `test ${i}.${j}` })),
    })),
  };
}

describe('a run of vitest', () => {
  it('that fails badly names the first failures only', () => {
    const { failed, notes } = judge(report(Array<string>(25).fill('failed')), 1, false);
    expect(failed).toBe(25);
    expect(notes).toHaveLength(21);
    expect(notes.at(-1)).toBe('and 5 more');
  });

  it.each([
    ['passes', report(['passed', 'passed']), 0, false, 2, 0, []],
    ['has a failed test', report(['passed', 'failed']), 1, false, 1, 1, ['failed: test 0.1']],
    [
      'has a file that broke',
      report(['passed'], 'broken'),
      1,
      false,
      1,
      1,
      ['failed outside its tests: file-1'],
    ],
    [
      'has both',
      report(['failed'], 'broken'),
      1,
      false,
      0,
      2,
      ['failed: test 0.0', 'failed outside its tests: file-1'],
    ],
    ['skipped some', report(['passed', 'pending', 'todo']), 0, false, 1, 0, ['1 skipped', '1 to do']],
    ['had no tests', report(), 0, false, 0, 1, ['no tests ran']],
    ['had none for the filter', report(), 0, true, 0, 0, ['no test matches']],
    ['wrote no report', undefined, 137, false, 0, 1, ['vitest exited with 137 and wrote no report']],
    [
      'failed outside every test',
      report(['passed']),
      1,
      false,
      1,
      1,
      ['vitest exited with 1 though no test failed: an error outside the tests, see above'],
    ],
  ] as const)('that %s', (_, given, exitCode, filtered, passed, failed, notes) => {
    expect(judge(given, exitCode, filtered)).toEqual({ passed, failed, notes });
  });
});
