import { expect, it } from 'vitest';
import { AZURE_LIMITS } from '../../azure/limits.ts';
import { limitsOf } from './azure.ts';

const shard = { name: 'blue', count: 3, leaseName: 'azid' };

it('each of several shards takes an equal part of what one azid takes, and of nothing else', () => {
  expect(limitsOf({ shard })).toEqual({ ...AZURE_LIMITS, share: AZURE_LIMITS.share / 3 });
  expect(limitsOf({ shard, limits: { ...AZURE_LIMITS, share: 0.6 } })?.share).toBeCloseTo(0.2);
});

it('one without shards has them all', () => {
  expect(limitsOf({})).toBeUndefined();
});
