import type { FrameAction } from '../decision.ts';
import type { Turn, Turns } from '../hosts/claims/turns.ts';
import { ensureHosts, type HostHands } from '../hosts/ensure-hosts.ts';
import type { Performed } from '../kind.ts';
import type { Action, IdentityAttachment, OwnStatus } from './facts.ts';

export interface Hands extends HostHands {
  readonly turns: Pick<Turns, 'set'>;
  readonly given: Map<string, Turn>;
}

export async function perform(
  action: Exclude<Action, FrameAction<OwnStatus>>,
  { metadata: { uid } }: IdentityAttachment,
  { signal }: { readonly signal: AbortSignal },
  hands: Hands,
): Promise<Performed> {
  switch (action.type) {
    case 'ensureHosts':
      await ensureHosts(action.hostIds, hands, signal);
      return {};
    case 'giveTurn':
      hands.given.set(uid, action.turn);
      hands.turns.set(uid, action.turn);
      return {};
  }
}
