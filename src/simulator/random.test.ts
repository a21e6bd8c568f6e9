import { expect, test } from 'vitest';
import { Knobs } from './knobs/knobs.ts';
import { createRandom, draw } from './random.ts';

test('a seed gives one sequence, another seed another', () => {
  const three = (seed: number) => {
    const random = createRandom(seed);
    return [random.next(), random.uuid(), random.next()];
  };
  expect(three(1)).toEqual(three(1));
  expect(three(1)).not.toEqual(three(2));
});

test('UUIDs are of version 4', () => {
  expect(createRandom(5).uuid()).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

test('a spread stays in its bounds, and a share of it is zero', () => {
  const random = createRandom(3);
  const drawn = Array.from({ length: 1000 }, () => draw({ min: 10, max: 20, share: 0.3 }, random));
  const hit = drawn.filter((value) => value > 0);
  expect(Math.min(...hit)).toBeGreaterThanOrEqual(10);
  expect(Math.max(...hit)).toBeLessThan(20);
  expect(hit.length).toBeGreaterThan(200);
  expect(hit.length).toBeLessThan(400);
  expect(draw(7, random)).toBe(7);
});

test('latency is by operation, else the default', () => {
  const knobs = new Knobs('honest', createRandom(1));
  expect(knobs.latencyMs('identities.createOrUpdate')).toBe(1200);
  expect(knobs.latencyMs('something.else')).toBeGreaterThanOrEqual(30);
  knobs.set({ latencyMs: { default: 5 } });
  expect(knobs.latencyMs('something.else')).toBe(5);
  expect(knobs.latencyMs('identities.createOrUpdate')).toBe(1200);
});
