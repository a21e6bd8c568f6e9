import { AZURE_LIMITS, type Limits } from '../../azure/limits.ts';
import type { OperatorOptions } from '../options.ts';

/** Several shards are one caller to Azure: none may take for its own what all have. */
export function limitsOf({ limits, shard }: Pick<OperatorOptions, 'limits' | 'shard'>): Limits | undefined {
  if (!shard) return limits;
  const { share, ...rest } = limits ?? AZURE_LIMITS;
  return { ...rest, share: share / shard.count };
}
