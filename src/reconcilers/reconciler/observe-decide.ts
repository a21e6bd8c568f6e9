import type { ManagedObject } from '../../api/schema/common.ts';
import type { Decision, FailedAction } from '../decision.ts';
import type { Kind, ReconcileContext } from '../kind.ts';
import { LiveReads } from '../live-reads.ts';

export interface Decided<Facts, Made> {
  readonly facts: Facts;
  readonly decision: Made;
}

/**
 * Decides from caches where they will do, and anew from Azure's own word wherever the decision would rest on them: once for
 * all kinds, so that no kind decides while it observes.
 *
 * @param beforeLive called before Azure is read for a decision; what it throws ends this
 */
export async function observeAndDecide<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
  Made extends Decision<Action, Status>,
>(
  kind: Pick<Kind<T, Facts, Action, Status, Made>, 'observe' | 'decide'>,
  object: T,
  context: ReconcileContext,
  failed?: FailedAction<Action>,
  beforeLive?: (decision: Made) => Promise<void>,
): Promise<Decided<Facts, Made>> {
  const live = new LiveReads();
  for (;;) {
    const facts = await kind.observe(object, context, live);
    // What failed may be different by now, so what is to be read live is asked for as if it had not failed; and what
    // is decided in its place rests on live reads as well.
    const wanted = kind.decide(object, facts);
    if (live.want(wanted.needsLive ?? [])) {
      await beforeLive?.(wanted);
      continue;
    }
    if (!failed) return { facts, decision: wanted };
    const decision = kind.decide(object, facts, failed);
    if (live.want(decision.needsLive ?? [])) continue;
    return { facts, decision };
  }
}
