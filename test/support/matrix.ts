import { drawFaults } from './fault-schedule.ts';
import { isChange, type Plan, type Run, run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { difference } from './state.ts';
import type { Cluster } from './testbed.ts';

/** The crash matrix (guarantees.md 4.1, 4.2, 4.4): a scenario undisturbed, then under every plan, and compared. */
export interface MatrixOptions {
  /** Base of all random choices; the same seed draws the same. Default 1, or `AZID_SEED`. */
  readonly seed?: number;
  /** Only plans whose `scenario/label` contains this. Default all, or `AZID_PLAN`. */
  readonly only?: string;
  /** Random fault schedules. Default 2. */
  readonly schedules?: number;
}

export interface Report {
  readonly scenario: string;
  readonly plans: number;
  readonly passed: number;
  /** Writes that only one of the two undisturbed runs made: not disturbed. */
  readonly unstable: readonly string[];
  readonly failures: readonly string[];
  readonly slowest: { readonly label: string; readonly seconds: number };
}

export async function matrix(
  cluster: Cluster,
  scenario: Scenario,
  options: MatrixOptions = {},
): Promise<Report> {
  const seed = options.seed ?? Number(process.env.AZID_SEED ?? 1);
  const only = options.only ?? process.env.AZID_PLAN ?? '';
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
  const chosen = plans.filter((plan) => `${scenario.name}/${labelOf(plan)}`.includes(only));
  const failures: string[] = [];
  let slowest = { label: '', seconds: 0 };
  for (const plan of chosen) {
    const started = performance.now();
    const wrong = await judge(cluster, scenario, seed, plan, reference);
    const seconds = (performance.now() - started) / 1_000;
    if (process.env.AZID_PLAN_TIMES) process.stdout.write(`  ${seconds.toFixed(2)} s ${labelOf(plan)}\n`);
    if (seconds > slowest.seconds) slowest = { label: labelOf(plan), seconds };
    if (wrong.length > 0)
      failures.push(
        `${scenario.name}/${labelOf(plan)} (seed ${seed})\n${wrong.join('\n').replace(/^/gm, '    ')}`,
      );
  }
  return {
    scenario: scenario.name,
    plans: chosen.length,
    passed: chosen.length - failures.length,
    unstable: unstableOf(reference, again),
    failures,
    slowest,
  };
}

async function judge(
  cluster: Cluster,
  scenario: Scenario,
  seed: number,
  plan: Plan,
  reference: Run,
): Promise<readonly string[]> {
  try {
    const got = await run(cluster, scenario, seed, plan);
    const missed = got.struck ? [] : ['the plan never met its point; writes were:', ...got.writes];
    // After `kill-delete` there is nothing to compare: all must be gone, and no orphan stay.
    const differs = plan.kind === 'kill-delete' ? [] : compare(reference, got, plan.kind !== 'faults');
    return [...missed, ...differs, ...got.faults];
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

/** Under faults an answer may be lost whose effect the log cannot tell, so only the end counts. */
function compare(expected: Run, got: Run, effects = true): string[] {
  const end = difference(expected.end, got.end);
  const [before, after] = [expected.effects.join(', '), got.effects.join(', ')];
  return [
    ...(end === '' ? [] : [`end state differs:\n${end}`]),
    ...(effects && before !== after
      ? [`Azure carried out: ${after || 'nothing'}; expected: ${before || 'nothing'}`]
      : []),
  ];
}

function plansOf(scenario: Scenario, a: Run, b: Run, seed: number, schedules: number): Plan[] {
  const writes = a.writes.filter((each) => b.writes.includes(each));
  const events = a.events.filter((each) => b.events.includes(each));
  const controlled = scenario.steps.some((step) => step.do === 'controller');
  return [
    ...writes.flatMap((at): readonly Plan[] => [
      { kind: 'kill-before', at },
      { kind: 'kill-after', at },
      // A late DELETE cannot be told from one that came in time, and Azure has no precondition against it.
      ...(/^(PUT|PATCH) arm:/.test(at) && !scenario.outlives?.at.test(at)
        ? [{ kind: 'kill-late', at } as const]
        : []),
      ...(at.includes(' arm:') ? [{ kind: 'kill-delete', at } as const] : []),
      // Where the scenario itself stops the controller there is nobody to hand over.
      ...(controlled ? [] : [{ kind: 'handover', at } as const]),
    ]),
    ...events.map((at): Plan => ({ kind: 'hidden', at })),
    ...(events.length > 0 ? [{ kind: 'doubled' } satisfies Plan] : []),
    ...scenario.steps.flatMap((step, index): Plan[] =>
      isChange(step) && !controlled ? [{ kind: 'stale', step: index }] : [],
    ),
    ...Array.from(
      { length: schedules },
      (_, index): Plan => ({
        kind: 'faults',
        schedule: drawFaults(seed * 1_000 + index),
      }),
    ),
  ];
}

function unstableOf(a: Run, b: Run): string[] {
  return [
    ...a.writes.filter((each) => !b.writes.includes(each)),
    ...b.writes.filter((each) => !a.writes.includes(each)),
  ];
}

export function labelOf(plan: Plan): string {
  switch (plan.kind) {
    case 'kill-before':
    case 'kill-after':
    case 'kill-late':
    case 'kill-delete':
    case 'handover':
    case 'hidden':
      return `${plan.kind} ${plan.at}`;
    case 'doubled':
      return plan.kind;
    case 'stale':
      return `stale from step ${plan.step}`;
    case 'faults':
      return `faults ${plan.schedule.seed}`;
  }
}
