/** The checks in their order. One that fails does not keep the others from running. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { getBinaries } from '../../src/sandbox/apiserver/binaries/binaries.ts';
import { BINARY_NAMES } from '../../src/sandbox/apiserver/binaries/pins.ts';
import { buildReferenceKstatus } from '../../test/support/status/reference-kstatus.ts';
import { type StepResult, summary } from './step.ts';
import { judgeProjects, type VitestReport } from './vitest-report.ts';

type Counts = Pick<StepResult, 'passed' | 'failed' | 'notes'>;

interface Step {
  readonly name: string;
  /** What it came to; several rows where it is several checks in one. */
  run(): Promise<Counts | readonly StepResult[]>;
}

const ROOT = dirname(dirname(import.meta.dirname));
const BIN = join(ROOT, 'node_modules', '.bin');
const GENERATE = join('scripts', 'generate.ts');

/** Runs all checks; `filter` goes to vitest. Resolves with the exit code. */
export async function runChecks(filter: readonly string[]): Promise<number> {
  const steps: readonly Step[] = [
    { name: 'types', run: () => command('tsc', ['--noEmit']) },
    { name: 'lint', run: () => command('biome', ['ci', '.']) },
    { name: 'generated files', run: generatedFiles },
    { name: 'binaries', run: binaries }, // Up front, so that no test runs into its time limit while one is built.
    { name: 'tests', run: () => tests(filter) },
  ];
  const results: StepResult[] = [];
  for (const { name, run } of steps) {
    process.stdout.write(`\n── ${name}\n`);
    const started = performance.now();
    const outcome = await run().catch(
      (error: unknown): Counts => ({ passed: 0, failed: 1, notes: [`broke down: ${messageOf(error)}`] }),
    );
    if ('passed' in outcome)
      results.push({ name, seconds: (performance.now() - started) / 1000, ...outcome });
    else results.push(...outcome);
  }
  if (filter.length > 0 && ranNoTest(results)) {
    results.push({
      name: 'filter',
      passed: 0,
      failed: 1,
      seconds: 0,
      notes: [`no test matches ${filter.join(' ')}`],
    });
  }
  process.stdout.write(`${summary(results)}\n`);
  return results.some(({ failed }) => failed > 0) ? 1 : 0;
}

function ranNoTest(results: readonly StepResult[]): boolean {
  return results
    .filter(({ name }) => name.endsWith(' tests'))
    .every((step) => step.passed + step.failed === 0);
}

async function command(name: string, args: readonly string[]): Promise<Counts> {
  const code = await run(join(BIN, name), args);
  if (code === 0) return { passed: 1, failed: 0, notes: [] };
  return { passed: 0, failed: 1, notes: [`${name} ${args.join(' ')} exited with ${code}`] };
}

async function generatedFiles(): Promise<Counts> {
  const present = await access(join(ROOT, GENERATE)).then(
    () => true,
    () => false,
  );
  if (!present) return { passed: 0, failed: 0, notes: [`skipped: there is no ${GENERATE}`] };
  const code = await run(process.execPath, [GENERATE, '--check']);
  if (code === 0) return { passed: 1, failed: 0, notes: [] };
  return { passed: 0, failed: 1, notes: ['run `npm run generate` and commit what it writes'] };
}

async function binaries(): Promise<Counts> {
  try {
    const paths = await getBinaries(BINARY_NAMES);
    for (const path of [...Object.values(paths), await buildReferenceKstatus()])
      process.stdout.write(`${path}\n`);
    return { passed: 1, failed: 0, notes: [] };
  } catch (error) {
    process.stdout.write(`${messageOf(error)}\n`);
    return {
      passed: 0,
      failed: 1,
      notes: ['the tests that need an API server cannot run, the reasons stand above'],
    };
  }
}

/** Both projects in one run: no worker waits for the last file of one of them. */
async function tests(filter: readonly string[]): Promise<readonly StepResult[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'azid-check-'));
  try {
    const report = join(scratch, 'report.json');
    const code = await run(join(BIN, 'vitest'), [
      'run',
      '--project=unit',
      '--project=system',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      '--allowOnly=false', // A forgotten `.only` would skip the rest in silence.
      ...(filter.length > 0 ? ['--passWithNoTests', ...filter] : []),
    ]);
    return judgeProjects(await readReport(report), code, filter.length > 0, join(ROOT, 'test'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function readReport(path: string): Promise<VitestReport | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as VitestReport;
  } catch {
    return undefined;
  }
}

/** With this Node first on the PATH and no standard input; resolves with the exit code, 1 for an end by signal. */
async function run(file: string, args: readonly string[]): Promise<number> {
  const PATH = [BIN, dirname(process.execPath), process.env.PATH].join(delimiter);
  const child = spawn(file, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
