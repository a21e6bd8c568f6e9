import { expect, it } from 'vitest';
import { grants, grantsEnding, grantsFollowing } from '../../scenarios/grants.ts';
import { attaching, recycling } from '../../scenarios/hosts.ts';
import { life } from '../../scenarios/life.ts';
import { output } from '../../scenarios/output.ts';
import { ownership } from '../../scenarios/ownership.ts';
import { upkeep } from '../../scenarios/upkeep.ts';
import { drawFaults } from './fault-schedule.ts';
import { isAtAzure, labelOf, sampled } from './plans.ts';
import type { Plan } from './run.ts';

const WRITES = [
  'PUT arm:web #1',
  'DELETE arm:web #1',
  'POST configmaps #1',
  'PATCH userassignedidentities/web #1',
];
const scenarios = [
  ...[grants, grantsEnding, grantsFollowing, attaching, recycling],
  ...[life, output, ownership, upkeep],
].flat();
const plans: readonly Plan[] = [
  ...WRITES.flatMap((at): Plan[] => [
    { kind: 'kill-before', at },
    { kind: 'kill-after', at },
    { kind: 'handover', at },
  ]),
  { kind: 'kill-late', at: 'PUT arm:web #1' },
  ...Array.from({ length: 9 }, (_, n): Plan => ({ kind: 'hidden', at: `apply configmaps/web #${n}` })),
  { kind: 'doubled' },
  { kind: 'stale', step: 0 },
];
const create = { name: 'create' };
const drawn = (seed: number) => sampled(plans, create, seed).map(labelOf);
const days = Array.from({ length: 400 }, (_, day) => 20261101 + day);

it('a sample holds each kind of plan at Azure, one in five of it, and two kinds of others', () => {
  const sample = sampled(plans, create, 1);
  const [atAzure, others] = [sample.filter(isAtAzure), sample.filter((plan) => !isAtAzure(plan))];
  expect(atAzure.map(({ kind }) => kind).sort()).toEqual([
    'handover',
    'kill-after',
    'kill-before',
    'kill-late',
  ]);
  expect(new Set(others.map(({ kind }) => kind)).size).toBe(2);
  expect(others).toHaveLength(2);
  const many = Array.from({ length: 30 }, (_, n): Plan => ({ kind: 'kill-before', at: `PUT arm:web #${n}` }));
  expect([1, 5, 6, 30].map((length) => sampled(many.slice(0, length), create, 1).length)).toEqual([
    1, 1, 2, 2,
  ]);
});

it('where nothing is written to Azure it holds five kinds of others', () => {
  const elsewhere = plans.filter((plan) => !isAtAzure(plan));
  const kinds = sampled(elsewhere, create, 1).map(({ kind }) => kind);
  expect([kinds.length, new Set(kinds).size]).toEqual([5, 5]);
});

it('the same seed draws the same, for each scenario by itself, and in time every plan has its turn', () => {
  expect(drawn(7)).toEqual(drawn(7));
  expect(new Set(days.flatMap(drawn))).toEqual(new Set(plans.map(labelOf)));
  const elsewhere = days.map((day) => sampled(plans, { name: 'delete' }, day).map(labelOf).join());
  expect(elsewhere).not.toEqual(days.map((day) => drawn(day).join()));
});

it('the scenarios of one run have each kind of plan between them, several times', () => {
  const everyKind = [
    ...plans,
    { kind: 'kill-delete', at: 'PUT arm:web #1' } as const,
    { kind: 'faults', schedule: drawFaults(1) } as const,
  ];
  const each = scenarios.map((scenario) => sampled(everyKind, scenario, 1));
  const counts = Map.groupBy(each.flat(), (plan) => `${plan.kind}${isAtAzure(plan) ? ' at Azure' : ''}`);
  const seen = [...counts].map(([kind, { length }]) => `${kind}: ${length > 2 ? 'several' : length}`);
  expect(seen.sort()).toEqual(
    [
      ...['doubled', 'faults', 'handover', 'hidden', 'kill-after', 'kill-before', 'stale'],
      ...['handover', 'kill-after', 'kill-before', 'kill-delete', 'kill-late'].map(
        (kind) => `${kind} at Azure`,
      ),
    ]
      .map((kind) => `${kind}: several`)
      .sort(),
  );
});

it('of a scenario whose plans take seconds it holds five, each of another kind, and in time every plan', () => {
  const long = { name: 'wait', long: true } as const;
  const samples = days.map((day) => sampled(plans, long, day));
  for (const sample of samples) expect(new Set(sample.map(({ kind }) => kind)).size).toBe(5);
  expect(samples.every((sample) => sample.length === 5)).toBe(true);
  expect(new Set(samples.flat().map(labelOf))).toEqual(new Set(plans.map(labelOf)));
});
