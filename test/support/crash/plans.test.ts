import { expect, it } from 'vitest';
import { isAtAzure, labelOf, sampled } from './plans.ts';
import type { Plan } from './run.ts';

const WRITES = [
  'PUT arm:web #1',
  'DELETE arm:web #1',
  'POST configmaps #1',
  'PATCH userassignedidentities/web #1',
];
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

it('a sample holds every plan at Azure and every one without a point, and a sixth of each other kind', () => {
  const sample = sampled(plans, create, 1);
  const certain = plans.filter((plan) => isAtAzure(plan) || !('at' in plan));
  expect(sample).toEqual(expect.arrayContaining(certain));
  const others = sample.filter((plan) => !certain.includes(plan)).map(({ kind }) => kind);
  expect(others.sort()).toEqual(['handover', 'hidden', 'hidden', 'kill-after', 'kill-before']);
});

it('the same seed draws the same, for each scenario by itself, and in time every plan has its turn', () => {
  expect(drawn(7)).toEqual(drawn(7));
  const days = Array.from({ length: 40 }, (_, day) => 20261101 + day);
  expect(new Set(days.flatMap(drawn))).toEqual(new Set(plans.map(labelOf)));
  const elsewhere = days.map((day) => sampled(plans, { name: 'delete' }, day).map(labelOf).join());
  expect(elsewhere).not.toEqual(days.map((day) => drawn(day).join()));
});

it('of a scenario whose plans take seconds it holds five, each of another kind, and in time every plan', () => {
  const long = { name: 'wait', long: true } as const;
  const days = Array.from({ length: 400 }, (_, day) => sampled(plans, long, 20261101 + day));
  for (const day of days) expect(new Set(day.map(({ kind }) => kind)).size).toBe(5);
  expect(days.every((day) => day.length === 5)).toBe(true);
  expect(new Set(days.flat().map(labelOf))).toEqual(new Set(plans.map(labelOf)));
});
