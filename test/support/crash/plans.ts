import type { Clock } from '../../../src/runtime/time/clock.ts';
import { drawFaults } from './fault-schedule.ts';
import { isChange, type Plan, type Run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { seeded } from './seeded.ts';

/** Every plan of a scenario, from the writes and events that both undisturbed runs have. */
export function plansOf(scenario: Scenario, a: Run, b: Run, seed: number, schedules: number): Plan[] {
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
    case 'random-kills':
      return `${plan.kind} ${plan.seed}`;
    case 'stale':
      return `stale from step ${plan.step}`;
    case 'faults':
      return `faults ${plan.schedule.seed}`;
  }
}

/** Whether the plan strikes at a write to Azure. */
export function isAtAzure(plan: Plan): boolean {
  return 'at' in plan && plan.at.includes(' arm:');
}

/** Of so many plans of one kind at writes to Kubernetes, or at watch events, a sample holds one. */
const ONE_IN = 6;
/** And of a long scenario no more than this: its writes resemble each other. */
const MOST_OF_A_KIND = 3;

/** The seed of today's sample: the same for everybody on one day, and in time every plan has its turn. */
export function sampleOfToday(clock: Clock): number {
  return Number(new Date(clock.now()).toISOString().slice(0, 10).replaceAll('-', ''));
}

/** So many plans of a scenario whose plans take seconds, each of another kind. */
const MOST_OF_LONG = 5;

/**
 * What an everyday run carries out: all that strikes at a write to Azure or at none, and a sixth of the others, drawn
 * for each scenario by itself; of each kind at least one and at most three. Of a long scenario five in all.
 */
export function sampled(
  plans: readonly Plan[],
  { name, long = false }: Pick<Scenario, 'name' | 'long'>,
  seed: number,
): readonly Plan[] {
  const random = seeded([...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, seed));
  if (long) return oneOfAKind(plans, random);
  const drawable = plans.filter((plan) => 'at' in plan && !isAtAzure(plan));
  const kinds = [...Map.groupBy(drawable, ({ kind }) => kind).values()];
  const left = new Set(
    kinds.flatMap((same) => {
      const order = same.map((plan) => ({ plan, rank: random() })).sort((a, b) => a.rank - b.rank);
      return order.slice(Math.min(Math.ceil(same.length / ONE_IN), MOST_OF_A_KIND)).map(({ plan }) => plan);
    }),
  );
  return plans.filter((plan) => !left.has(plan));
}

function oneOfAKind(plans: readonly Plan[], random: () => number): readonly Plan[] {
  const ranked = plans.map((plan) => ({ plan, rank: random() })).sort((a, b) => a.rank - b.rank);
  const firsts = [...Map.groupBy(ranked, ({ plan }) => plan.kind).values()].flatMap(([first]) => first ?? []);
  // By lot, not by whose kind has the most plans.
  const drawn = firsts.map((each) => ({ ...each, rank: random() })).sort((a, b) => a.rank - b.rank);
  const kept = new Set(drawn.slice(0, MOST_OF_LONG).map(({ plan }) => plan));
  return plans.filter((plan) => kept.has(plan));
}
