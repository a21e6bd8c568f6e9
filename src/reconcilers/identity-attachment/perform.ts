import type { CommonAction } from '../decision.ts';
import type { Turn, Turns } from '../hosts/claims/turns.ts';
import { type EnsureHostDeps, ensureHosts } from '../hosts/ensure-hosts.ts';
import type { Performed } from '../kind.ts';
import type { Action, IdentityAttachment, OwnStatus } from './facts.ts';

export interface PerformDeps extends EnsureHostDeps {
  readonly turns: Pick<Turns, 'set'>;
  readonly given: Map<string, Turn>;
}

export async function perform(
  action: Exclude<Action, CommonAction<OwnStatus>>,
  { metadata: { uid } }: IdentityAttachment,
  { signal }: { readonly signal: AbortSignal },
  deps: PerformDeps,
): Promise<Performed> {
  switch (action.type) {
    case 'ensureHosts':
      await ensureHosts(action.hostIds, deps, signal);
      return {};
    case 'giveTurn':
      deps.given.set(uid, action.turn);
      deps.turns.set(uid, action.turn);
      return {};
  }
}
