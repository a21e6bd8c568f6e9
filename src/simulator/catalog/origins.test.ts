import { expect, test } from 'vitest';
import { startHostStage } from '../hosts/stage.fixture.ts';
import { originOf, saidOrigins } from './origins.ts';

test('every operation says where its answer is known from, and nothing else does', async () => {
  await using stage = await startHostStage();
  const ids = stage.simulator.operations().map(({ id }) => id);
  expect(ids.filter((id) => originOf(id) === undefined)).toEqual([]);
  expect(saidOrigins().filter((id) => !ids.includes(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});
