/**
 * What `npm test` runs: every check of the project, one after the other, and a closing line `N passed, N failed`.
 * Arguments go to vitest: `npm test -- queue` runs the tests whose file name contains "queue", and all other checks.
 */
import process from 'node:process';

const LOWEST = 24;

if (Number(process.versions.node.split('.')[0]) < LOWEST) {
  process.stderr.write(
    `expected Node ${LOWEST} or newer to run the checks, got ${process.versions.node}; use \`npm test\`, which gets ` +
      'it (npm skips that step where `ignore-scripts` is set: run `npm run setup` first)\n',
  );
  process.stdout.write('0 passed, 1 failed\n');
  process.exitCode = 1;
} else {
  const { runChecks } = await import('./check/run.ts');
  process.exitCode = await runChecks(process.argv.slice(2));
}
