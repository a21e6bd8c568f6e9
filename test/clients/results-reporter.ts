/** Keeps what a whole `npm run test:clients` came to in `results.json`, from which `docs/reference/simulator.md` tells. */
import { glob, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/** Of one client: its lines or calls, and how many of them got what Azure would give. */
export interface ClientResult {
  readonly client: string;
  readonly lists: number;
  readonly lines: number;
  readonly asAzure: number;
  /** Known to miss, with their reason named in the list. */
  readonly misses: number;
}

const CLIENTS: readonly (readonly [client: string, isOf: (list: string) => boolean])[] = [
  ['`az` 2.91, command lines', (list) => list.startsWith('az ')],
  ['SDKs for JavaScript, calls', (list) => list.startsWith('JavaScript: ')],
  ['SDKs for Python, calls', (list) => list === 'Python SDKs'],
  ['SDKs for Go, calls', (list) => list === 'Go SDKs'],
];

export default class ResultsReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    let files = 0;
    for await (const _ of glob(join(import.meta.dirname, '**', '*.test.ts'))) files++;
    // A part of them tells nothing of the whole.
    if (modules.length < files) return;
    const suites = modules.flatMap(({ children }) => [...children.suites()]);
    const results = CLIENTS.map(([client, isOf]) =>
      resultOf(
        client,
        suites.filter(({ name }) => isOf(name)),
      ),
    );
    await writeFile(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  }
}

function resultOf(client: string, suites: readonly TestSuite[]): ClientResult {
  const cases = suites.flatMap(({ children }) => [...children.allTests()]).filter(isLine);
  const misses = cases.filter(({ options }) => options.fails).length;
  const passed = cases.filter((each) => each.result().state === 'passed').length;
  return { client, lists: suites.length, lines: cases.length, asAzure: passed - misses, misses };
}

/** Not what holds the list itself to account. */
const isLine = ({ name }: TestCase) => name !== 'nothing else is called';
