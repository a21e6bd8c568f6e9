import type { CommonAction } from '../decision.ts';
import { type EnsureHostDeps, ensureHosts } from '../hosts/ensure-hosts.ts';
import type { Performed } from '../kind.ts';
import type { Action, OwnStatus } from './facts.ts';

export type PerformDeps = EnsureHostDeps;

export async function perform(
  { hostIds }: Exclude<Action, CommonAction<OwnStatus>>,
  { signal }: { readonly signal: AbortSignal },
  deps: PerformDeps,
): Promise<Performed> {
  await ensureHosts(hostIds, deps, signal);
  return {};
}
