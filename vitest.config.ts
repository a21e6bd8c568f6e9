import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, longest first: whoever starts one last leaves the other workers idle. vitest itself would
 * go by size, and the files of the crash matrix are the smallest. System tests go before unit tests, since a worker that goes from
 * one project to the other begins anew, and small files fill best what is left at the end.
 */
const LONGEST_FIRST = [
  'sandbox/sandbox.test',
  'sandbox/documents.test',
  'shards/moving.test',
  'crash/',
  'hosts/many-hosts.test',
  'recycling/halves.test',
  'hosts/contest.test',
  'hosts/guarantees.test',
  'hosts/fleet.test',
  'kube/control-plane.test',
  'identities/namespace-deletion.test',
  'azure-api/faults.test',
  'identities/deletion.test',
  'azure-api/idle.test',
  'sandbox/process.test',
  // Of the unit tests.
  'sequences/',
  'histories/',
];

/** For so long a condition is waited for. By default it would be one second, and a loaded machine takes longer than that. */
const POLL_MS = 20_000;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST_FIRST.findIndex((name) => moduleId.includes(`/${name}`));
      return at < 0 ? LONGEST_FIRST.length : at;
    };
    const isUnit = ({ project }: TestSpecification) => Number(project.name === 'unit');
    return (await super.sort(files)).sort((a, b) => isUnit(a) - isUnit(b) || rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    // One more than there are cores: a system test waits for processes and sockets about as long as it computes. By
    // default there would be one less, so on two cores one file after the other.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          // Importing the product took half the time of a small file: a worker imports it once, for all its files. So a module may not
          // keep what one file could see of another's: docs/design/2026-11-29-one-process-for-many-files.md.
          isolate: false,
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
          // Real sockets and real keys on a loaded machine; no test measures time.
          testTimeout: 30_000,
          expect: { poll: { timeout: POLL_MS } },
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/clients/**'],
          globalSetup: ['test/support/planes/global-setup.ts'],
          setupFiles: ['test/support/each-file.ts'],
          // As above; what a test left running is ended with its file, by that setup.
          isolate: false,
          // Fake time goes on while a loaded machine lags behind. vitest marks what passed at the second try, and such a
          // mark is to be looked into: docs/testing.md.
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: POLL_MS } },
        },
      },
      {
        test: {
          name: 'clients',
          // `npm run test:clients`: clients that nobody here wrote, one command or call after the other.
          include: ['test/clients/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
