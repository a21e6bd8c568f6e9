/**
 * `npm run bench`: builds the product and runs the scenarios one after the other, each with its own kube-apiserver, simulated
 * Azure and controller (docs/benchmarks.md). `npm run bench -- edits restart --objects 1000` runs some of them.
 *
 * A missed target leaves exit code 0: a figure says something about azid on this machine, and a slow machine is no fault. 1 says
 * that a scenario failed, or was ended since it took too long.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/runtime/time/clock.ts';
import { temporaryFolder } from '../src/sandbox/apiserver/temporary-folder.fixture.ts';
import { logTail, TetheredProcess } from '../src/sandbox/apiserver/tethered-process.ts';
import { bundleProduct } from '../src/sandbox/controller/bundle.ts';
import { listenForInterruption } from '../src/sandbox/interruption.ts';
import { timeLimit } from '../src/sandbox/sandbox.ts';
import { circumstances } from './circumstances.ts';
import { line, type Result, resultsOf, type Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

const MOST_OBJECTS = 20_000;
const PER_TEAM = 50;
const TEMPLATE_LIMIT_MINUTES = 10;
const GRACE_MS = 10_000;
const home = dirname(import.meta.dirname);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    objects: { type: 'string', default: '10000' },
    /** Where the JSON goes. */
    results: { type: 'string' },
    /** Minutes for each scenario, in place of its own limit. */
    limit: { type: 'string' },
    /** Prints what each scenario said on its way, such as its slowest edits. */
    verbose: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const say = (text: string) => void process.stdout.write(`${text}\n`);

async function runAll(scenarios: readonly Scenario[], given: number): Promise<number> {
  using interruption = listenForInterruption(systemClock, () => say('ending; Ctrl-C again to end at once'));
  const objects = Math.max(1, Math.round(given / PER_TEAM)) * PER_TEAM;
  await using folder = await temporaryFolder();
  say(`building dist/, then ${scenarios.length} scenarios with ${objects} objects`);
  await bundleProduct(join(home, 'dist'));
  const about = await circumstances();
  say(about);
  const child = (name: string, minutes: number) =>
    runChild({ name, objects, folder: folder.path, minutes, signal: interruption.signal });

  const results: Result[] = [];
  let failures = (await child('template', TEMPLATE_LIMIT_MINUTES)) ? 0 : 1;
  if (failures > 0) return interruption.exitCode ?? 1;
  for (const scenario of scenarios) {
    if (interruption.signal.aborted) break;
    const { name } = scenario;
    say(`\n${name}: ${scenario.about}`);
    const limit = values.limit === undefined ? scenario.limitMinutes(objects) : Number(values.limit);
    const startedAt = systemClock.monotonic();
    if (!(await child(name, limit))) failures += 1;
    const file = folder.file(`${name}.json`);
    const figures = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    const told = resultsOf(scenario, figures, objects);
    for (const each of told) say(line(each));
    if (values.verbose) say(await logTail(folder.file(`${name}.log`), 200, 65_536));
    say(`  (${((systemClock.monotonic() - startedAt) / 60_000).toFixed(1)} min)`);
    results.push(...told);
    await write({ at: new Date().toISOString(), about, objects, results });
  }
  const targets = results.filter(({ met }) => met !== null);
  say(
    `\n${targets.filter(({ met }) => met).length} of ${targets.length} targets met, ${failures} of ${scenarios.length} scenarios failed; written to ${relative(process.cwd(), resultsFile())}`,
  );
  return interruption.exitCode ?? (failures > 0 ? 1 : 0);
}

/** False: it failed, or was ended at its limit or by Ctrl-C; it says so. */
async function runChild(given: {
  readonly name: string;
  readonly objects: number;
  readonly folder: string;
  readonly minutes: number;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  const { name, objects, folder, minutes } = given;
  const logFile = join(folder, `${name}.log`);
  using limit = timeLimit(systemClock, minutes * 60_000, given.signal);
  const process_ = await TetheredProcess.start({
    command: process.execPath,
    args: ['--max-old-space-size=8192', join(home, 'bench/child.ts'), name, String(objects), folder],
    logFile,
    cwd: home,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: folder,
      AZID_BENCH_NODE_ARGS: process.env.AZID_BENCH_NODE_ARGS,
      AZID_BENCH_FAILOVERS: process.env.AZID_BENCH_FAILOVERS,
    },
  });
  const stopped = new Promise<'stopped'>((done) =>
    limit.signal.addEventListener('abort', () => done('stopped'), { once: true }),
  );
  const code = await Promise.race([process_.exited, stopped]);
  if (code === 0) return true;
  // SIGTERM ends it, and its own children with it: they hang on a pipe to it.
  await process_.stop(GRACE_MS);
  const why = code === 'stopped' ? String(limit.signal.reason.message) : `exit code ${code}`;
  say(`  ${name} failed: ${why}; its log ends with\n${await logTail(logFile, 15)}`);
  return false;
}

const resultsFile = () =>
  resolve(values.results ?? join(home, 'bench/results', `${new Date().toISOString().slice(0, 10)}.json`));

async function write(all: object): Promise<void> {
  const file = resultsFile();
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(all, undefined, 2)}\n`);
}

function wanted(): readonly Scenario[] {
  for (const name of positionals)
    if (!SCENARIOS.some((each) => each.name === name))
      throw new Error(
        `expected the name of a scenario (${SCENARIOS.map((each) => each.name).join(', ')}), got '${name}'`,
      );
  return positionals.length === 0 ? SCENARIOS : SCENARIOS.filter(({ name }) => positionals.includes(name));
}

function wholeNumber(flag: string, given: string, most: number): number {
  const number = Number(given);
  if (!Number.isInteger(number) || number < PER_TEAM || number > most)
    throw new Error(
      `expected ${flag} to be a whole number from ${PER_TEAM} to ${most}, got ${JSON.stringify(given)}`,
    );
  return number;
}

if (values.list) for (const { name, about } of SCENARIOS) say(`${name.padEnd(20)} ${about}`);
else process.exitCode = await runAll(wanted(), wholeNumber('--objects', values.objects, MOST_OBJECTS));
