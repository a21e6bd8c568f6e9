import type { ManagedObject } from '../../api/schema/common.ts';
import { splitKey } from '../../kube/types.ts';
import type { Reconcile, ReconcileRequest } from '../../runtime/controller/reconcile-request.ts';
import type { Outcome } from '../../runtime/outcome.ts';
import type { Tracer } from '../../runtime/trace.ts';
import type { Decision } from '../decision.ts';
import type { Kind } from '../kind.ts';

/** A trace for each reconcile. Its id stands on the lines of the log and in no other span: the one leads to the other. */
export function tracedReconcile(tracer: Tracer, kind: string, reconcile: Reconcile): Reconcile {
  return (request) =>
    tracer.run(
      `reconcile ${kind}`,
      { isRoot: true, attributes: attributesOf(kind, request) },
      async (span) => {
        const outcome = await reconcile(request);
        const reason = reasonOf(outcome);
        span.set({ 'azid.outcome': outcome.type, 'azid.reason': reason });
        if (outcome.type === 'retry' || outcome.type === 'stalled') span.fail(reason ?? outcome.type);
        return outcome;
      },
    );
}

function attributesOf(kind: string, { key, priority, attempt, reconcileId }: ReconcileRequest) {
  const { namespace, name } = splitKey(key);
  return {
    'azid.kind': kind,
    'azid.object.namespace': namespace,
    'azid.object.name': name,
    'azid.reconcile.id': reconcileId,
    'azid.priority': priority,
    'azid.attempt': attempt,
  };
}

function reasonOf(outcome: Outcome): string | undefined {
  if ('reason' in outcome) return outcome.reason;
  return 'why' in outcome ? outcome.why : undefined;
}

/** Observing and each action as parts of the reconcile; a decision, which takes no time, as a moment in it. */
export function tracedKind<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
  Made extends Decision<Action, Status>,
>(tracer: Tracer, kind: Kind<T, Facts, Action, Status, Made>): Kind<T, Facts, Action, Status, Made> {
  return {
    ...kind,
    observe: (object, context, live) => tracer.run('observe', {}, () => kind.observe(object, context, live)),
    decide: (object, facts, failed) => {
      const decision = kind.decide(object, facts, failed);
      const actions = decision.actions.map(({ type }) => type).join(' ');
      const { state } = decision.summary;
      const needsLive = decision.needsLive?.length ?? 0;
      tracer.event('decided', {
        'azid.state': state,
        'azid.actions': actions,
        'azid.needs_live': needsLive > 0,
      });
      return decision;
    },
    perform: (action, object, context) =>
      tracer.run(`perform ${action.type}`, {}, () => kind.perform(action, object, context)),
  };
}
