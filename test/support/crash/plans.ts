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

/** Of so many plans of one kind at writes to Azure a sample holds one, and of one kind no more than `most`: a scenario's writes resemble each other. */
const AT_AZURE = { oneIn: 5, most: 2 };
/** Of the kinds of all other plans it holds so many, each once. */
const OTHER_KINDS = 2;
/** Where fewer writes go to Azure there are more of the others, up to so many plans in all. A long scenario, whose plans take seconds, has no more. */
const AT_LEAST = 5;

/**
 * What an everyday run carries out of a scenario: each kind of plan at a write to Azure, and two kinds of others, drawn for each scenario by
 * itself. All kinds have their turn in one run, since there are dozens of scenarios; every plan has it in `npm run test:matrix`.
 */
export function sampled(
  plans: readonly Plan[],
  { name, long = false }: Pick<Scenario, 'name' | 'long'>,
  seed: number,
): readonly Plan[] {
  const random = seeded([...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, seed));
  // By lot: whoever comes first is taken first.
  const lots = plans.map((plan) => ({ plan, lot: random() })).sort((a, b) => a.lot - b.lot);
  const ranked = lots.map(({ plan }) => plan);
  if (long) return inOrder(plans, oneOfAKind(ranked, random).slice(0, AT_LEAST));
  const atAzure = [...Map.groupBy(ranked.filter(isAtAzure), ({ kind }) => kind).values()].flatMap((same) =>
    same.slice(0, Math.min(Math.ceil(same.length / AT_AZURE.oneIn), AT_AZURE.most)),
  );
  const others = oneOfAKind(
    ranked.filter((plan) => !isAtAzure(plan)),
    random,
  );
  return inOrder(plans, [...atAzure, ...others.slice(0, Math.max(OTHER_KINDS, AT_LEAST - atAzure.length))]);
}

/** The first of each kind; the kinds by lot, not by which has the most plans. */
function oneOfAKind(ranked: readonly Plan[], random: () => number): readonly Plan[] {
  const firsts = [...Map.groupBy(ranked, ({ kind }) => kind).values()].flatMap(([first]) => first ?? []);
  const lots = firsts.map((plan) => ({ plan, lot: random() })).sort((a, b) => a.lot - b.lot);
  return lots.map(({ plan }) => plan);
}

function inOrder(plans: readonly Plan[], drawn: readonly Plan[]): readonly Plan[] {
  const kept = new Set(drawn);
  return plans.filter((plan) => kept.has(plan));
}
