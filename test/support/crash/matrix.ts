import { isFull } from '../../../src/runtime/volume.fixture.ts';
import { seedOfSample } from '../sample-seed.ts';
import type { Cluster } from '../testbed.ts';
import { isAtAzure, labelOf, plansOf, sampled } from './plans.ts';
import { type Plan, type Run, run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { difference } from './state.ts';

/** The crash matrix (docs/testing.md): a scenario undisturbed, then under every plan, and compared. */
export interface MatrixOptions {
  /** Base of all random choices; the same seed draws the same. Default 1, or `AZID_SEED`. */
  readonly seed?: number;
  /** Only plans whose `scenario/label` contains this, all of them. Default `AZID_PLAN`, else any. */
  readonly only?: string;
  /** Random fault schedules. Default 2. */
  readonly schedules?: number;
  /** Of the sample. Default `AZID_SAMPLE` (a number, or `today`), else 1; `'full'` (or `AZID_VOLUME=full`): every plan. */
  readonly sample?: number | 'full';
}

export interface Report {
  readonly scenario: string;
  /** How many were carried out, and how many there are. */
  readonly plans: number;
  readonly of: number;
  readonly passed: number;
  readonly sample: number | 'full';
  /** Writes that only one of the two undisturbed runs made: not disturbed. */
  readonly unstable: readonly string[];
  /** Plans whose point did not come in any of `ATTEMPTS` runs, which ended as they should. */
  readonly unmet: readonly string[];
  readonly failures: readonly string[];
  readonly slowest: { readonly label: string; readonly seconds: number };
}

/** Which writes come may hang on a race; a plan whose point did not come is tried so often, with other seeds. */
const ATTEMPTS = 3;

export async function matrix(
  cluster: Cluster,
  scenario: Scenario,
  options: MatrixOptions = {},
): Promise<Report> {
  const { env } = process;
  const seed = options.seed ?? Number(env.AZID_SEED ?? 1);
  const only = options.only ?? env.AZID_PLAN ?? '';
  const sample = options.sample ?? (isFull || only !== '' ? 'full' : seedOfSample());
  const reference = await run(cluster, scenario, seed);
  const again = await run(cluster, scenario, seed + 1);
  const differs = [...compare(reference, again), ...reference.faults];
  if (differs.length > 0) {
    // What differs by itself proves nothing when it differs under a plan.
    throw new Error(
      `scenario ${scenario.name}: two undisturbed runs (seeds ${seed} and ${seed + 1}) differ; make it say more exactly what must come of it\n${differs.join('\n')}`,
    );
  }
  const plans = plansOf(scenario, reference, again, seed, options.schedules ?? 2);
  const drawn = sample === 'full' ? plans : sampled(plans, scenario, sample);
  const chosen = drawn.filter((plan) => `${scenario.name}/${labelOf(plan)}`.includes(only));
  const failures: string[] = [];
  const unmet: string[] = [];
  let slowest = { label: '', seconds: 0 };
  for (const plan of chosen) {
    const started = performance.now();
    const { wrong, met } = await judge(cluster, scenario, seed, plan, reference);
    const seconds = (performance.now() - started) / 1_000;
    if (env.AZID_PLAN_TIMES) process.stdout.write(`  ${seconds.toFixed(2)} s ${labelOf(plan)}\n`);
    if (seconds > slowest.seconds) slowest = { label: labelOf(plan), seconds };
    if (wrong.length > 0)
      failures.push(
        `${scenario.name}/${labelOf(plan)} (seed ${seed})\n${wrong.join('\n').replace(/^/gm, '    ')}`,
      );
    else if (!met) unmet.push(labelOf(plan));
  }
  await cluster.clean();
  return {
    scenario: scenario.name,
    plans: chosen.length,
    of: plans.length,
    passed: chosen.length - failures.length - unmet.length,
    sample,
    unstable: unstableOf(reference, again),
    unmet,
    failures,
    slowest,
  };
}

interface Verdict {
  readonly wrong: readonly string[];
  readonly met: boolean;
}

/** A plan that never met its point proves less than it should, and is wrong where the point is a write to Azure. */
async function judge(
  cluster: Cluster,
  scenario: Scenario,
  seed: number,
  plan: Plan,
  reference: Run,
): Promise<Verdict> {
  let writes: readonly string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      // The first two seeds are those of the undisturbed runs.
      const got = await run(cluster, scenario, attempt === 0 ? seed : seed + 1 + attempt, plan);
      // After `kill-delete` there is nothing to compare: all must be gone, and no orphan stay.
      const comparable = plan.kind !== 'kill-delete' || !got.struck;
      const differs = comparable ? compare(reference, got, plan.kind !== 'faults') : [];
      const wrong = [...differs, ...got.faults];
      if (got.struck || wrong.length > 0) return { wrong, met: got.struck };
      ({ writes } = got);
    } catch (error) {
      return { wrong: [error instanceof Error ? (error.stack ?? error.message) : String(error)], met: true };
    }
  }
  if (!isAtAzure(plan)) return { wrong: [], met: false };
  return {
    wrong: [`the plan never met its point in ${ATTEMPTS} runs; writes of the last were:`, ...writes],
    met: false,
  };
}

/** Under faults an answer may be lost whose effect the log cannot tell, so only the end counts. */
export function compare(expected: Run, got: Run, effects = true): string[] {
  const end = difference(expected.end, got.end);
  const [before, after] = [expected.effects.join(', '), got.effects.join(', ')];
  return [
    ...(end === '' ? [] : [`end state differs:\n${end}`]),
    ...(effects && before !== after
      ? [`Azure carried out: ${after || 'nothing'}; expected: ${before || 'nothing'}`]
      : []),
  ];
}

function unstableOf(a: Run, b: Run): string[] {
  return [
    ...a.writes.filter((each) => !b.writes.includes(each)),
    ...b.writes.filter((each) => !a.writes.includes(each)),
  ];
}
